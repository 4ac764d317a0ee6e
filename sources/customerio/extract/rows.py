"""Typed rows: Customer.io's records in the types of the catalogue's columns, one struct type a table.

Pages of the large tables are decoded straight into them, which takes a third of the time of dicts; their
JSON columns stay the text that was sent. A page that does not fit, because a field is new or has another
type, and rows that a reader made itself are converted value by value. So all later steps work on one kind of
row, and a row is the same after either.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any

import msgspec
import orjson
from xxhash import xxh3_64_intdigest

from sources.customerio.catalogue import ColumnType, Resource, operation
from sources.customerio.client import BadAnswer, field_of, loads, unexpected

Row = dict[str, Any]

NO_JSON = msgspec.Raw()
"""The value of a JSON column that is missing or null."""
_NULL = msgspec.Raw(b"null")
_INTEGER = re.compile(r"-?[0-9]+")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

AS_SENT = "_as_sent"
"""The suffix of the JSON column that holds a column's values of another type."""

NO_FINGERPRINT = 0
"""The fingerprint of a row that was never compared: any other reading of it counts as a change."""

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_FIELDS: Mapping[ColumnType, tuple[Any, Any]] = {
    "text": (str | None, None),
    "bigint": (_Int64 | None, None),
    "double": (float | None, None),
    "bool": (bool | None, None),
    "json": (msgspec.Raw, NO_JSON),
}


class TypedRow(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A row of one table: a field per column, and last `_unknown`, JSON by name.

    As with a dict, `row["id"]` is its field `id`.
    """

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


Rows = Sequence[Row] | Sequence[TypedRow]


def row_type(resource: Resource) -> type[TypedRow]:
    """The type of that table's rows."""
    return _row_type(resource.table, tuple(resource.columns.items()))


@cache
def _row_type(table: str, columns: tuple[tuple[str, ColumnType], ...]) -> type[TypedRow]:
    fields = [(name, *_FIELDS[kind]) for name, kind in columns]
    unknown = ("_unknown", dict[str, msgspec.Raw] | None, None)
    return msgspec.defstruct(table, [*fields, unknown], bases=(TypedRow,))  # type: ignore[return-value]


def only_record(resource: Resource, document: Row) -> Row:
    """The record of an answer that holds one and no list.

    Raises:
        BadAnswer: it is not where the catalogue says.
    """
    call = operation(resource.operation)
    record = document if resource.wrapped is None else field_of(call, document, resource.wrapped)
    if not isinstance(record, dict):
        raise unexpected(call, f"a {type(record).__name__} as `{resource.wrapped or 'record'}`")
    return record


def decoder(resource: Resource, placed: Callable[[Row], Row] = lambda row: row) -> Callable[[bytes], Any]:
    """Decodes answers to the resource's operation: to JSON, but with typed rows as records.

    A row with fields that the catalogue does not know goes through `placed` at once: a page of 1,000 rows
    with 3,000 fields each is never in memory as three million values. A row that cannot be typed stays a
    dict. An answer of another shape is returned unchanged, for the client to judge. One that is not JSON
    raises `orjson`'s error.
    """
    records = str(operation(resource.operation).records)
    fitting = _document_decoder(records, row_type(resource))
    loose = _document_decoder(records, msgspec.Raw)

    def decode(body: bytes) -> Any:
        try:
            document = fitting.decode(body)
        except (msgspec.MsgspecError, RecursionError):
            pass
        else:
            if not document.records:
                # The client looks at the whole answer before it believes that there are no rows.
                return loads(body)
            # A field of that very name is one that Customer.io has added.
            if all(row["_unknown"] is None for row in document.records):
                _without_nulls(resource, document.records)
                return {records: document.records, "next": document.next}
        try:
            document = loose.decode(body)
        except (msgspec.MsgspecError, RecursionError):
            return loads(body)
        return {
            records: [_loosely(resource, placed, record) for record in document.records],
            "next": document.next,
        }

    return decode


def _document_decoder(records: str, kind: Any) -> Any:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("records", list[kind]), ("next", Any, None)]
    return msgspec.json.Decoder(msgspec.defstruct("Document", fields, rename={"records": records}))


def _without_nulls(resource: Resource, rows: Sequence[TypedRow]) -> None:
    for name, kind in resource.columns.items():
        if kind == "json":
            for row in rows:
                if getattr(row, name) == _NULL:
                    setattr(row, name, NO_JSON)


