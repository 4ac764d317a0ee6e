"""From what was read to what is written: new and changed rows, and tombstones for vanished ones.

A row is compared as a whole, by fingerprint, with what the warehouse holds under its key. So an edit that
moves no `updated`, and a metric that arrives late, are seen; and where nothing changed, nothing is written.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

import pyarrow as pa

from sources.customerio.catalogue import Resource
from sources.customerio.extract.batch import Batch, Row, Scope
from sources.customerio.extract.known import Held, Key, Known
from sources.customerio.extract.report import Tally
from sources.customerio.extract.tables import row_hash, to_arrow


@dataclass
class _Open:
    """A scope that is being read: what the warehouse holds of it, and the keys met so far."""

    held: dict[Key, Held]
    seen: set[Key] = field(default_factory=set)


@dataclass
class _Written:
    """Rows to write, and beside them the values of the project's own columns."""

    rows: list[Row] = field(default_factory=list)
    first_seen_at: list[int | None] = field(default_factory=list)
    row_hash: list[int | None] = field(default_factory=list)
    deleted_at: list[int | None] = field(default_factory=list)

    def add(
        self, row: Row, *, first_seen_at: int | None, row_hash: int | None, deleted_at: int | None = None
    ) -> None:
        self.rows.append(row)
        self.first_seen_at.append(first_seen_at)
        self.row_hash.append(row_hash)
        self.deleted_at.append(deleted_at)

    def table(self, resource: Resource) -> pa.Table:
        own = {
            "first_seen_at": self.first_seen_at,
            "_row_hash": self.row_hash,
            "deleted_at": self.deleted_at,
        }
        return to_arrow(resource, self.rows, own)


class Changes:
    """Turns one resource's batches into tables of changes; `now` tells Customer.io's clock (Unix s)."""

    def __init__(self, resource: Resource, known: Known, tally: Tally, now: Callable[[], int]) -> None:
        self._resource = resource
        self._key_of = itemgetter(*resource.key)
        self._known = known
        self._tally = tally
        self._now = now
        self._open: dict[Scope | None, _Open] = {}

    def table(self, batch: Batch) -> pa.Table | None:
        """The changes in `batch`; None where there are none."""
        scope = self._open.get(batch.scope)
        if scope is None:
            scope = self._open[batch.scope] = _Open(self._known.held(self._resource, batch.scope))
        now = self._now()
        written = _Written()
        self._compare(batch, scope, written, now)
        if batch.last:
            if self._resource.tombstones:
                self._bury(scope, written, now)
            del self._open[batch.scope]
        return written.table(self._resource) if written.rows else None

    def _compare(self, batch: Batch, scope: _Open, written: _Written, now: int) -> None:
        self._tally.read += len(batch.rows)
        for row in batch.rows:
            key = self._key_of(row)
            if key in scope.seen:
                continue
            scope.seen.add(key)
            fingerprint = row_hash(row)
            held = scope.held.get(key)
            if held is None or held.row_hash is None:
                self._tally.new += 1
                written.add(row, first_seen_at=now, row_hash=fingerprint)
            elif held.row_hash != fingerprint:
                self._tally.changed += 1
                written.add(row, first_seen_at=held.first_seen_at, row_hash=fingerprint)

    def _bury(self, scope: _Open, written: _Written, now: int) -> None:
        alive = (key for key, held in scope.held.items() if held.row_hash is not None)
        gone = [key for key in alive if key not in scope.seen]
        for row in self._known.rows(self._resource, gone):
            self._tally.deleted += 1
            first_seen_at = row["first_seen_at"]
            written.add(row, first_seen_at=first_seen_at, row_hash=None, deleted_at=now)
