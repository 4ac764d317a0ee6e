"""Rows to Arrow tables: columns the catalogue knows get its type, all others are JSON text.

A field that Customer.io adds, or whose type wanders, therefore never stops a load and never changes a
column's type between two runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from sources.customerio.catalogue import ColumnType, Resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract.batch import Row

# What the project adds to every table: when a sync first saw the row, and what the row was like.
OWN_COLUMNS: Mapping[str, ColumnType] = {"first_seen_at": "bigint", "_row_hash": "bigint"}
# ... and to tables whose rows can vanish: when a complete reading no longer found it.
TOMBSTONE: Mapping[str, ColumnType] = {"deleted_at": "bigint"}

_ARROW: Mapping[ColumnType, Any] = {
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


def to_arrow(resource: Resource, rows: Sequence[Row]) -> pa.Table:
    """An Arrow table of `rows` (dicts in the API's shape): the columns of the API, known and unknown ones.

    Raises:
        BadAnswer: a value cannot be what the catalogue says of its column.
    """
    seen = set().union(*rows) if rows else set()
    arrays = {}
    for name in (*resource.columns, *sorted(seen - resource.columns.keys())):
        kind = resource.columns.get(name, "json")
        if name in seen:
            arrays[name] = _column(resource, name, kind, [row.get(name) for row in rows])
        else:
            arrays[name] = pa.nulls(len(rows), _ARROW[kind])
    return pa.table(arrays)


def with_own(
    resource: Resource,
    table: pa.Table,
    *,
    first_seen_at: Sequence[int | None],
    row_hash: Sequence[int | None],
    deleted_at: int | None = None,
) -> pa.Table:
    """The table with the project's own columns beside the API's."""
    table = table.append_column("first_seen_at", pa.array(first_seen_at, pa.int64()))
    table = table.append_column("_row_hash", pa.array(row_hash, pa.int64()))
    if resource.tombstones:
        table = table.append_column("deleted_at", pa.array([deleted_at] * len(table), pa.int64()))
    return table


def row_hashes(table: pa.Table) -> list[int]:
    """A signed 64-bit fingerprint per row, of its values that are not null, each with its column's name.

    So a row's fingerprint depends on nothing but the row: not on the order of its keys, and not on which
    columns other rows of the table have.
    """
    named: list[Any] = [
        pc.binary_join_element_wise(pa.scalar(name), column.cast(pa.string()), pa.scalar("="))  # type: ignore[call-overload]
        for name, column in zip(table.column_names, table.columns, strict=True)
        if column.null_count < len(column)
    ]
    lines = pc.binary_join_element_wise(*named, pa.scalar("\x1e"), null_handling="skip").cast(pa.binary())
    return [xxh3_64_intdigest(line) - 2**63 for line in lines.to_pylist()]


def _column(resource: Resource, name: str, kind: ColumnType, values: Sequence[object]) -> Any:
    if kind == "json":
        # Keys in order: the same value is the same text.
        values = [None if v is None else orjson.dumps(v, option=orjson.OPT_SORT_KEYS) for v in values]
    try:
        if kind == "bigint" and float in set(map(type, values)):
            # Arrow would cut the fraction off.
            raise TypeError
        return pa.array(values, type=_ARROW[kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError):
        return pa.array([_coerced(resource, name, kind, value) for value in values], type=_ARROW[kind])


def _coerced(resource: Resource, name: str, kind: ColumnType, value: object) -> object:
    """The value in its column's type: ids come as integers here and as strings there."""
    if value is None:
        return None
    try:
        return _COERCE[kind](value)
    except (LookupError, TypeError, ValueError):
        msg = (
            f"Customer.io sent a {type(value).__name__} in {resource.table}.{name}, where a {kind} belongs. "
            f"Nothing of {resource.table} was lost: its watermark stays. Declare the column as 'json' in "
            "the catalogue to load it as it is."
        )
        raise BadAnswer(msg) from None


def _as_int(value: object) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else int(str(value))
    if isinstance(value, bool) or not -(2**63) <= number < 2**63:
        raise ValueError
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
