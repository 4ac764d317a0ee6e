"""A sync of all tables leaves out parents whose rows cannot have changed, and finds every change in time."""

from typing import Any

import pytest

from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract import Options, RunSummary
from sources.customerio.extract.due import Due, ToldParents, is_swept
from sources.customerio.sandbox import Fault
from tests.conftest import without_nulls
from tests.sources.customerio.extract.conftest import Project

HOUR, DAY = 3600, 86_400
DUE = Options(due_only=True, deletion_share=1)
METRICS = tuple(row.table for row in RESOURCES if row.family == "metrics")
CONTENTS = ("campaigns", "campaign_actions", "newsletters", "newsletter_contents")
EVERYTHING = tuple(row.table for row in RESOURCES if not row.optional)


def _requests(project: Project) -> int:
    total = project.sandbox.stats.total
    project.sandbox.stats.clear()
    return total


def _due(state: dict[str, Any], parents: dict[int, Any], now: int, told: ToldParents | None = None) -> Due:
    row = resource("campaign_actions")
    return Due(row, state, parents, now=now, due_only=True, told=told or ToldParents())


def _read(due: Due) -> list[int]:
    due.finish()
    return list(due.whole)


def test_a_sweep_meets_each_name_once() -> None:
    """Over one sweep of hourly syncs, each parent is met exactly once, and few are met at a time."""
    met = {
        name: [now for now in range(0, DAY, HOUR) if is_swept(name, DAY, now, now + HOUR)]
        for name in "abcdefgh"
    }

    assert all(len(times) == 1 for times in met.values())
    assert len({time for (time,) in met.values()}) > 4


def test_all_are_due_at_first_and_after_a_reading_that_did_not_end() -> None:
    """Only a reading that came to its end lets the next one leave parents out."""
    state: dict[str, Any] = {}
    parents = {number: {"id": number} for number in range(3)}
    begun = _due(state, parents, now=HOUR)
    again = _due(state, parents, now=2 * HOUR)

    assert [0, 1, 2] == begun.whole == _read(again)
    assert [] == _due(state, parents, now=2 * HOUR).whole


def test_a_parent_is_due_if_it_is_new_or_its_row_differs() -> None:
    """The list of the parents tells of both; a parent that is listed no more is forgotten."""
    state: dict[str, Any] = {}
    _read(_due(state, {1: {"updated": 5}, 2: {"updated": 5}, 3: {"updated": 5}}, now=HOUR))

    due = _due(state, {1: {"updated": 5}, 2: {"updated": 6}, 4: {"updated": 5}}, now=HOUR + 1)

    assert [2, 4] == due.whole
    assert {1} == due.left_out
    assert {"1", "2"} == set(state["parents"])


def test_a_wrong_clock_leaves_nothing_out() -> None:
    """A time of the last sweep that is in the future tells nothing."""
    state: dict[str, Any] = {}
    _read(_due(state, {1: {}}, now=10 * DAY))

    assert [1] == _due(state, {1: {}}, now=DAY).whole


def _assert_current(project: Project, table: str) -> None:
    """Assert that all that Customer.io returns is held; days that it no longer returns stay."""
    row = resource(table)
    truth, held = without_nulls(project.truth(row)), without_nulls(project.rows(row))
    # Deliveries and activities cannot vanish, they only grow too old to be returned.
    beyond = [key for key in held.keys() - truth.keys() if row.tombstones and "days" not in key]
    assert truth == {key: held.get(key) for key in truth}, table
    assert [] == beyond, table


@pytest.mark.proof
def test_metrics_equal_customer_io_after_each_sync(project: Project) -> None:
    """Where nothing but deliveries changes, all series but the journeys' are the newest, at few requests."""
    tables = ("messages", *(table for table in METRICS if table != "campaign_journey_metrics"))
    project.run(*tables, options=DUE)
    whole = _requests(project)
    for _ in range(12):
        project.sandbox.clock.advance(5 * HOUR)
        project.run(*tables, options=DUE)
        assert _requests(project) < whole / 3
        for table in tables:
            _assert_current(project, table)


@pytest.mark.proof
def test_what_was_told_waits_for_its_reading(project: Project) -> None:
    """Deliveries that were read without the metrics tell of them at the next sync that reads them."""
    tables = ("messages", "campaign_metrics", "campaign_action_metrics")
    project.run(*tables, options=DUE)
    project.sandbox.clock.advance(5 * HOUR)
    project.run("messages", options=DUE)
    project.run(*tables, options=DUE)

    project.assert_equal(*tables)


@pytest.mark.proof
def test_a_parent_that_fails_is_due_again(project: Project) -> None:
    """After a failure all parents of the table are read, and what vanished meanwhile is deleted."""
    sandbox, tables = project.sandbox, ("campaigns", "campaign_actions")
    project.run(*tables, options=DUE)
    first, *_, last = [row["id"] for row in sandbox.rows("campaign_actions")]
    sandbox.delete("campaign_actions", first)
    campaign = next(row["campaign_id"] for row in sandbox.rows("campaign_actions") if row["id"] == last)
    sandbox.clock.advance(7 * DAY)
    path = {"campaign_id": campaign}
    sandbox.faults.add(Fault(operation="listCampaignActions", status=400, times=1, path=path))
    project.run(*tables, options=DUE, summary=RunSummary())
    project.run(*tables, options=DUE)

    project.assert_equal(*tables)


@pytest.mark.proof
def test_a_new_parent_a_changed_one_and_a_deleted_one_are_seen_at_once(project: Project) -> None:
    """The next sync has the children of a new newsletter, and tombstones below a deleted one."""
    sandbox = project.sandbox
    project.run(*CONTENTS, options=DUE)
    gone = next(iter(sandbox.rows("newsletters")))["id"]
    sandbox.delete("newsletters", gone)
    sandbox.clock.advance(60)
    _requests(project)
    project.run(*CONTENTS, options=DUE)

    project.assert_equal(*CONTENTS)
    assert _requests(project) < 12
    assert project.cells(
        f"SELECT min(deleted_at) > 0 FROM newsletter_contents WHERE newsletter_id = {gone}"
    ) == [(True,)]


def test_named_tables_are_read_whole(project: Project) -> None:
    """A run of the source that names its tables leaves nothing out."""
    project.run("campaigns", "campaign_actions")
    _requests(project)
    project.run("campaigns", "campaign_actions")

    assert _requests(project) > len(list(project.sandbox.rows("campaigns")))


@pytest.mark.proof
def test_a_day_of_hourly_syncs_is_as_true_as_reading_all(project: Project) -> None:
    """After a day of due readings, everything that is not left to a sweep equals Customer.io."""
    late = {"campaign_journey_metrics", "segment_counts", "segment_usage", "sender_usage", "esp_suppressions"}
    project.run(*EVERYTHING, options=DUE)
    for _ in range(8):
        project.sandbox.clock.advance(3 * HOUR)
        project.run(*EVERYTHING, options=DUE)

    for table in sorted({*EVERYTHING} - late):
        _assert_current(project, table)
    last = "SELECT segment_id, max_by(count, counted_at) FROM segment_counts GROUP BY 1 ORDER BY 1"
    members = "SELECT segment_id, count(*) FROM segment_memberships WHERE deleted_at IS NULL GROUP BY 1"
    counted = dict(project.cells(last))
    assert dict(project.cells(members)) == {segment: count for segment, count in counted.items() if count}
