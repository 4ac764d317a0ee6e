"""The rows that the pipeline's destination holds, asked of the destination itself.

The destination is the only memory of rows: there is no second copy that could disagree with it. Any SQL
destination of dlt can be asked. Where one cannot, no row is known: every row counts as new and is merged by
its key, and no deletion is noticed.

dlt's configuration context belongs to the thread in which dlt extracts: `open` is called there. After that
any thread may ask, one at a time.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from itertools import islice
from operator import itemgetter
from threading import Lock
from typing import Any, cast

import dlt
import numpy as np
from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.common.pipeline import PipelineContext
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from sources.customerio.catalogue import Resource
from sources.customerio.extract.arrow import as_read
from sources.customerio.extract.batch import Scope
from sources.customerio.extract.diff import Key
from sources.customerio.extract.held_index import Held, HeldIndex
from sources.customerio.extract.key_hashes import KeyHashes, hashes_of
from sources.customerio.extract.rows import Row

_KEYS_A_QUERY = 500
_ROWS_A_PART = 50_000

Part = tuple[Sequence[Key], Sequence[int | None], Sequence[int | None]]
"""Keys, fingerprints (None is a tombstone) and times of first sight (Unix s) of some rows."""


class DestinationRows:
    """Reads the tables of the active pipeline's destination."""

    def __init__(self) -> None:
        self._connected = ExitStack()
        self._client: Any = None
        self._missing: set[str] = set()
        self._asking = Lock()

    def open(self) -> None:
        """Connect, if there is a pipeline and its destination can be asked."""
        pipeline = _active_pipeline()
        if pipeline is not None and self._client is None:
            with suppress(SqlClientNotAvailable):
                client: AbstractContextManager[Any] = pipeline.sql_client()  # type: ignore[assignment]
                self._client = self._connected.enter_context(client)

    def close(self) -> None:
        """Disconnect, so that the load can connect."""
        # A run that was interrupted may still have a thread that asks.
        with self._asking:
            self._client = None
            self._missing.clear()
            self._connected.close()

    def has_table(self, resource: Resource) -> bool:
        """Checks if the destination has the table."""
        return self._select(resource, "1", "1 = 0", ()) is not None

    def scope(self, resource: Resource, scope: Scope | None) -> "DestinationScope":
        """The rows that the table holds in `scope`, and no key read yet."""
        return DestinationScope(self, resource, scope)

    def alive(self, resource: Resource) -> int:
        """The number of rows of the table that are no tombstones; 0 if the destination cannot be asked."""
        found = self._select(resource, "count(*)", "deleted_at IS NULL", ())
        return int(found[0][0]) if found else 0

    def parts(self, resource: Resource, scope: Scope | None) -> Iterator[Part]:
        """Keys, fingerprints and times of first sight of the table's rows in `scope`, some rows at a time."""
        where, values = ("1 = 1", ()) if scope is None else _between(self._client, scope)
        key_of = _key_of(resource)
        for rows in self._parts(resource, where, values):
            yield [key_of(row) for row in rows], [row[-2] for row in rows], [row[-1] for row in rows]

    def rows(self, resource: Resource, keys: Iterable[Key]) -> Iterator[Row]:
        """Whole rows of those keys, in the shape that readers yield; none if the table is not there."""
        if self._client is None or resource.table in self._missing:
            return
        last = self._name(resource.key[-1])
        wanted = iter(keys)
        key_of = itemgetter(*resource.key)
        while chunk := set(islice(wanted, _KEYS_A_QUERY)):
            values = [key[-1] if isinstance(key, tuple) else key for key in chunk]
            where = f"{last} IN ({', '.join(['%s'] * len(values))})"
            names, found = self._whole(resource, where, values)
            for row in (as_read(resource, dict(zip(names, cells, strict=True))) for cells in found):
                if key_of(row) in chunk:
                    yield row

    def _parts(self, resource: Resource, where: str, values: Iterable[object]) -> Iterator[list[Any]]:
        if self._client is None or resource.table in self._missing:
            return
        keys = ", ".join(self._name(column) for column in resource.key)
        alive = "CASE WHEN deleted_at IS NULL THEN _row_hash END" if resource.tombstones else "_row_hash"
        table = self._client.make_qualified_table_name(resource.table)
        sql = f"SELECT {keys}, {alive}, first_seen_at FROM {table} WHERE {where}"
        try:
            with self._asking, self._client.execute_query(sql, *values) as cursor:
                while rows := cursor.fetchmany(_ROWS_A_PART):
                    yield rows
        except DatabaseUndefinedRelation:
            self._missing.add(resource.table)

    def _select(
        self, resource: Resource, what: str, where: str, values: Iterable[object]
    ) -> list[Any] | None:
        if self._client is None or resource.table in self._missing:
            return None
        table = self._client.make_qualified_table_name(resource.table)
        try:
            return self._fetched(f"SELECT {what} FROM {table} WHERE {where}", values)[1]
        except DatabaseUndefinedRelation:
            self._missing.add(resource.table)
            return None

    def _whole(self, resource: Resource, where: str, values: Iterable[object]) -> tuple[list[str], list[Any]]:
        table = self._client.make_qualified_table_name(resource.table)
        return self._fetched(f"SELECT * FROM {table} WHERE {where}", values)

    def _fetched(self, sql: str, values: Iterable[object]) -> tuple[list[str], list[Any]]:
        with self._asking, self._client.execute_query(sql, *values) as cursor:
            return [column[0] for column in cursor.description], list(cursor.fetchall())

    def _name(self, column: str) -> str:
        return str(self._client.escape_column_name(column)) if self._client else column


