"""Reconciliation: a correct warehouse matches, errors are mismatches, and later changes are explained."""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pytest

from pipelines.erase import erase
from pipelines.reconcile import Cell, Reconciliation, reconcile
from pipelines.times import DAY, HOUR
from pipelines.warehouse.publish import publish
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following
from tests.pipelines.conftest import Shell
from tests.postgres import cluster

READ = (
    "campaigns",
    "broadcasts",
    "newsletters",
    "messages",
    "segments",
    "segment_memberships",
    "people",
    "activities",
    "workspaces",
    "exports",
    "exported_people",
    "exported_deliveries",
)
EASTERN = ZoneInfo("America/New_York")
PARENTS = {
    "campaign": ("campaign_id", ZoneInfo("UTC")),
    "broadcast": ("broadcast_id", EASTERN),
    "newsletter": ("newsletter_id", EASTERN),
    "transactional": ("transactional_message_id", EASTERN),
}
# Metrics without a series: a second click's delivery, replies; the series of `dropped` is `suppressed`.
UNCOUNTED = {"secondary:delivered", "replied"}


def checked(warehouse: Warehouse, number: int = 45) -> Reconciliation:
    """A reconciliation of that many days, with all senders."""
    return reconcile(warehouse.settings, number=number, sample=1000)


def differing(
    result: Reconciliation, verdict: str
) -> set[tuple[str, int, date | None, str, int, int | None]]:
    """The cells of that verdict, without names and reasons."""
    return {_short(cell) for cell in result.cells if cell.verdict == verdict}


def _short(cell: Cell) -> tuple[str, int, date | None, str, int, int | None]:
    return (cell.subject, cell.parent_id, cell.cohort_day, cell.metric, cell.ours, cell.theirs)


def truth(sandbox: Sandbox, number: int) -> Counter[tuple[str, int, date, str]]:
    """Deliveries by parent, cohort day and series, counted from the workspace's own."""
    found: Counter[tuple[str, int, date, str]] = Counter()
    for row in sandbox.rows("messages"):
        subject, (column, zone) = next(
            (subject, how) for subject, how in PARENTS.items() if row[how[0]] is not None
        )
        day = datetime.fromtimestamp(row["created"], zone).date()
        today = datetime.fromtimestamp(sandbox.clock.now(), zone).date()
        if (today - day).days < number:
            names = {"suppressed" if name == "dropped" else name for name in row["metrics"]}
            counted = {name for name in names - UNCOUNTED if ":" not in name}  # of links, each has a number
            found.update((subject, row[column], day, name) for name in counted)
    return found


def alter(warehouse: Warehouse, statement: str) -> list[tuple[Any, ...]]:
    """Change the loaded warehouse by SQL, and publish it."""
    with duckdb.connect(warehouse.settings.load_file) as connection:
        rows = connection.execute(statement).fetchall()
    publish(warehouse.settings.load_file, warehouse.settings.published_file)
    return rows


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a warehouse right after a sync."""
    folder = tmp_path_factory.mktemp("filled") / "data"
    with following(Sandbox(scale="tiny"), folder) as warehouse:
        warehouse.sync(*READ)
    return folder


@pytest.fixture
def synced(filled: Path, sandbox: Sandbox, tmp_path: Path) -> Iterator[Warehouse]:
    """A copy of that warehouse, right after the sync; no time passes."""
    shutil.copytree(filled, tmp_path / "data")
    with following(sandbox, tmp_path / "data") as warehouse:
        yield warehouse


@pytest.fixture
def later(sandbox: Sandbox, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse that was synced a while after the workspace's counts were made."""
    sandbox.clock.advance(HOUR)
    with following(sandbox, tmp_path / "data") as warehouse:
        yield warehouse


