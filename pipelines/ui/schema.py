"""The page of schema changes: fields and values that Customer.io added, dropped or sent in another type."""

from typing import Any

from pipelines.settings import Settings
from pipelines.transform.schema_drift import CHANGES
from pipelines.warehouse.queries import querying, tables

SHOWN = 200
"""The changes that the page shows, the newest first."""

WORDS = {
    "new_column": "new field",
    "vanished_column": "field without values",
    "retyped_column": "other type",
    "new_metric": "new metric",
    "new_channel": "new channel",
    "new_activity_type": "new activity type",
}
"""The words for each kind of change."""


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page; `changes` is None if no transform has compared fields yet.

    Raises:
        ConfigError, WarehouseError: there is no warehouse yet, or it cannot be read.
    """
    schema, _, table = CHANGES.partition(".")
    with querying(settings) as query:
        if table not in tables(query):
            return {"changes": None, "words": WORDS}
        found = query(
            f"SELECT noted_at, change, table_name, name, before, after FROM {schema}.{table} "
            f"ORDER BY noted_at DESC, table_name, name LIMIT {SHOWN}"
        )
    names = ("noted_at", "change", "table", "name", "before", "after")
    return {"changes": [dict(zip(names, row, strict=True)) for row in found], "words": WORDS}