class DestinationScope:
    """A scope of a table: an index of its rows, and the hashes of the keys that were read."""

    def __init__(self, destination: DestinationRows, resource: Resource, scope: Scope | None) -> None:
        self._destination = destination
        self._resource = resource
        self._scope = scope
        self._held = HeldIndex(destination.parts(resource, scope))
        self._read = KeyHashes()

    def held(self, keys: Collection[Key]) -> Mapping[Key, Held]:
        """The held rows among those of `keys`."""
        return self._held.of(keys)

    def rows(self, keys: Collection[Key]) -> Mapping[Key, Row]:
        """Whole held rows of `keys`."""
        key_of = itemgetter(*self._resource.key)
        return {key_of(row): row for row in self._destination.rows(self._resource, keys)}

    def add(self, keys: Sequence[Key]) -> Collection[Key]:
        """Note that `keys` were read; returns those of them that had been read before."""
        before = set(self._read.known(keys))
        self._read.add([key for key in keys if key not in before] if before else keys)
        return before

    def unread(self, until: int, kept: Callable[[Key], bool] | None = None) -> Mapping[Key, int | None]:
        """Rows that are alive, were first seen by `until` (Unix s) and were not read: first seen, by key.

        Those that are `kept` are left out.
        """
        missing = self._held.unread(self._read, until)
        # A scope is kept until the table's end: without the rows that are of no more use.
        self._held, self._read = HeldIndex(()), KeyHashes()
        found: dict[Key, int | None] = {}
        if len(missing):
            for keys, _, times in self._destination.parts(self._resource, self._scope):
                places = np.flatnonzero(np.isin(hashes_of(keys), missing)).tolist()
                found.update(
                    (keys[place], times[place]) for place in places if kept is None or not kept(keys[place])
                )
        return found


def _key_of(resource: Resource) -> Callable[[Any], Key]:
    """Takes the key out of a row whose first columns it is."""
    return itemgetter(*range(len(resource.key)))


def _active_pipeline() -> dlt.Pipeline | None:
    context = Container()[PipelineContext]
    # Asking dlt for "the current pipeline" would make one, and its folders, where there is none.
    return cast(dlt.Pipeline, context.pipeline()) if context.is_active() else None


def _between(client: Any, scope: Scope) -> tuple[str, tuple[int | str, ...]]:
    columns = [scope.column, *(column for column, _ in scope.where)]
    names = [client.escape_column_name(column) if client else column for column in columns]
    where = " AND ".join([f"{names[0]} BETWEEN %s AND %s", *(f"{name} = %s" for name in names[1:])])
    return where, (scope.low, scope.high, *(value for _, value in scope.where))