@pytest.mark.proof
def test_a_correct_warehouse_matches(synced: Warehouse) -> None:
    """Every number of 45 days is Customer.io's, and the numbers are those of the workspace's deliveries."""
    result = checked(synced)

    assert {"match"} == {cell.verdict for cell in result.cells}
    found = {
        (cell.subject, cell.parent_id, cell.cohort_day, cell.metric): cell.ours
        for cell in result.cells
        if cell.cohort_day is not None
    }
    assert truth(synced.sandbox, 45) == found
    assert {"campaign", "broadcast", "newsletter", "transactional", "people", "segment", "export"} == {
        cell.subject for cell in result.cells
    }


@pytest.mark.proof
def test_exactly_the_errors_are_mismatches(synced: Warehouse) -> None:
    """A missing delivery, a missing metric and a missing member: exactly their numbers differ."""
    ((removed, campaign, created, metrics),) = alter(
        synced,
        """
        DELETE FROM customerio_raw.messages WHERE id = (
            SELECT min_by(id, created) FROM customerio_raw.messages
            WHERE campaign_id IS NOT NULL AND metrics ->> 'opened' IS NOT NULL AND created > 1790000000
        ) RETURNING id, campaign_id, created, json_keys(metrics)
        """,
    )
    ((altered, newsletter, sent_at),) = alter(
        synced,
        """
        UPDATE customerio_raw.messages
        SET metrics = json_merge_patch(metrics, '{"delivered": null}')
        WHERE id = (SELECT max_by(id, created) FROM customerio_raw.messages
                    WHERE newsletter_id IS NOT NULL AND metrics ->> 'delivered' IS NOT NULL)
        RETURNING id, newsletter_id, created
        """,
    )
    ((segment,),) = alter(
        synced,
        """
        UPDATE customerio_raw.segment_memberships SET deleted_at = 1792000000
        WHERE (segment_id, cio_id) = (
            SELECT (segment_id, cio_id) FROM customerio_raw.segment_memberships LIMIT 1
        ) RETURNING segment_id
        """,
    )
    result = checked(synced)

    day, sent = datetime.fromtimestamp(created, UTC).date(), datetime.fromtimestamp(sent_at, EASTERN).date()
    expected: set[tuple[Any, ...]] = {("campaign", campaign, day, name) for name in set(metrics) - UNCOUNTED}
    expected |= {("newsletter", newsletter, sent, "delivered"), ("segment", segment, None, "members")}
    assert expected == {short[:4] for short in differing(result, "mismatch")}
    assert set() == differing(result, "explained")
    assert all(cell.ours + 1 == cell.theirs for cell in result.mismatches)
    reasons = {cell.subject: cell.reason or "" for cell in result.mismatches}
    assert f"1 delivery is not in the warehouse: {removed}." == reasons["campaign"]
    assert f"1 delivery lacks it in the warehouse: {altered}." == reasons["newsletter"]
    assert "cio-elt sync segments segment_memberships" in reasons["segment"]


@pytest.mark.proof
def test_an_invented_metric_is_a_mismatch(synced: Warehouse) -> None:
    """A metric that the warehouse alone has is a mismatch too."""
    ((altered, campaign),) = alter(
        synced,
        """
        UPDATE customerio_raw.messages SET metrics = json_merge_patch(metrics, '{"spammed": 1791000000}')
        WHERE id = (SELECT max_by(id, created) FROM customerio_raw.messages
                    WHERE campaign_id IS NOT NULL AND metrics ->> 'spammed' IS NULL)
        RETURNING id, campaign_id
        """,
    )
    (cell,) = checked(synced).mismatches

    assert ("campaign", campaign, "spammed") == (cell.subject, cell.parent_id, cell.metric)
    assert f"1 delivery has it in the warehouse alone: {altered}." == cell.reason


