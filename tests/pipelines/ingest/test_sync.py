"""A sync makes the warehouse equal to the workspace, and writes only changes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sources.customerio import resources_named
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import SCALES, Sandbox
from tests.conftest import Warehouse, following

DAY = 86_400
PLAIN = resources_named([])
"""The tables of a sync without names: all but the optional ones."""


@pytest.mark.proof
def test_every_row_of_the_world_is_in_the_warehouse(warehouse: Warehouse) -> None:
    """After the first sync, all tables equal the workspace by key and field."""
    result = warehouse.sync()

    assert [] == result.failed
    for row in PLAIN:
        assert warehouse.truth(row), f"the world has rows of {row.table}"
    warehouse.assert_equals_world()


@pytest.mark.proof
def test_an_unchanged_world_costs_no_row(warehouse: Warehouse) -> None:
    """A second sync of an unchanged workspace writes nothing."""
    warehouse.sync()
    before = {row.table: warehouse.rows(row) for row in PLAIN}

    result = warehouse.sync()

    assert 0 == result.written
    assert before == {row.table: warehouse.rows(row) for row in PLAIN}


@pytest.mark.proof
def test_a_day_brings_what_changed_and_nothing_else(warehouse: Warehouse) -> None:
    """After a day, new and changed rows arrive; an unchanged row is not written again."""
    warehouse.sync()
    before = {row.table: warehouse.rows(row) for row in PLAIN}
    warehouse.sandbox.clock.advance(DAY)

    result = warehouse.sync()

    warehouse.assert_equals_world()
    for row in PLAIN:
        after = warehouse.rows(row, tombstones=True)
        differing = [key for key, fields in after.items() if before[row.table].get(key) != fields]
        gone = before[row.table].keys() - warehouse.rows(row).keys()
        summary = result.summary.resources[row.table]
        assert summary.new + summary.changed == len(set(differing) - gone), row.table
        assert summary.deleted == len(gone), row.table
    assert result.summary.resources["messages"].new
    assert result.summary.resources["activities"].new


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Warehouse]:
    """A workspace with many deliveries, so that some metrics always arrive late."""
    scale = replace(SCALES["tiny"], name="busy", deliveries=5_000)
    with following(Sandbox(scale=scale), tmp_path / "data") as warehouse:
        yield warehouse


@pytest.mark.proof
def test_edits_deletions_and_late_metrics_arrive(busy: Warehouse) -> None:
    """After eight days of edits, deletions and late metrics, a second sync makes all tables equal again."""
    warehouse, world = busy, busy.sandbox
    warehouse.sync()
    campaign, other, *_ = sorted(key for (key,) in warehouse.truth(resource("campaigns")))
    segments = warehouse.truth(resource("segments"))
    manual = sorted(key for (key,), row in segments.items() if row["type"] == "manual")
    people = sorted(key for (key,) in warehouse.truth(resource("people")))
    member = next(
        cio_id for segment, cio_id in warehouse.truth(resource("segment_memberships")) if segment == manual[0]
    )
    world.clock.advance(8 * DAY)
    world.edit("campaigns", campaign, name="Renamed", tags=["vip", "späti"])
    world.delete("campaigns", other)
    world.add("campaigns", name="Brand new")
    world.edit("segments", manual[0], description="edited")
    world.add("segments", name="Fresh segment")
    world.leave_segment(manual[0], member)
    world.edit("people", people[0], plan="enterprise", **{"New attribute": "ünïcode"})
    newcomer = world.add("people", id="newcomer", email="newcomer@example.com")
    world.join_segment(manual[0], newcomer)

    result = warehouse.sync()

    assert [] == result.failed
    warehouse.assert_equals_world()
    assert result.summary.resources["messages"].changed, "metrics of old deliveries arrived late"
    tombstones = warehouse.query("SELECT deleted_at FROM customerio_raw.campaigns WHERE id = " + str(other))
    assert [(world.clock.now(),)] == tombstones
    assert result.summary.resources["campaign_actions"].deleted, "the deleted campaign's actions went with it"


@pytest.mark.proof
def test_a_deleted_and_a_suppressed_person_are_forgotten(warehouse: Warehouse) -> None:
    """Deleted and suppressed people get tombstones at once; redactions of old rows need a full sync."""
    warehouse.sync()
    deleted, suppressed, *_ = sorted(key for (key,) in warehouse.truth(resource("people")))
    warehouse.sandbox.delete("people", deleted)
    warehouse.sandbox.suppress(suppressed)

    warehouse.sync()
    alive = warehouse.rows(resource("people"))
    warehouse.sync(full=True)

    assert not {(deleted,), (suppressed,)} & alive.keys()
    warehouse.assert_equals_world()


@pytest.mark.proof
def test_nothing_is_fetched_twice(warehouse: Warehouse) -> None:
    """A sync repeats only a few requests, for known reasons, and so do the next ones."""
    greeting = "GET /v1/workspaces"  # asked before any work, to find a wrong key in a second
    known = "GET /v1/segments"  # asked before any work, to find a key of another workspace
    counted = "GET /v1/exports"  # a download is counted in its export's row, so files are fetched between
    stats = warehouse.sandbox.stats

    asked = []
    for _ in range(3):
        stats.clear()
        warehouse.sync()
        asked.append(stats.repeated)
        warehouse.sandbox.clock.advance(DAY)

    assert [{greeting: 2, counted: 2}, {greeting: 2, known: 2}, {greeting: 2, known: 2}] == asked
