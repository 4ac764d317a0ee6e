"""Typed rows to Arrow tables and back: columns the catalogue knows get its type, all others are JSON text.

So a field that Customer.io adds, or whose type changes, never stops a load and never changes a column's type
between two runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from sources.customerio.catalogue import ColumnType, Resource
from sources.customerio.extract.own_columns import columns_of
from sources.customerio.extract.rows import NO_JSON, Row, TypedRow, row_type

_ARROW: Mapping[ColumnType, Any] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "json": pa.string(),
}


def to_arrow(resource: Resource, rows: Sequence[TypedRow]) -> pa.Table:
    """An Arrow table of `rows`: the columns of the API, known ones first, then unknown ones by name."""
    # A list a column: a tuple a row would cost as much again in Python's garbage collector.
    arrays = {
        name: _column(kind, list(map(attrgetter(name), rows))) for name, kind in resource.columns.items()
    }
    unknown = [row["_unknown"] for row in rows]
    for name in sorted(set().union(*filter(None, unknown))):
        arrays[name] = _column("json", [(fields or {}).get(name, NO_JSON) for fields in unknown])
    return pa.table(arrays)


def from_arrow(resource: Resource, table: pa.RecordBatch) -> list[TypedRow]:
    """The rows of a table of the resource's columns, in the catalogue's types; a missing one is null."""
    present = set(table.schema.names)
    values = (
        _values(kind, table.column(name)) if name in present else repeat(_null(kind), len(table))
        for name, kind in resource.columns.items()
    )
    return list(map(row_type(resource), *values))


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


def _column(kind: ColumnType, values: Sequence[Any]) -> Any:
    return _json(values) if kind == "json" else pa.array(values, type=_ARROW[kind])


def _json(values: Sequence[msgspec.Raw]) -> "pa.Array[Any]":
    """The texts as one block, without a copy of each; an empty one is null."""
    ends = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, values), np.int32, len(values)), out=ends[1:])
    _, is_filled = pa.array(ends[1:] > ends[:-1]).buffers()
    array = pa.Array.from_buffers(
        pa.string(), len(values), [is_filled, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(values))]
    )
    array.validate(full=True)
    return array


def _values(kind: ColumnType, column: "pa.Array[Any]") -> Iterable[Any]:
    cells = column.to_pylist()
    if kind == "json":
        return [NO_JSON if cell is None else msgspec.Raw(cell.encode()) for cell in cells]
    return cells


def _null(kind: ColumnType) -> Any:
    return NO_JSON if kind == "json" else None


def as_read(resource: Resource, row: Mapping[str, Any]) -> Row:
    """A row as a reader would have yielded it: the API's columns alone, JSON columns as stored text."""
    kinds = resource.columns
    own = columns_of(resource).keys() - kinds.keys()
    return {
        name: msgspec.Raw(value.encode())
        if isinstance(value, str) and kinds.get(name, "json") == "json"
        else value
        for name, value in row.items()
        if name not in own and not name.startswith("_dlt_")
    }
