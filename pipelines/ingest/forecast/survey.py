"""The facts that a forecast rests on: the warehouse, the watermarks, and a few small requests.

Nothing is written. Every request is counted, and made once.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import orjson

from pipelines.settings import Settings
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query, tables
from sources.customerio.catalogue import Operation, Resource, operation, resource
from sources.customerio.client import NOT_FOR_THIS_KEY, Client, NotFound, Request
from sources.customerio.extract import Options

Found = TypeVar("Found")

_ROWS_WEIGHED = 1000
# Destinations that make JSON of a row by that function.
_WITH_TO_JSON = ("duckdb", "postgres")
_STATE = "_dlt_pipeline_state"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list as it was read: its rows, and the requests that took. `whole` is False if more rows follow."""

    rows: list[Any]
    requests: int
    whole: bool = True


@dataclass(kw_only=True)
class Survey:
    """Looks facts up.

    `now` is Customer.io's clock (Unix s), and `people` the number of people in the workspaces of the key's
    account. `workspace_id` is the recorded one of the data folder, None while it is not certain. `checks` are
    the requests that check the key and the workspace before a run, and `notes` those that then note the
    contents of a workspace of which nothing is known.
    """

    settings: Settings
    client: Client
    query: Query
    options: Options
    now: int
    people: int = 0
    workspace_id: int | None = None
    checks: int = 1
    notes: int = 0
    requests: int = 0
    _kept: dict[Any, Any] = field(default_factory=dict)
    _weights: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self.client.watching(self._count)

    def _count(self, _request: Request) -> None:
        self.requests += 1

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """The result of `find`, called once for each key."""
        if key not in self._kept:
            self._kept[key] = find()
        found: Found = self._kept[key]
        return found

    @property
    def requests_an_export(self) -> int:
        """The requests of an export: check, list of exports, order, one question for its state, link."""
        return self.checks + 4

    @cached_property
    def objects(self) -> int:
        """The number of objects in the workspace, or in the account while the workspace is not certain."""
        found = self.listed("workspaces").rows
        own = [record for record in found if record.get("id") == self.workspace_id] or found
        return sum(int(record.get("objects") or 0) for record in own)

    @cached_property
    def tables(self) -> set[str]:
        """The names of the raw tables that the warehouse has."""
        return tables(self.query)

    def state(self, table: str) -> Mapping[str, Any]:
        """The watermarks that the last sync of the table left; empty before the first one."""
        states: Mapping[str, Mapping[str, Any]] = self.source_state.get("resources", {})
        return states.get(table, {})

    @cached_property
    def source_state(self) -> Mapping[str, Any]:
        """The state that the last sync left, with `resources` by table; empty before the first one."""
        if _STATE not in self.tables:
            return {}
        # It imports dlt, which a plan of a first sync does not need.
        from dlt.common.versioned_state import decompress_state

        newest = self.query(f"SELECT state FROM {DATASET}.{_STATE} ORDER BY version DESC LIMIT 1")
        document = decompress_state(newest[0][0]) if newest else {}
        state: Mapping[str, Any] = document.get("sources", {}).get("customerio", {})
        return state

    def held(self, table: str, select: str, rest: str = "") -> list[tuple[Any, ...]]:
        """The result of a query on the table's living rows; none while the warehouse has no such table."""
        if table not in self.tables:
            return []
        alive = "deleted_at IS NULL" if resource(table).tombstones else "1 = 1"
        return self.query(f"SELECT {select} FROM {DATASET}.{table} WHERE {alive} {rest}")

    def count(self, table: str, rest: str = "") -> int | None:
        """The number of the table's living rows; None while the warehouse has no such table."""
        counted = self.held(table, "count(*)", rest)
        return int(counted[0][0]) if counted else None

    def listed(self, table: str) -> Listing:
        """All rows of a list that other readers need, read as a sync reads it."""
        row = resource(table)
        return self.read(row, whole=True)

    def read(
        self,
        row: Resource,
        call: Operation | None = None,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        body: object = None,
        whole: bool = False,
    ) -> Listing:
        """The rows of a call, by default the resource's own; without `whole` its first page alone.

        A call that the key, region or plan lacks, or whose parent is gone, has no rows.
        """
        call = call or operation(row.operation)
        key = (call.id, str(path), str(query), str(body), whole)
        return self.once(key, lambda: self._read(row, call, path, query, body, whole))

    def _read(
        self,
        row: Resource,
        call: Operation,
        path: Mapping[str, object] | None,
        query: Mapping[str, object] | None,
        body: object,
        whole: bool,
    ) -> Listing:
        before, rows, ends = self.requests, [], True
        given = [query] if query is not None or path is not None else list(row.asked)
        try:
            for asked in given:
                for page in self.client.pages(call.id, path=path, query=asked, body=body):
                    rows += page.records
                    ends = page.next is None
                    if not whole:
                        break
        except NOT_FOR_THIS_KEY:
            if not row.may_be_missing:
                raise
        except NotFound:
            pass
        self.weigh(row.table, rows)
        return Listing(rows=rows, requests=self.requests - before, whole=ends)

    def weigh(self, table: str, rows: list[Any]) -> None:
        """Note the size of rows of a table that were read."""
        size, number = self._weights.get(table, (0, 0))
        self._weights[table] = (size + sum(len(orjson.dumps(row)) for row in rows), number + len(rows))

    def row_bytes(self, table: str) -> float | None:
        """The mean length of a row as JSON, of those that were seen; None if none was."""
        sample = (
            f"SELECT avg(length(CAST(to_json(t) AS VARCHAR))) FROM (SELECT * FROM {DATASET}.{table} "
            f"LIMIT {_ROWS_WEIGHED}) AS t"
        )
        weighs = table in self.tables and self.settings.cio_elt_destination in _WITH_TO_JSON
        found = self.query(sample) if weighs else []
        if found and found[0][0] is not None:
            return float(found[0][0])
        size, number = self._weights.get(table, (0, 0))
        return size / number if number else None
