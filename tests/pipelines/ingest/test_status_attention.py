"""The verdict and the sentences about what needs attention."""

from typing import Any

from pipelines.ingest.bands import LateMetrics
from pipelines.ingest.status import TableStatus, WarehouseStatus
from pipelines.ingest.status_attention import attention, lateness, verdict
from pipelines.times import DAY, HOUR, MINUTE
from pipelines.warehouse.set_aside import SetAside
from pipelines.workspace import WorkspaceRecord
from sources.customerio.extract import Window

NOW = 1_790_000_000
TARGET_S = 2 * HOUR


def _table(name: str, **changed: Any) -> TableStatus:
    """A table that was read a minute ago, but for what is changed."""
    fresh = {
        "rows": 10,
        "deleted": 0,
        "newest": None,
        "last_run": NOW - MINUTE,
        "last_success": NOW - MINUTE,
        "error": None,
        "lag_s": MINUTE,
        "target_s": TARGET_S,
    }
    return TableStatus(table=name, **{**fresh, **changed})


def _status(*tables: TableStatus, **changed: Any) -> WarehouseStatus:
    given = {
        "workspace": WorkspaceRecord(id=7, name="Acme"),
        "last_run_s": 3 * MINUTE,
        "set_aside": [],
        "late_metrics": None,
    }
    return WarehouseStatus(tables=list(tables), **{**given, **changed})


def test_a_fresh_warehouse_needs_nothing() -> None:
    """The verdict has tables, late ones, gaps, the last run and the workspace; no sentence follows."""
    status = _status(_table("people"), _table("segments"))

    assert "2 tables, none late, no gaps, last run 3 min ago, workspace 7 (Acme)." == verdict(status)
    assert [] == attention(status)


def test_an_empty_warehouse_has_a_verdict() -> None:
    """Without a table and a run the verdict says so."""
    status = _status(workspace=WorkspaceRecord(), last_run_s=None)

    assert "0 tables, none late, no gaps, no run yet, workspace not known yet." == verdict(status)


def test_each_matter_is_counted_and_has_a_sentence() -> None:
    """Late tables, gaps, errors, rejected records and packages come in this order."""
    status = _status(
        _table("people", lag_s=3 * HOUR),
        _table("messages", gaps=[Window(start=NOW - DAY, end=NOW - DAY + HOUR - 1)]),
        _table("segments", error="Held back."),
        _table("objects", rejected=1_200),
        set_aside=[SetAside(load_id="1", folder="/data/set_aside/1", reason="It could not be loaded.")],
    )

    assert "4 tables, 1 late, gaps in 1, 1 not complete, last run 3 min ago, workspace 7 (Acme)." == verdict(
        status
    )
    late, gap, error, rejected, package = attention(status)
    assert "people is 3 h behind; the target is 2 h. Run `cio-elt sync`." == late
    assert gap.startswith("messages lacks 1 h in 1 gap(s)")
    assert "The last sync of segments was not complete: Held back." == error
    assert rejected.startswith(
        "The last sync set 1,200 record(s) aside that could not be rows: objects (1,200)."
    )
    assert "/data/set_aside/1: It could not be loaded." == package


def test_tables_that_share_a_problem_share_a_sentence() -> None:
    """Nine late tables are one sentence with the first six names, and one error is told once."""
    names = [f"table_{number}" for number in range(8)]
    tables = [_table(name, lag_s=5 * HOUR, error="The host does not answer.") for name in names]
    status = _status(*tables, _table("new", lag_s=None))

    late, error = attention(status)

    first = ", ".join(names[:6])
    assert (
        "9 tables are late, up to 5 h behind, 1 never read to the end; the target is 2 h: "
        f"{first} and 3 more. Run `cio-elt sync`."
    ) == late
    assert f"The last sync of {first} and 2 more was not complete: The host does not answer." == error


def test_a_lag_that_is_asked_for_takes_the_place_of_the_target() -> None:
    """With a lag of four hours, a table that is three hours behind is not late."""
    status = _status(_table("people", lag_s=3 * HOUR))

    assert ["1 late", "none late"] == [verdict(status, lag).split(", ")[1] for lag in (HOUR, 4 * HOUR)]
    assert [] == attention(status, 4 * HOUR)


def test_late_metrics_are_a_share_and_a_delay() -> None:
    """Without any, there is no sentence."""
    assert "" == lateness(_status()) == lateness(_status(late_metrics=LateMetrics(seen=0)))

    found = LateMetrics(seen=200, found=0.995, delay_s=15 * HOUR)

    assert "syncs find 99.5%, 15 h after they came on the mean" in lateness(_status(late_metrics=found))