def _loosely(resource: Resource, placed: Callable[[Row], Row], record: msgspec.Raw) -> Any:
    """The record as a typed row, its unknown fields in their places; as a dict if a value is in its way.

    What is no object, such as null, is parsed as it is.
    """
    try:
        row = _OBJECT.decode(record)
    except msgspec.ValidationError:
        return loads(bytes(record))
    parsed = {name for name, kind in resource.columns.items() if kind != "json"}
    cells = ((name, value) for name, value in row.items() if value != _NULL)
    found = {name: loads(bytes(value)) if name in parsed else value for name, value in cells}
    try:
        return _typed(resource, placed(found))
    except BadAnswer:
        return found


def typed(resource: Resource, rows: Rows) -> list[TypedRow]:
    """The rows as typed ones.

    Raises:
        BadAnswer: a value of a key or cursor column has another type than the catalogue says.
    """
    return [row if isinstance(row, TypedRow) else _typed(resource, row) for row in rows]


def _typed(resource: Resource, row: Row) -> TypedRow:
    known: dict[str, Any] = {}
    unknown: dict[str, msgspec.Raw] = {}
    for name, value in row.items():
        if value is None:
            continue
        if name not in resource.columns:
            unknown[name] = as_json(value)
            continue
        try:
            known[name] = _COERCE[resource.columns[name]](value)
        except (LookupError, TypeError, ValueError):
            if name in _indispensable(resource):
                raise _unfit(resource, name, value) from None
            unknown[f"{name}{AS_SENT}"] = as_json(value)
    return row_type(resource)(**known, _unknown=dict(sorted(unknown.items())) or None)


def row_hashes(rows: Sequence[TypedRow]) -> list[int]:
    """A signed 64-bit fingerprint per row, of its values that are not null, each with its column's name.

    So a row's fingerprint depends on the row alone: not on the order of its keys, and not on the columns of
    other rows.
    """
    return [xxh3_64_intdigest(line) - 2**63 for line in map(msgspec.json.encode, rows)]


def _indispensable(resource: Resource) -> set[str | None]:
    """The columns that a row must have: its key and its cursor."""
    return {*resource.key, resource.cursor}


def is_count(value: object) -> bool:
    """Checks if a value of an answer is a whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def misfit(resource: Resource, name: str, value: object) -> str | None:
    """The reason why that value cannot be the column's, without the value; None if it can."""
    if value is None:
        return f"it has no {name}"
    try:
        cell(resource, name, value)
    except (LookupError, TypeError, ValueError):
        kind = resource.columns[name]
        return f"its {name} is of type {type(value).__name__}, where a {kind} belongs"
    return None


def cell(resource: Resource, name: str, value: object) -> Any:
    """The value in the type of its column; LookupError, TypeError or ValueError if it has no such form."""
    return _COERCE[resource.columns[name]](value)


def _unfit(resource: Resource, name: str, value: object) -> BadAnswer:
    msg = (
        f"Customer.io sent a {type(value).__name__} in {resource.table}.{name}, where a "
        f"{resource.columns[name]} belongs, and rows are identified by it. Nothing of {resource.table} was "
        "lost: its watermark stays. Give the column its new type in the catalogue."
    )
    return BadAnswer(msg)


def _as_int(value: object) -> int:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    # Python reads underscores and the digits of every script, too.
    number = int(text) if _INTEGER.fullmatch(text) else 2**63
    if isinstance(value, bool) or not -(2**63) <= number < 2**63:
        raise ValueError
    return number


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else bytes(as_json(value)).decode()


def _as_bool(value: object) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def as_json(value: object) -> msgspec.Raw:
    """The value as JSON text; text of Customer.io's stays as it was sent."""
    if isinstance(value, msgspec.Raw):
        return value
    # Keys in order: the same value is the same text.
    try:
        return msgspec.Raw(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    except TypeError:
        # An integer of more than 64 bits, or 254 levels.
        return msgspec.Raw(msgspec.json.encode(value, order="sorted"))


_COERCE: Mapping[ColumnType, Callable[[Any], object]] = {
    "text": _as_text,
    "bigint": _as_int,
    "double": float,
    "bool": _as_bool,
    "json": as_json,
}
