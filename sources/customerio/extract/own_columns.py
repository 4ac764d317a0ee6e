"""The columns of a table: those of the API, then those that the project adds to each."""

from collections.abc import Mapping

from sources.customerio.catalogue import ColumnType, Resource

OWN_COLUMNS: Mapping[str, ColumnType] = {"first_seen_at": "bigint", "_row_hash": "bigint"}
"""The project's columns of every table: when the row was first seen (Unix s), and its fingerprint."""
TOMBSTONE: Mapping[str, ColumnType] = {"deleted_at": "bigint"}
"""Those of tables whose rows can be deleted: when a complete reading no longer found the row (Unix s)."""


def columns_of(resource: Resource) -> dict[str, ColumnType]:
    """All columns known before a row is read: the API's, then the project's own."""
    own = {**OWN_COLUMNS, **(TOMBSTONE if resource.tombstones else {})}
    return {**resource.columns, **own}
