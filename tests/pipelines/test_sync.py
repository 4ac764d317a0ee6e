"""A sync makes the warehouse equal to the workspace, and writes no more than that takes."""

from sources.customerio.catalogue import RESOURCES
from tests.conftest import Warehouse

DAY = 86_400


def test_every_row_of_the_world_is_in_the_warehouse(warehouse: Warehouse) -> None:
    """After the first sync, all tables are equal to the workspace: table, key and field."""
    result = warehouse.sync()

    assert [] == result.failed
    for row in RESOURCES:
        assert warehouse.truth(row), f"the world has rows of {row.table}"
    warehouse.assert_equals_world()


def test_an_unchanged_world_costs_no_row(warehouse: Warehouse) -> None:
    """A second sync of a workspace in which nothing happened writes nothing."""
    warehouse.sync()
    before = {row.table: warehouse.rows(row) for row in RESOURCES}

    result = warehouse.sync()

    assert 0 == result.written
    assert before == {row.table: warehouse.rows(row) for row in RESOURCES}


def test_a_day_brings_what_changed_and_nothing_else(warehouse: Warehouse) -> None:
    """When the clock moved on, new and changed rows arrive; a row that is as it was is not written again."""
    warehouse.sync()
    before = {row.table: warehouse.rows(row) for row in RESOURCES}
    warehouse.sandbox.clock.advance(DAY)

    result = warehouse.sync()

    warehouse.assert_equals_world()
    for row in RESOURCES:
        after = warehouse.rows(row, tombstones=True)
        differing = [key for key, fields in after.items() if before[row.table].get(key) != fields]
        gone = before[row.table].keys() - warehouse.rows(row).keys()
        tally = result.report.tallies[row.table]
        assert tally.new + tally.changed == len(set(differing) - gone), row.table
        assert tally.deleted == len(gone), row.table
    assert result.report.tallies["messages"].new
    assert result.report.tallies["activities"].new
