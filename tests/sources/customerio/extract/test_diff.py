"""Only changed rows are written; they are found by comparison with the warehouse."""

from typing import Any

import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract import Batch, DestinationRows, ResourceSummary, RunSummary, Scope
from sources.customerio.extract.diff import Changes
from sources.customerio.sandbox import Fault
from tests.sources.customerio.extract.conftest import Project

NOW = 1_790_000_000


def _changes(table: str) -> tuple[Changes, ResourceSummary]:
    summary = ResourceSummary(resource=table)
    return Changes(resource(table), DestinationRows(), summary, lambda: NOW), summary


def test_without_a_warehouse_everything_is_new() -> None:
    """With a destination that is empty or cannot be queried, every row is new and none is deleted."""
    changes, summary = _changes("campaigns")
    batch = Batch(rows=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], last=True)

    [table] = changes.tables(batch)

    assert [1, 2] == table["id"].to_pylist()
    assert [NOW, NOW] == table["first_seen_at"].to_pylist()
    assert [None, None] == table["deleted_at"].to_pylist()
    assert (2, 0, 0) == (summary.new, summary.changed, summary.deleted)


@pytest.mark.parametrize("together", [True, False])
def test_a_row_that_comes_twice_is_written_once(together: bool) -> None:
    """Of a row that comes twice, on one page or on two pages of a list, the first one is written."""
    changes, summary = _changes("campaigns")
    rows: list[dict[str, Any]] = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 1, "name": "late"}]
    batches = [Batch(rows=rows)] if together else [Batch(rows=rows[:2]), Batch(rows=rows[2:])]

    tables = [table for batch in batches for table in changes.tables(batch)]

    assert [(1, "a"), (2, "b")] == [(row["id"], row["name"]) for table in tables for row in table.to_pylist()]
    assert 2 == summary.new


def test_two_scopes_are_compared_apart() -> None:
    """Rows of two scopes are compared separately: the same person in two segments is two rows."""
    changes, summary = _changes("segment_memberships")
    for segment in (1, 2):
        scope = Scope(column="segment_id", low=segment, high=segment)
        rows = [{"segment_id": segment, "cio_id": "a300"}]
        assert 1 == sum(table.num_rows for table in changes.tables(Batch(rows=rows, scope=scope, last=True)))

    assert 2 == summary.new


def _loads(project: Project, table: str) -> dict[Any, str]:
    return dict(project.cells(f"SELECT id, _dlt_load_id FROM {table}"))


def test_an_edit_that_moves_no_time_is_seen_and_the_rest_is_not_written(project: Project) -> None:
    """Rows are compared whole: only the edited row has the id of the second load."""
    project.run("campaigns")
    before, seen = (
        _loads(project, "campaigns"),
        dict(project.cells("SELECT id, first_seen_at FROM campaigns")),
    )
    edited = next(iter(project.sandbox.rows("campaigns")))
    project.sandbox.clock.advance(3600)
    project.sandbox.edit("campaigns", edited["id"], name="Renamed", updated=edited["updated"])
    of_run = RunSummary()

    project.run("campaigns", summary=of_run)

    project.assert_equal("campaigns")
    after = _loads(project, "campaigns")
    assert {edited["id"]} == {key for key, load in after.items() if load != before[key]}
    assert seen == dict(project.cells("SELECT id, first_seen_at FROM campaigns"))
    summary = of_run.resources["campaigns"]
    assert (0, 1, 0, len(before)) == (summary.new, summary.changed, summary.deleted, summary.read)


def test_deliveries_whose_metrics_arrive_late_are_the_only_ones_written(project: Project) -> None:
    """Of the deliveries that are read again, only those with a new metric are written, and new deliveries."""
    project.run("messages")
    before, rows_before = _loads(project, "messages"), project.rows(resource("messages"))
    project.sandbox.clock.advance(43_200)

    project.run("messages")

    rows, after = project.rows(resource("messages")), _loads(project, "messages")
    changed = {key[0] for key, row in rows.items() if rows_before.get(key) != row}
    assert changed
    assert changed == {key for key, load in after.items() if load != before.get(key)}


@pytest.mark.proof
def test_a_warehouse_that_lost_its_table_gets_every_row_again(project: Project) -> None:
    """Rows are compared with the warehouse alone: if its table is lost, all rows are written again."""
    project.run("campaigns")
    with project.pipeline.sql_client() as connection:
        connection.execute_sql("DELETE FROM campaigns WHERE id = (SELECT min(id) FROM campaigns)")
    project.run("campaigns")
    project.assert_equal("campaigns")

    project.pipeline.drop()
    project.run("campaigns")
    project.assert_equal("campaigns")


def test_the_clock_of_customer_io_is_asked_for_once(project: Project) -> None:
    """`first_seen_at` is the time of Customer.io, not of this machine; it takes one request."""
    project.run("campaigns", "newsletters")

    times = project.cells("SELECT first_seen_at FROM campaigns UNION SELECT first_seen_at FROM newsletters")
    assert [(project.sandbox.clock.now(),)] == times
    assert 1 == project.sandbox.stats.by_operation["getCioAllowlist"]


def test_a_row_without_its_key_is_refused() -> None:
    """A row without its key is rejected, for it cannot be merged and would stop the whole load."""
    changes, _ = _changes("campaigns")
    rows: list[dict[str, Any]] = [{"id": 1}, {"name": "nameless"}]

    with pytest.raises(BadAnswer, match=r"1 row\(s\) of campaigns without id"):
        list(changes.tables(Batch(rows=rows)))


def test_a_row_that_comes_in_two_scopes_is_written_once() -> None:
    """Of a row that two windows have, the first one is written: a load has no key twice."""
    changes, summary = _changes("messages")
    windows = [
        Batch(rows=[{"id": name, "created": at}], scope=Scope(column="created", low=at, high=at), last=True)
        for name, at in (("a", 1), ("b", 2), ("a", 3), ("b", 2))
    ]

    tables = [table for batch in windows for table in changes.tables(batch)]

    assert [("a", 1), ("b", 2)] == [(row["id"], row["created"]) for one in tables for row in one.to_pylist()]
    assert 2 == summary.new


TWICE = {
    "activities": "listActivities",
    "campaigns": "listCampaigns",
    "campaign_actions": "listCampaigns",
    "campaign_metrics": "listCampaigns",
    "messages": "listMessages",
    "people": "getPeopleFilter",
    "relationships": "getObjectsFilter",
    "segment_memberships": "listSegments",
    "segment_counts": "listSegments",
}


@pytest.mark.proof
def test_rows_and_parents_that_are_listed_twice_are_one_row(project: Project) -> None:
    """If each row of each list comes twice, also of the lists of parents, the tables equal the workspace."""
    project.sandbox.faults.add(Fault(times=None, repeat_rows=True))

    project.run(*TWICE)

    project.assert_equal(*(table for table in TWICE if table != "campaign_metrics"))
    for table in TWICE:
        keys = ", ".join(resource(table).key)
        counted = project.cells(f"SELECT count(*), count(DISTINCT ({keys})) FROM {table}")
        assert counted[0][0] == counted[0][1] > 0, table


def test_one_delivery_in_all_windows_is_one_row(project: Project) -> None:
    """A delivery that each window answers with is loaded once."""
    project.sandbox.faults.add(Fault(operation="listMessages", times=None, give_fields={"id": "the same"}))

    project.run("messages")

    assert [(1,)] == project.cells("SELECT count(*) FROM messages")
