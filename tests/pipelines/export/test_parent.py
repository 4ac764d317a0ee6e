"""The parent of a deliveries export is looked up before Customer.io makes a file of it."""

import pytest

from pipelines.errors import ConfigError
from pipelines.export import DeliveriesRequest
from sources.customerio.sandbox import Fault
from tests.pipelines.export.conftest import Exporting


@pytest.mark.parametrize("parent", ["campaign_id", "newsletter_id", "transactional_message_id"])
def test_a_wrong_id_is_told_before_an_export_is_created(exporting: Exporting, parent: str) -> None:
    """The message has the kind, the id and the call that lists the right ones; no export was created."""
    with pytest.raises(ConfigError, match=r"no .* 99999 \(404\).*cio-elt api call list"):
        exporting(DeliveriesRequest(**{parent: 99_999}))  # type: ignore[arg-type]

    assert 0 == exporting.orders()


def test_a_parent_that_cannot_be_looked_up_is_taken_as_it_is(exporting: Exporting) -> None:
    """A key that may not read campaigns exports the deliveries of one all the same."""
    exporting.warehouse.sandbox.faults.add(Fault(operation="getCampaigns", status=403, times=None))

    exporting(exporting.campaign())

    assert 1 == exporting.orders()


@pytest.mark.parametrize("parent", ["campaign_id", "newsletter_id", "transactional_message_id", "action_id"])
def test_a_parent_that_exists_is_exported(exporting: Exporting, parent: str) -> None:
    """Each kind of parent is found by its id; an action is exported without a look."""
    tables = {"campaign_id": "campaigns", "newsletter_id": "newsletters"}
    table = tables.get(parent, "transactional_messages" if "trans" in parent else "broadcast_actions")
    number = int(next(iter(exporting.warehouse.sandbox.rows(table)))["id"])

    exporting(DeliveriesRequest(**{parent: number}))  # type: ignore[arg-type]

    assert 1 == exporting.orders()
