"""Records that are set aside: one that cannot be a row of its table is kept as JSON, and the others land.

    page -> records that fit -> reader -> rows that fit -> the table
    page -> Rejected -> rows of `rejected_records`, in the load package of the rows that were read

A table with a rejected record, and the tables below it, mark nothing as deleted in that run: any of their
rows may be the one that could not be read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
from xxhash import xxh3_64_hexdigest

from sources.customerio.catalogue import RESOURCES, Operation, PersonKind, Resource, operation
from sources.customerio.catalogue import resource as catalogued
from sources.customerio.client import MB, BadAnswer, unexpected
from sources.customerio.extract.masking import MASK, masked_url
from sources.customerio.extract.rows import Row, Rows, TypedRow, cell, misfit, row_type

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns

TABLE = "rejected_records"
KEY: tuple[str, ...] = ("resource", "record_id")

COLUMNS: "TTableSchemaColumns" = {
    "resource": {"data_type": "text", "nullable": False},
    # A fingerprint of the record: the same one is one row, however often it comes.
    "record_id": {"data_type": "text", "nullable": False},
    "reason": {"data_type": "text"},
    # As Customer.io sent it; the secrets of URLs are masked.
    "record": {"data_type": "text"},
    # The last run that set it aside, and its time (Unix s, Customer.io's clock).
    "run_id": {"data_type": "text"},
    "rejected_at": {"data_type": "bigint"},
}

PERSON: Mapping[str, PersonKind] = {"record": "record"}
"""The columns that say whose record it is."""

MOST = 1_000
"""Rejected records of a table at most in a run; with more of them the table itself counts as unreadable."""

_WHOLE_BYTES = 64 * MB
# Characters of a record that are kept once a run has set that many bytes aside.
_CUT = 1_000

# Columns of keys that readers add to the records, beside those of the call's path.
_ADDED = frozenset({"row_number", "counted_at", "domain", "object_type_id"})
# Fields that a reader needs beside key and cursor, by operation.
_ALSO = {"getSegmentCount": ("count",)}
# Readers that take answers of any shape, or check their one record themselves.
_ANY_SHAPE = ("contents", "metrics", "optouts", "preferences")
_BY_OPERATION = {row.operation: row for row in RESOURCES if row.reader not in _ANY_SHAPE}


class AllRejected(BadAnswer):
    """Every record of a table was rejected, or more of them than count as exceptions."""


@dataclass
class Rejected:
    """The records that one run set aside, as text that `mask` freed of keys. Thread-safe."""

    mask: Callable[[str], str] = str
    _rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, resource: Resource, reason: str, record: object) -> bool:
        """Set a record aside; returns False if the run has done so already."""
        text = self.mask(_as_text(resource, record))
        record_id = xxh3_64_hexdigest(f"{reason}\n{text}".encode())
        with self._lock:
            # The first ones explain the rest.
            text = text if self._bytes <= _WHOLE_BYTES else text[:_CUT]
            self._bytes += len(text)
            row = {"resource": resource.table, "record_id": record_id, "reason": reason, "record": text}
            known = (resource.table, record_id) in self._rows
            self._rows[resource.table, record_id] = row
        return not known

    def rows(self, run_id: str, now: int) -> Iterator[dict[str, Any]]:
        """A row of `rejected_records` each; `now` is in Unix seconds."""
        for row in self._rows.values():
            yield {**row, "run_id": run_id, "rejected_at": now}

    def touches(self, resource: Resource | None) -> bool:
        """Checks if a record of that table, or of one that it is read below, was set aside."""
        tables = {table for table, _ in self._rows}
        while resource is not None and tables:
            if resource.table in tables:
                return True
            resource = catalogued(resource.parent) if resource.parent else None
        return False


def fault_of(operation_id: str, record: object) -> str | None:
    """The reason why a record of that list cannot be a row; None if it can, or if any shape is right.

    It names fields and types, never a value.
    """
    resource = _BY_OPERATION.get(operation_id)
    if resource is None:
        return None
    if resource.value is not None:
        return None if isinstance(record, str) else f"it is {_kind(record)}, not a text"
    if isinstance(record, TypedRow):
        missing = [name for name in _needed(resource) if record[name] is None]
        return f"it has no {missing[0]}" if missing else None
    if not isinstance(record, dict):
        deep = isinstance(record, str) and record.startswith(("{", "["))
        return "it is nested too deeply" if deep else f"it is {_kind(record)}, not an object"
    found = (misfit(resource, name, _inside(record, name)) for name in _needed(resource))
    return next(filter(None, found), None)


def check_ids(resource: Resource, records: list[Any]) -> None:
    """Check that no two records of one page have the same id and differ: the rows of others would be missing.

    Raises:
        BadAnswer: there are such records, in a table whose missing rows count as deleted.
    """
    if not resource.tombstones or "id" not in resource.key:
        return
    by_id: dict[object, object] = {}
    for record in records:
        if isinstance(record, dict) and by_id.setdefault(record.get("id"), record) != record:
            raise unexpected(operation(resource.operation), "different records with the same id")


def readable(call: Operation, records: list[Any]) -> list[Any]:
    """The records of a list that have the fields by which a record is known; the others say nothing."""
    row = resource_of(call.id)
    if row is None:
        return records
    return [fitted(row, record) for record in records if fault_of(call.id, record) is None]


def fitted(resource: Resource, record: Any) -> Any:
    """The record with its identifying fields in their columns' types, so that readers can compare them."""
    if not isinstance(record, dict):
        return record
    return {
        **record,
        **{name: cell(resource, name, record[name]) for name in _needed(resource) if name in record},
    }


