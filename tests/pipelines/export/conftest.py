"""Fixtures of exports: a warehouse, a clock that pauses advance, and files with given headers and rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from pipelines.export import DeliveriesRequest, ExportRequest, ExportResult, PeopleRequest, export
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse


@dataclass
class Exporting:
    """A warehouse whose exports wait by the sandbox's clock."""

    warehouse: Warehouse

    def __call__(self, what: ExportRequest | None = None) -> ExportResult:
        """Run an export, by default of all people."""
        return export(
            self.warehouse.settings,
            what or PeopleRequest(),
            notify=self.warehouse.notes.append,
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        """Advance the sandbox's clock by that many seconds."""
        self.warehouse.sandbox.clock.advance(seconds)

    def campaign(self, **others: Any) -> DeliveriesRequest:
        """All deliveries of a campaign in the year before now."""
        now = self.warehouse.sandbox.clock.now()
        given = {"campaign_id": 1, "start": now - 365 * 86_400, "end": now, **others}
        return DeliveriesRequest(**given)

    def orders(self) -> int:
        """The number of exports that were created over the API."""
        asked = self.warehouse.sandbox.stats.by_operation
        return asked.get("exportPeopleData", 0) + asked.get("exportDeliveriesData", 0)

    def file_rows(self, export_id: int) -> list[dict[str, str]]:
        """The rows of an export's file, as the sandbox has written them."""
        tables = ("exported_people", "exported_deliveries")
        rows = [row for table in tables for row in self.warehouse.sandbox.rows(table)]
        return [row["row"] for row in rows if row["export_id"] == export_id]


@pytest.fixture
def exporting(warehouse: Warehouse) -> Exporting:
    """Exports into an empty warehouse."""
    return Exporting(warehouse)


Query = Callable[[str], list[tuple[Any, ...]]]

PEOPLE_CELLS = 'SELECT row_number, "row" FROM customerio_raw.exported_people WHERE export_id = {} ORDER BY 1'
"""SQL of the cells of a people export; its id fills the place."""


def held_people(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """The values of each person of the warehouse that an export carries, by `cio_id`."""
    rows = warehouse.query(
        "SELECT cio_id, id, identifiers, attributes, unsubscribed FROM customerio_raw.people "
        "WHERE deleted_at IS NULL"
    )
    return {
        cio_id: {
            "id": id_ or "",
            "identifiers": orjson.loads(identifiers),
            "attributes": orjson.loads(attributes),
            "unsubscribed": unsubscribed,
        }
        for cio_id, id_, identifiers, attributes, unsubscribed in rows
    }


def profiles(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """The same values of each person of the workspace."""
    names = ("id", "identifiers", "attributes", "unsubscribed")
    return {
        row["identifiers"]["cio_id"]: {name: row[name] for name in names} for row in sandbox.rows("people")
    }
