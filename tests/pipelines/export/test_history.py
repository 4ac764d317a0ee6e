"""A history is all deliveries of a window of time, by exports; one that pages brought too is one row."""

import pytest

from pipelines.export import history, history_requests
from sources.customerio.catalogue import resource
from sources.customerio.client import ConfigError
from tests.conftest import Warehouse, settings_for

DAY = 86_400
MESSAGES = resource("messages")


def _settings(warehouse: Warehouse) -> None:
    start = warehouse.sandbox.clock.now() - 20 * DAY
    warehouse.settings = settings_for(
        warehouse.sandbox, warehouse.served, warehouse.settings.cio_elt_data, customerio_start=start
    )
    warehouse.sandbox.knobs.export_takes_s = 0


@pytest.mark.proof
def test_every_parent_s_deliveries_of_that_time_are_there_once(warehouse: Warehouse) -> None:
    """Old deliveries come by export; those that a sync read by pages stay unchanged."""
    _settings(warehouse)
    warehouse.sync("campaigns", "broadcasts", "newsletters", "messages")
    before = warehouse.rows(MESSAGES)
    start = warehouse.sandbox.clock.now() - 310 * DAY

    orders = history_requests(warehouse.settings, start)
    results = list(history(warehouse.settings, orders))

    truth, found = warehouse.truth(MESSAGES), warehouse.rows(MESSAGES)
    transactional = {key for key, row in truth.items() if row.get("transactional_message_id")}
    assert truth.keys() - transactional <= found.keys() <= truth.keys()
    assert before == {key: found[key] for key in before}
    assert len(found) - len(before) == sum(result.new for result in results)
    assert [] == warehouse.sync("messages").failed
    assert found.keys() == warehouse.rows(MESSAGES).keys()


@pytest.mark.proof
def test_what_was_loaded_within_a_day_is_not_ordered_again(warehouse: Warehouse) -> None:
    """A stopped run resumes with the parents that are left; a day later all are ordered again."""
    _settings(warehouse)
    warehouse.sync("campaigns", "messages")
    now = warehouse.sandbox.clock.now()
    asked = (warehouse.settings, now - 90 * DAY, now - 30 * DAY)
    orders = history_requests(*asked)
    next(history(warehouse.settings, orders))

    assert set(orders[1:]) >= set(history_requests(*asked)) < set(orders)
    warehouse.sandbox.clock.advance(2 * DAY)
    warehouse.sync("campaigns")
    assert orders == history_requests(*asked)


def test_without_a_parent_it_says_what_to_do(warehouse: Warehouse) -> None:
    """Without parents in the warehouse the message names the command that loads them."""
    warehouse.sync("segments")

    with pytest.raises(ConfigError, match="cio-elt sync"):
        history_requests(warehouse.settings, warehouse.sandbox.clock.now() - DAY)