def resource_of(operation_id: str) -> Resource | None:
    """The table whose records that list has; None for lists of no table."""
    return _BY_OPERATION.get(operation_id)


def misfits(resource: Resource, row: Row | TypedRow) -> str | None:
    """The reason why a reader's row cannot be typed; None if its key and cursor are right."""
    names = [*resource.key, *([resource.cursor] if resource.cursor else [])]
    found = (misfit(resource, name, row[name]) for name in names if isinstance(row, TypedRow) or name in row)
    return next(filter(None, found), None)


def all_fit(resource: Resource, rows: Rows) -> bool:
    """True if all rows are typed and have their whole keys, as nearly all pages' rows do."""
    return {row_type(resource)} == set(map(type, rows)) and all(
        None not in map(attrgetter(name), rows) for name in resource.key
    )


def row_fault(resource: Resource, row: TypedRow) -> str | None:
    """The reason why a row without its whole key cannot be loaded; None if it has one."""
    missing = [name for name in resource.key if row[name] is None]
    return f"it has no {missing[0]}" if missing else None


def _needed(resource: Resource) -> list[str]:
    """The fields that a record must have: what identifies it, and its time where it is read by time."""
    call = operation(resource.operation)
    given = _ADDED.union(parameter.name for parameter in call.path_parameters)
    cursor = [resource.cursor] if resource.cursor and resource.reader in ("windows", "feed") else []
    return [*(name for name in resource.key if name not in given), *cursor, *_ALSO.get(call.id, ())]


def _inside(record: dict[str, Any], name: str) -> object:
    """A field of the record; a person's may lie in its `identifiers`."""
    identifiers = record.get("identifiers")
    if name not in record and isinstance(identifiers, dict):
        return identifiers.get(name)
    return record.get(name)


def _kind(value: object) -> str:
    names = {type(None): "null", bool: "a truth value", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")


def _as_text(resource: Resource, record: object) -> str:
    if resource.masked:
        if not isinstance(record, dict):
            return msgspec.json.encode(MASK).decode()
        urls = {name: masked_url(str(record[name])) for name in resource.masked if record.get(name)}
        record = {**record, **urls}
    return msgspec.json.encode(record).decode(errors="replace")
