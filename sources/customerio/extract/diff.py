"""The one rule by which rows count as new, changed or deleted; syncs and exports both go through it.

    batch -> complete (rows of some columns) -> fingerprint -> compare with the destination -> changes

| row | in the destination | becomes |
|---|---|---|
| read | absent, or a tombstone | new |
| read | another fingerprint | changed |
| read | the same fingerprint | nothing |
| not read, its scope complete | alive, first seen before the reading | deleted: a tombstone |

A fingerprint is of the whole row, as the destination holds it. Pages carry whole rows. Rows of an export
carry some columns: they are completed with the held row's values before they are compared, so that the same
row has the same fingerprint from either. An edit that moves no `updated`, and a metric that arrives late, are
seen, because a row is compared as a whole.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

import pyarrow as pa

from sources.customerio.catalogue import Resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract.arrow import to_arrow, with_own
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.deletion_brake import DeletionBrake
from sources.customerio.extract.held_index import Held
from sources.customerio.extract.key_hashes import KeyHashes
from sources.customerio.extract.rows import Row, Rows, row_hashes, typed
from sources.customerio.extract.run_summary import ResourceSummary

# The value of the key's column, or the values of its columns where it has several.
Key = Any


class HeldScope(Protocol):
    """The rows that the destination holds in one scope, and the keys of it that were read."""

    def held(self, keys: Collection[Key]) -> Mapping[Key, Held]:
        """The held rows among those of `keys`."""

    def rows(self, keys: Collection[Key]) -> Mapping[Key, Row]:
        """Whole held rows of `keys`, in the shape that readers yield."""

    def add(self, keys: Sequence[Key]) -> Collection[Key]:
        """Note that `keys` were read; returns those of them that had been read before."""

    def unread(self, until: int, kept: Callable[[Key], bool] | None = None) -> Mapping[Key, int | None]:
        """Rows that are alive, were first seen by `until` (Unix s) and were not read: first seen, by key.

        Those that are `kept` are left out. Only these rows may be asked for after that.
        """


class HeldRows(Protocol):
    """A destination's tables."""

    def scope(self, resource: Resource, scope: Scope | None) -> HeldScope:
        """The rows of a scope; None is the whole table."""

    def alive(self, resource: Resource) -> int:
        """The number of rows of the table that are no tombstones."""