@pytest.mark.proof
def test_changes_after_the_sync_are_explained(sandbox: Sandbox, tmp_path: Path) -> None:
    """Opens after the sync explain a difference; the next sync makes the numbers equal."""
    start, future = sandbox.clock.now(), Sandbox(scale="tiny")
    future.clock.advance(14 * DAY)
    opened_later = next(
        row
        for row in future.rows("messages")
        if row["created"] > start and row["metrics"].get("opened", 0) > row["created"] + HOUR
    )
    sandbox.clock.advance(opened_later["created"] + HOUR - start)
    with following(sandbox, tmp_path / "data") as warehouse:
        warehouse.sync(*READ)
        sandbox.clock.advance(14 * DAY)
        before = checked(warehouse)

        assert [] == before.mismatches
        assert truth(sandbox, 45) == {
            (cell.subject, cell.parent_id, cell.cohort_day, cell.metric): cell.theirs
            for cell in before.cells
            if cell.cohort_day is not None
        }
        opens = " ".join(str(cell.reason) for cell in before.cells if cell.metric == "opened")
        assert "1 came after the last read, at 2026-10-" in opens
        assert "are of a time that no sync has read yet" in opens

        warehouse.sync(*READ)
        assert {"match"} == {cell.verdict for cell in checked(warehouse, 7).cells}


@pytest.mark.proof
def test_later_changes_do_not_hide_a_mismatch(synced: Warehouse) -> None:
    """A delivery that was lost before the sync stays a mismatch days later."""
    ((removed,),) = alter(
        synced,
        """
        DELETE FROM customerio_raw.messages WHERE id = (
            SELECT max_by(id, created) FROM customerio_raw.messages
            WHERE campaign_id IS NOT NULL AND metrics ->> 'sent' IS NOT NULL
        ) RETURNING id
        """,
    )
    synced.sandbox.clock.advance(2 * DAY)
    found = [cell for cell in checked(synced).mismatches if cell.metric == "sent"]

    assert [f"1 delivery is not in the warehouse: {removed}."] == [cell.reason for cell in found]


@pytest.mark.proof
def test_erased_people_are_explained_and_hide_no_mismatch(synced: Warehouse) -> None:
    """Their deliveries, memberships and rows of exports are explained; another's lost delivery is named."""
    ((person, campaign, day),) = synced.query(
        """
        SELECT any_value(customer_identifiers->>'cio_id' ORDER BY id), campaign_id, max(created) // 86400
        FROM customerio_raw.messages AS m
        WHERE campaign_id IS NOT NULL AND metrics ->> 'sent' IS NOT NULL
          AND customer_identifiers->>'cio_id' IN (SELECT cio_id FROM customerio_raw.segment_memberships)
          AND customer_identifiers->>'cio_id' IN (
              SELECT cio_id FROM customerio_raw.people WHERE deleted_at IS NULL)
        GROUP BY campaign_id, created // 86400
        HAVING count(DISTINCT customer_identifiers->>'cio_id') > 1 ORDER BY 3 DESC, 2 LIMIT 1
        """
    )
    erase(synced.settings, [("cio_id", person)], really=True)
    result = checked(synced)
    explained = {cell.subject: cell.reason or "" for cell in result.cells if cell.verdict == "explained"}

    assert [] == result.mismatches
    assert {"campaign", "people", "segment"} <= explained.keys()
    assert "went to people who were erased here." in explained["campaign"]
    assert "People who were erased here are left out" in explained["people"]

    ((lost,),) = alter(
        synced,
        f"""
        DELETE FROM customerio_raw.messages WHERE id = (
            SELECT min(id) FROM customerio_raw.messages
            WHERE campaign_id = {campaign} AND created // 86400 = {day} AND metrics ->> 'sent' IS NOT NULL
        ) RETURNING id
        """,
    )
    named = {cell.reason for cell in checked(synced).mismatches if cell.metric == "sent"}
    assert {f"1 delivery is not in the warehouse: {lost}."} == named


