"""The page of the tables: rows, lag, newest row and last good run of each, by group."""

from typing import Any

from pipelines.ingest.status import late_tables, warehouse_status
from pipelines.ingest.status_attention import verdict
from pipelines.ingest.status_groups import by_group
from pipelines.settings import Settings


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page.

    Raises:
        ConfigError, WarehouseError: there is no warehouse yet, or it cannot be read.
    """
    found = warehouse_status(settings)
    return {
        "verdict": verdict(found),
        "groups": by_group(found.tables),
        "target_s": settings.cio_elt_target_lag,
        "late": {row.table for row in late_tables(found.tables)},
    }