class Changes:
    """Turns one resource's batches into tables of changes.

    `now` returns Customer.io's clock (Unix s); `existing` those of some keys whose rows are there although no
    batch had them.
    """

    def __init__(
        self,
        resource: Resource,
        destination: HeldRows,
        summary: ResourceSummary,
        now: Callable[[], int],
        brake: DeletionBrake | None = None,
        existing: Callable[[Collection[Key]], Collection[Key]] = lambda _: (),
    ) -> None:
        self._resource = resource
        self._destination = destination
        self._summary = summary
        self._now = now
        self._brake = brake or DeletionBrake()
        self._existing = existing
        self._scopes: dict[Scope | None, HeldScope] = {}
        self._written_keys = KeyHashes()
        self._missing: list[tuple[HeldScope, Mapping[Key, int | None]]] = []
        self._doubts: Counter[str] = Counter()

    def tables(self, batch: Batch) -> Iterator[pa.Table]:
        """The new and changed rows in `batch`; nothing where there are none.

        Raises:
            BadAnswer: a row has no key, or a value that cannot be what the catalogue says of its column.
        """
        scope = self._scopes.get(batch.scope)
        if scope is None:
            scope = self._scopes[batch.scope] = self._destination.scope(self._resource, batch.scope)
        if batch.rows:
            self._summary.read += len(batch.rows)
            yield from self._written(self._completed(batch, scope), scope, batch.scope)
        if batch.last:
            missing = scope.unread(self._now(), batch.kept) if self._resource.tombstones else {}
            if missing and batch.doubt and not self._brake.accepted:
                self._doubts[batch.doubt] += len(missing)
            elif missing:
                self._missing.append((scope, missing))
            del self._scopes[batch.scope]

    def tombstones(self) -> Iterator[pa.Table]:
        """Tombstones of the rows that the complete scopes lack, once the table is read to its end.

        Those that the brake holds back are left out: the summary has the error that says so.
        """
        keys = {key for _, missing in self._missing for key in missing}
        alive = self._destination.alive(self._resource) if keys else 0
        held = self._brake.check(self._resource.table, keys, alive)
        self._summary.held = held or self._brake.doubted(self._resource.table, self._doubts)
        if held is not None or not keys:
            return
        done = set(self._existing(keys))
        for scope, missing in self._missing:
            if gone := {key: seen_at for key, seen_at in missing.items() if key not in done}:
                done.update(gone)
                yield self._tombstones(scope, gone)

    def _completed(self, batch: Batch, scope: HeldScope) -> Rows:
        """The batch's rows, whole; rows of some columns that differ in none of them from the held row go."""
        if batch.complete is None:
            return batch.rows
        key_of = itemgetter(*self._resource.key)
        keys = [key_of(row) for row in batch.rows]
        alive = {key for key, held in scope.held(keys).items() if held.row_hash is not None}
        if not alive:
            return batch.rows
        whole = scope.rows(alive.intersection(keys))
        rows: list[Row] = []
        same: list[Key] = []
        for key, row in zip(keys, batch.rows, strict=True):
            before = whole.get(key)
            after = row if before is None else batch.complete(row, before)  # type: ignore[arg-type]
            if after is before:
                same.append(key)
            else:
                rows.append(after)  # type: ignore[arg-type]
        scope.add(same)
        return rows

    def _written(self, read: Rows, scope: HeldScope, of: Scope | None) -> Iterator[pa.Table]:
        if not read:
            return
        rows = typed(self._resource, read)
        hashes = row_hashes(rows)
        table = to_arrow(self._resource, rows)
        _check_keys(self._resource, table)
        keys = _keys(self._resource, table)
        # A key that this run has written from another scope: a key is one row of a load.
        held, read_before = scope.held(keys), {*scope.add(keys), *self._written_keys.known(keys)}
        if not held and not read_before and len(set(keys)) == len(keys):
            # A first reading has nothing to compare with, and the most rows.
            self._summary.new += len(keys)
            first_seen_at: list[int | None] = [self._now()] * len(keys)
        else:
            picked, first_seen_at = self._compared(keys, hashes, held, read_before)
            table, hashes = table.take(pa.array(picked, pa.int64())), [hashes[index] for index in picked]
            keys = [keys[index] for index in picked]
        if of is not None:
            self._written_keys.add(keys)
        if hashes:
            yield with_own(self._resource, table, first_seen_at=first_seen_at, row_hash=hashes)

    def _compared(
        self, keys: Sequence[Key], hashes: Sequence[int], held: Mapping[Key, Held], read: set[Key]
    ) -> tuple[list[int], list[int | None]]:
        """The places of rows to write, and when each was first seen. Of a key, the first row counts."""
        picked: list[int] = []
        first_seen_at: list[int | None] = []
        now = self._now()
        for index, (key, fingerprint) in enumerate(zip(keys, hashes, strict=True)):
            if key in read:
                continue
            read.add(key)
            before = held.get(key)
            if before is not None and before.row_hash == fingerprint:
                continue
            is_new = before is None or before.row_hash is None
            self._summary.new += is_new
            self._summary.changed += not is_new
            picked.append(index)
            first_seen_at.append(now if before is None or is_new else before.first_seen_at)
        return picked, first_seen_at

    def _tombstones(self, scope: HeldScope, missing: Mapping[Key, int | None]) -> pa.Table:
        rows = scope.rows(missing)
        self._summary.deleted += len(rows)
        table = to_arrow(self._resource, typed(self._resource, list(rows.values())))
        return with_own(
            self._resource,
            table,
            first_seen_at=[missing[key] for key in rows],
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