@pytest.mark.proof
def test_a_stale_count_of_people_is_explained(later: Warehouse) -> None:
    """Customer.io's count is up to two hours old: newer people are in the warehouse alone."""
    later.sync(*READ)
    exact = checked(later, 1)
    later.sandbox.add("people", email="new@example.com")
    later.sync(*READ)
    (people,) = (cell for cell in checked(later, 1).cells if cell.subject == "people")

    assert {"match"} == {cell.verdict for cell in exact.cells if cell.subject == "people"}
    assert ("explained", 1) == (people.verdict, people.ours - (people.theirs or 0))
    assert "may be two hours old; since then 1 people came and 0 went" in (people.reason or "")

    alter(later, "UPDATE customerio_raw.people SET deleted_at = 1 WHERE deleted_at IS NULL AND id = '00000'")
    alter(later, "UPDATE customerio_raw.people SET deleted_at = 1 WHERE identifiers ->> 'id' = 'user-1'")
    (people,) = checked(later, 1).mismatches
    assert "people" == people.subject


@pytest.mark.proof
def test_a_segment_read_long_ago_is_explained(synced: Warehouse) -> None:
    """A member that joined after the read is a mismatch right after it, and explained an hour later."""
    listed = [row["id"] for row in synced.sandbox.rows("segments") if row["type"] == "manual"]
    person = synced.sandbox.add("people", email="new@example.com")
    synced.sandbox.join_segment(listed[0], person)
    (at_once,) = (cell for cell in checked(synced, 1).mismatches if cell.parent_id == listed[0])
    synced.sandbox.clock.advance(HOUR)
    (an_hour_later,) = (
        cell for cell in checked(synced, 1).cells if (cell.subject, cell.parent_id) == ("segment", listed[0])
    )

    assert "The table was read a moment ago" in (at_once.reason or "")
    assert "explained" == an_hour_later.verdict
    # The client's clock runs on between two responses, so the read may be noted some seconds later.
    assert re.search(r"The table was read (1 h|59 min .*) ago", an_hour_later.reason or "")


def test_a_deleted_campaign_is_explained(synced: Warehouse) -> None:
    """A campaign that was deleted in Customer.io has no metrics there; the warehouse keeps its messages."""
    ((campaign,),) = synced.query(
        "SELECT campaign_id FROM customerio_raw.messages WHERE campaign_id IS NOT NULL "
        "ORDER BY created DESC LIMIT 1"
    )
    synced.sandbox.delete("campaigns", campaign)
    cells = [
        cell for cell in checked(synced).cells if (cell.subject, cell.parent_id) == ("campaign", campaign)
    ]

    assert cells
    assert {("explained", None)} == {(cell.verdict, cell.theirs) for cell in cells}
    assert {"It was deleted in Customer.io; the warehouse keeps its messages."} == {
        cell.reason for cell in cells
    }


def test_an_export_is_counted(synced: Warehouse) -> None:
    """A missing row of a loaded export is a mismatch; the reason has the command that loads it again."""
    ((export,),) = alter(
        synced, "DELETE FROM customerio_raw.exported_people WHERE row_number = 1 RETURNING export_id"
    )
    (cell,) = checked(synced, 1).mismatches

    assert ("export", export, "rows") == (cell.subject, cell.parent_id, cell.metric)
    assert "cio-elt sync --full exports exported_" in (cell.reason or "")


@pytest.mark.proof
def test_the_table_has_each_number_once(synced: Warehouse) -> None:
    """After two checks, the table has each number once, with its last verdict."""
    checked(synced, 7)
    synced.sandbox.clock.advance(HOUR)
    result = checked(synced, 7)

    rows = synced.query(
        "SELECT subject, parent_id, cohort_day, metric, ours, theirs FROM customerio_raw.reconciliation "
        f"WHERE checked_at = {result.checked_at}"
    )
    assert sorted(map(str, rows)) == sorted(str(_short(cell)) for cell in result.cells)
    assert [(0,)] == synced.query(
        "SELECT count(*) - count(DISTINCT (subject, parent_id, cohort_day, metric)) "
        "FROM customerio_raw.reconciliation"
    )


