"""The registry of exports: an id that it has already stands for another workspace."""

import pytest

from pipelines.errors import ConfigError
from pipelines.export import DeliveriesRequest, create
from pipelines.export.registry import open_registry
from tests.conftest import Warehouse


def test_an_id_of_another_workspace_is_refused_and_nothing_changes(warehouse: Warehouse) -> None:
    """After a reset the same id comes again: the error says so, and an equal request may follow."""
    settings = warehouse.settings
    first = create(settings, DeliveriesRequest(campaign_id=1))
    with open_registry(settings) as registry:
        registry.set_failed(first)
    with open_registry(settings) as registry:
        before = registry.ids()
        intent = registry.add_intent(DeliveriesRequest(campaign_id=2), known_id=0, intended_at=0)
        assert first.export_id is not None

        with pytest.raises(ConfigError, match=r"export of that id.*another workspace") as raised:
            registry.set_created(intent, export_id=first.export_id, created_at=1)

        assert "CIO_ELT_DATA" in str(raised.value)
        assert before == registry.ids()
        assert registry.unfinished(intent.request) is None
