"""Rows to Arrow tables: columns the catalogue knows get its type, all others are JSON text.

A field that Customer.io adds, or whose type wanders, therefore never stops a load and never changes a
column's type between two runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
from xxhash import xxh3_64_intdigest

from sources.customerio.catalogue import ColumnType, Resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract.batch import Row

# What the project adds to every table: when a sync first saw the row, and what the row was like.
OWN_COLUMNS: Mapping[str, ColumnType] = {"first_seen_at": "bigint", "_row_hash": "bigint"}
# ... and to tables whose rows can vanish: when a complete reading no longer found it.
TOMBSTONE: Mapping[str, ColumnType] = {"deleted_at": "bigint"}

_ARROW: Mapping[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "json": pa.string(),
}


def columns_of(resource: Resource) -> dict[str, ColumnType]:
    """All columns known before a row is read: the API's, then the project's own."""
    own = {**OWN_COLUMNS, **(TOMBSTONE if resource.tombstones else {})}
    return {**resource.columns, **own}


def row_hash(row: Row) -> int:
    """A signed 64-bit fingerprint of a row; equal rows have equal ones whatever the order of their keys."""
    unsigned: int = xxh3_64_intdigest(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    return unsigned - 2**63


def to_arrow(resource: Resource, rows: Sequence[Row], own: Mapping[str, Sequence[object]]) -> pa.Table:
    """An Arrow table of `rows` (dicts in the API's shape), with values for the project's `own` columns.

    Raises:
        BadAnswer: a value cannot be what the catalogue says of its column.
    """
    known = columns_of(resource)
    seen = set().union(*rows) if rows else set()
    arrays = {}
    for name in (*known, *sorted(seen - known.keys())):
        kind = known.get(name, "json")
        if name in own:
            arrays[name] = _column(resource, name, kind, own[name])
        elif name in seen:
            arrays[name] = _column(resource, name, kind, [row.get(name) for row in rows])
        else:
            arrays[name] = pa.nulls(len(rows), _ARROW[kind])
    return pa.table(arrays)


def _column(resource: Resource, name: str, kind: ColumnType, values: Sequence[object]) -> "pa.Array[Any]":
    if kind == "json":
        values = [None if value is None else orjson.dumps(value) for value in values]
    try:
        return pa.array(values, type=_ARROW[kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
        return pa.array([_coerced(resource, name, kind, value) for value in values], type=_ARROW[kind])


def _coerced(resource: Resource, name: str, kind: ColumnType, value: object) -> object:
    """The value in its column's type: ids come as integers here and as strings there."""
    if value is None:
        return None
    try:
        return _COERCE[kind](value)
    except (TypeError, ValueError):
        msg = (
            f"Customer.io sent a {type(value).__name__} in {resource.table}.{name}, where a {kind} belongs. "
            f"Nothing of {resource.table} was lost: its watermark stays. Declare the column as 'json' in "
            "the catalogue to load it as it is."
        )
        raise BadAnswer(msg) from None


def _as_int(value: object) -> int:
    number = int(str(value))
    if isinstance(value, bool):
        raise TypeError
    return number


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _as_bool(value: object) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


_COERCE: Mapping[ColumnType, Callable[[Any], object]] = {
    "text": _as_text,
    "bigint": _as_int,
    "double": float,
    "bool": _as_bool,
}
