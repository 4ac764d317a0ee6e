"""The rows that the pipeline's destination holds, asked of the destination itself.

The destination is the only memory of rows: there is no second copy that could disagree with it. Any SQL
destination of dlt can be asked. Where one cannot, no row is known: every row counts as new and is merged by
its key, and no deletion is noticed.

dlt's configuration context belongs to the thread in which dlt extracts: `open` is called there. After that
any thread may ask, one at a time.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from itertools import islice
from operator import itemgetter
from threading import Lock
from typing import Any, cast

import dlt
from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.common.pipeline import PipelineContext
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from sources.customerio.catalogue import Resource
from sources.customerio.extract.arrow import as_read
from sources.customerio.extract.batch import Scope
from sources.customerio.extract.diff import Held, Key
from sources.customerio.extract.rows import Row

_KEYS_A_QUERY = 500


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
        return self._query(resource, "1 = 0", ()) is not None

    def scope(self, resource: Resource, scope: Scope | None) -> "DestinationScope":
        """The rows that the table holds in `scope`, and no key read yet."""
        return DestinationScope(self, resource, self.held(resource, scope))

    def alive(self, resource: Resource) -> int:
        """The number of rows of the table that are no tombstones; 0 if the destination cannot be asked."""
        found = self._select(resource, "count(*)", "deleted_at IS NULL", ())
        return int(found[0][0]) if found else 0

    def held(self, resource: Resource, scope: Scope | None) -> dict[Key, Held]:
        """The table's rows in `scope`, by key; None is the whole table."""
        where, values = ("1 = 1", ()) if scope is None else _between(self._client, scope)
        rows = self._query(resource, where, values) or []
        key_of = _key_of(resource)
        return {key_of(row): Held(row[-2], row[-1]) for row in rows}

    def rows(self, resource: Resource, keys: Iterable[Key]) -> Iterator[Row]:
        """Whole rows of those keys, in the shape that readers yield."""
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

    def _query(self, resource: Resource, where: str, values: Iterable[object]) -> list[Any] | None:
        keys = ", ".join(self._name(column) for column in resource.key) if self._client else ""
        alive = "CASE WHEN deleted_at IS NULL THEN _row_hash END" if resource.tombstones else "_row_hash"
        return self._select(resource, f"{keys}, {alive}, first_seen_at", where, values)

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
    """A scope of a table, its keys and fingerprints in memory."""

    def __init__(self, destination: DestinationRows, resource: Resource, held: dict[Key, Held]) -> None:
        self._destination = destination
        self._resource = resource
        self._held = held
        self._read: set[Key] = set()

    def held(self, _keys: Collection[Key]) -> Mapping[Key, Held]:
        """All held rows of the scope."""
        return self._held

    def rows(self, keys: Collection[Key]) -> Mapping[Key, Row]:
        """Whole held rows of `keys`."""
        key_of = itemgetter(*self._resource.key)
        return {key_of(row): row for row in self._destination.rows(self._resource, keys)}

    def add(self, keys: Collection[Key]) -> Collection[Key]:
        """Note that `keys` were read; returns those of them that had been read before."""
        before = self._read.intersection(keys)
        self._read.update(keys)
        return before

    def unread(self, until: int) -> Mapping[Key, int | None]:
        """Rows that are alive, were first seen by `until` (Unix s) and were not read: first seen, by key."""
        unread = {
            key: held.first_seen_at
            for key, held in self._held.items()
            if held.row_hash is not None and (held.first_seen_at or 0) <= until and key not in self._read
        }
        # A scope is kept until the table's end: without the rows that are of no more use.
        self._held, self._read = {}, set()
        return unread


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
