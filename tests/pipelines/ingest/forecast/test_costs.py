"""The table of costs has a row for each reader, and each row can be computed."""

from pipelines.ingest.forecast.cost import pages_of, spread
from pipelines.ingest.forecast.costs import COSTS
from pipelines.ingest.forecast.forecast import forecast
from sources.customerio.catalogue import RESOURCES, operation
from sources.customerio.extract.resources import READERS
from tests.conftest import Warehouse


def test_every_reader_has_a_cost() -> None:
    """A reader that is added needs a row."""
    assert set(READERS) == set(COSTS)


def test_every_table_can_be_planned(warehouse: Warehouse) -> None:
    """Tables that are read only when they are named have a cost too."""
    planned = forecast(warehouse.settings, [row.table for row in RESOURCES])

    lines = {table.resource: table for table in planned.tables}
    assert {row.table for row in RESOURCES} <= set(lines)
    people = len(list(warehouse.sandbox.rows("people")))
    assert people + 1 == lines["subscription_preferences"].requests
    assert 100 == lines["archived_messages"].rows


def test_pages_follow_the_catalogue() -> None:
    """A list has a page for each largest page of its call, and one if it is empty."""
    actions, snippets = operation("listCampaignActions"), operation("listSnippets")

    assert [1, 1, 2] == [pages_of(actions, rows) for rows in (0, 10, 11)]
    assert 1 == pages_of(snippets, 5000)


def test_a_sample_has_both_ends() -> None:
    """Items of a sample are evenly spread, from the first to the last."""
    assert [0, 5, 10] == spread(range(11), 3)
    assert [7, 8] == spread([7, 8], 3)