@pytest.mark.proof
def test_a_sample_takes_turns(synced: Warehouse) -> None:
    """With a sample of two, at most two of each are compared, and other days compare others."""
    first = reconcile(synced.settings, number=45, sample=2)
    chosen = {(cell.subject, cell.parent_id) for cell in first.cells}
    assert max(Counter(subject for subject, _ in chosen if subject != "export").values()) == 2
    assert first.left_out["segment"] == 6

    seen = set(chosen)
    for _ in range(3):
        synced.sandbox.clock.advance(DAY)
        result = reconcile(synced.settings, number=45, sample=2)
        seen |= {(cell.subject, cell.parent_id) for cell in result.cells}
    assert len([subject for subject, _ in seen if subject == "segment"]) > 3


@pytest.mark.proof
def test_the_command_ends_with_1_for_a_mismatch(shell: Shell) -> None:
    """Without a mismatch it ends with 0 and a summary; with one it ends with 1, and the document has it."""
    synced = shell.run("sync", "campaigns", "messages", "segments", "segment_memberships")
    assert 0 == synced.code, synced.err
    clean = shell.run("reconcile", "--days", "30")
    assert 0 == clean.code, clean.err
    assert "campaign" in clean.out
    assert "numbers compared at 2026-10-15 10:00 UTC" in clean.out

    with duckdb.connect(shell.data / "load.duckdb") as connection:
        connection.execute(
            "DELETE FROM customerio_raw.segment_memberships WHERE (segment_id, cio_id) = "
            "(SELECT (min(segment_id), min(cio_id)) FROM customerio_raw.segment_memberships)"
        )
    assert 0 == shell.run("publish").code
    damaged = shell.run("reconcile", "--json")
    assert 1 == damaged.code
    wrong = [cell for cell in damaged.document["cells"] if cell["verdict"] == "mismatch"]
    assert [("segment", 1)] == [(cell["subject"], cell["parent_id"]) for cell in wrong]


@pytest.mark.proof
def test_a_server_is_compared_too(shell: Shell) -> None:
    """In PostgreSQL the same numbers match, and mismatches are stored there."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder, cluster(Path(folder)) as url:
        shell.env |= {"CIO_ELT_DESTINATION": "postgres", "DESTINATION__POSTGRES__CREDENTIALS": url}
        assert 0 == shell.run("sync", *READ).code
        clean = shell.run("reconcile", "--days", "45", "--sample", "1000", "--json")
        assert 0 == clean.code, clean.err
        assert {"match"} == {cell["verdict"] for cell in clean.document["cells"]}
        with psycopg.connect(url) as connection:
            connection.execute(
                "DELETE FROM customerio_raw.messages WHERE id = (SELECT id FROM customerio_raw.messages "
                "WHERE campaign_id IS NOT NULL AND metrics ->> 'sent' IS NOT NULL "
                "ORDER BY created DESC LIMIT 1)"
            )
        damaged = shell.run("reconcile", "--days", "45", "--sample", "1000", "--json")
        with psycopg.connect(url) as connection:
            noted = connection.execute(
                "SELECT metric, ours, theirs FROM customerio_raw.reconciliation WHERE verdict = 'mismatch'"
            ).fetchall()

    wrong = [cell for cell in damaged.document["cells"] if cell["verdict"] == "mismatch"]
    assert 1 == damaged.code
    assert "sent" in {cell["metric"] for cell in wrong}
    assert {(cell["metric"], cell["ours"], cell["theirs"]) for cell in wrong} == set(noted)


@pytest.mark.proof
def test_without_a_warehouse_the_next_step_is_named(shell: Shell) -> None:
    """`reconcile` and `publish` end with a message that names `cio-elt sync`."""
    shell.refused(shell.run("reconcile"), 2, "There is no warehouse", "cio-elt sync")
    shell.refused(shell.run("publish"), 2, "There is no warehouse", "cio-elt sync")
