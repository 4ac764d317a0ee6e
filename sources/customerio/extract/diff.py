"""From what was read to what is written: new and changed rows, and tombstones for vanished ones.

A row is compared as a whole, by fingerprint, with what the warehouse holds under its key. So an edit that
moves no `updated`, and a metric that arrives late, are seen; and where nothing changed, nothing is written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sources.customerio.catalogue import Resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract.arrow import to_arrow, with_own
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.destination_rows import Held, Key, Known
from sources.customerio.extract.rows import Rows, row_hashes, typed
from sources.customerio.extract.run_summary import ResourceSummary


@dataclass
class _Open:
    """A scope that is being read: what the warehouse holds of it, and the keys met so far."""

    held: dict[Key, Held]
    seen: set[Key] = field(default_factory=set)


class Changes:
    """Turns one resource's batches into tables of changes; `now` tells Customer.io's clock (Unix s)."""

    def __init__(
        self, resource: Resource, known: Known, tally: ResourceSummary, now: Callable[[], int]
    ) -> None:
        self._resource = resource
        self._known = known
        self._tally = tally
        self._now = now
        self._open: dict[Scope | None, _Open] = {}

    def tables(self, batch: Batch) -> Iterator[pa.Table]:
        """The changes in `batch`: new and changed rows, then tombstones; nothing where there are none."""
        scope = self._open.get(batch.scope)
        if scope is None:
            scope = self._open[batch.scope] = _Open(self._known.held(self._resource, batch.scope))
        if batch.rows:
            yield from self._changed(batch.rows, scope)
        if batch.last:
            if self._resource.tombstones:
                yield from self._tombstones(scope)
            del self._open[batch.scope]

    def _changed(self, read: Rows, scope: _Open) -> Iterator[pa.Table]:
        rows = typed(self._resource, read)
        hashes = row_hashes(rows)
        table = to_arrow(self._resource, rows)
        self._tally.read += len(rows)
        keys = _keys(self._resource, table)
        _check_keys(self._resource, table)
        distinct = set(keys)
        if not scope.held and len(distinct) == len(keys) and scope.seen.isdisjoint(distinct):
            # A first reading has nothing to compare with, and the most rows.
            self._tally.new += len(keys)
            scope.seen |= distinct
            first_seen_at: list[int | None] = [self._now()] * len(keys)
        else:
            picked, first_seen_at = self._compared(keys, hashes, scope)
            table, hashes = table.take(pa.array(picked, pa.int64())), [hashes[index] for index in picked]
        if hashes:
            yield with_own(self._resource, table, first_seen_at=first_seen_at, row_hash=hashes)

    def _compared(
        self, keys: Sequence[Key], hashes: Sequence[int], scope: _Open
    ) -> tuple[list[int], list[int | None]]:
        """The places of rows to write, and when each was first seen."""
        picked: list[int] = []
        first_seen_at: list[int | None] = []
        now = self._now()
        for index, (key, fingerprint) in enumerate(zip(keys, hashes, strict=True)):
            held = scope.held.get(key)
            again = key in scope.seen
            scope.seen.add(key)
            if again or (held is not None and held.row_hash == fingerprint):
                continue
            is_new = held is None or held.row_hash is None
            self._tally.new += is_new
            self._tally.changed += not is_new
            picked.append(index)
            first_seen_at.append(now if held is None or is_new else held.first_seen_at)
        return picked, first_seen_at

    def _tombstones(self, scope: _Open) -> Iterator[pa.Table]:
        alive = (key for key, held in scope.held.items() if held.row_hash is not None)
        gone = [key for key in alive if key not in scope.seen]
        if gone:
            self._tally.deleted += len(gone)
            rows = typed(self._resource, list(self._known.rows(self._resource, gone)))
            table = to_arrow(self._resource, rows)
            yield with_own(
                self._resource,
                table,
                first_seen_at=[scope.held[key].first_seen_at for key in _keys(self._resource, table)],
                row_hash=[None] * len(table),
                deleted_at=self._now(),
            )


def _check_keys(resource: Resource, table: pa.Table) -> None:
    for name in resource.key:
        if missing := table[name].null_count:
            msg = (
                f"Customer.io sent {missing:,} row(s) of {resource.table} without {name}, their key. "
                "Nothing was lost: the watermark stays, and the next sync reads them again."
            )
            raise BadAnswer(msg)


def _keys(resource: Resource, table: pa.Table) -> list[Key]:
    columns = [table[name].to_pylist() for name in resource.key]
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
