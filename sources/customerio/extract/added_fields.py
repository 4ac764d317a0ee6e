"""Places for the fields that Customer.io adds: a JSON column of its own each, or together in one.

A field whose name has a-z, 0-9 and single `_` only, at most 50 characters, and that is among the first 100 of
its table, has a JSON column of its own. Any other is a key of the JSON object in `_other_fields`: `Name`,
`firstStarted`, `foo bar`, `deleted_at`, `_row_hash`, the empty name, the 101st.

So no name collides with another one: neither with a column of the project or of dlt, nor after a destination
has changed its case.
"""

import re
from collections.abc import Iterable
from threading import Lock

import msgspec

from sources.customerio.catalogue import Resource
from sources.customerio.extract.own_columns import OWN_COLUMNS, TOMBSTONE
from sources.customerio.extract.rows import AS_SENT, Row, as_json

OTHER = "_other_fields"
"""The JSON column of the fields that have no column of their own."""
MOST = 100
"""Columns at most that a table gets for added fields."""
LONGEST = 50
"""Characters at most of a column's name: PostgreSQL has 63, and `_as_sent` may follow."""

_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_RESERVED = {*OWN_COLUMNS, *TOMBSTONE}


class AddedFields:
    """The places of one table's added fields; `columns` are those that it has already. Thread-safe."""

    def __init__(self, resource: Resource, columns: Iterable[str] = ()) -> None:
        self._known = resource.columns.keys()
        self._lock = Lock()
        self._columns = {name for name in columns if name not in self._known and _may_be_column(name)}

    def placed(self, row: Row) -> Row:
        """The row, with the fields that get no column as one JSON object."""
        if row.keys() <= self._known:
            return row
        filled = [name for name, value in row.items() if value is not None]
        others = sorted(name for name in filled if not self._has_column(name))
        if not others:
            return row
        pairs = (msgspec.json.encode(name) + b":" + bytes(as_json(row[name])) for name in others)
        apart = set(others)
        kept = {name: value for name, value in row.items() if name not in apart}
        return {**kept, OTHER: msgspec.Raw(b"{" + b",".join(pairs) + b"}")}

    def _has_column(self, name: str) -> bool:
        if name in self._known or name in self._columns:
            return True
        if len(self._columns) >= MOST or not _may_be_column(name):
            return False
        with self._lock:
            if len(self._columns) < MOST:
                self._columns.add(name)
            return name in self._columns


def _may_be_column(name: str) -> bool:
    return (
        len(name) <= LONGEST
        and _PLAIN.fullmatch(name) is not None
        and name not in _RESERVED
        and not name.endswith(AS_SENT)
    )
