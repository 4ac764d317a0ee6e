"""Merges an export's rows: a people export into `people`, a deliveries export into `messages`.

People go through `extract.diff`, as those of a sync do: new and changed ones are written, and if the file
holds all people, a person who is not in it gets a tombstone. Of deliveries, those are added that `messages`
lacks: a row that was read by pages has more fields and stays as it is. An added one has no fingerprint, so
that the next page that carries it counts as a change of it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import EltError
from pipelines.export.columns import DELIVERY_KEY, PERSON_KEY, Column, delivery_columns, person_columns
from pipelines.export.complete import complete
from pipelines.export.csvfile import CsvFile, rows_at_once
from pipelines.export.requests import DeliveriesRequest, ExportRequest, PeopleRequest
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query, tables
from pipelines.warehouse.runs import TABLE as RUNS
from sources.customerio.catalogue import Resource, resource
from sources.customerio.extract import Batch, Options, ResourceSummary, Scope
from sources.customerio.extract.arrow import as_read, from_arrow
from sources.customerio.extract.diff import Changes, Key
from sources.customerio.extract.held_index import Held
from sources.customerio.extract.rows import NO_FINGERPRINT, Row, TypedRow

_PEOPLE = resource("people")


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """Numbers of rows of the table that are new, changed, deleted; `note` says why none could be merged.

    `held` says why deletions were held back.
    """

    new: int = 0
    changed: int = 0
    deleted: int = 0
    note: str = ""
    held: EltError | None = None


@dataclass(frozen=True, kw_only=True)
class LoadContext:
    """The export that is loaded, and its time among the others.

    `seen_at` is when Customer.io made it, `newest_at` when it made the newest export of its kind that is
    loaded (both Unix s of its clock); `load_id` marks the rows that are written, `options` are those of the
    brake on deletions and `state` what that brake keeps.
    """

    export_id: int
    seen_at: int
    newest_at: int
    load_id: str
    options: Options = field(default_factory=Options)
    state: dict[str, Any] = field(default_factory=dict)


def merge_rows(
    connection: duckdb.DuckDBPyConnection, request: ExportRequest, file: CsvFile, context: LoadContext
) -> MergeResult:
    """Write the changes of the table of people or of deliveries; nothing, and a note, if that is not safe."""
    note = merge_obstacle(connection, request, file, context)
    if note is None and isinstance(request, PeopleRequest):
        note = read_since(lambda query: connection.execute(query).fetchall(), context)
    if note is not None:
        return MergeResult(note=f"{note}: the rows are in {DATASET}.{request.table} alone.")
    if isinstance(request, PeopleRequest):
        return _merge_people(connection, file, context, everybody=request.is_everybody)
    return _add_deliveries(connection, file, context)


def merge_obstacle(
    connection: duckdb.DuckDBPyConnection, request: ExportRequest, file: CsvFile, context: LoadContext
) -> str | None:
    """Why an export's rows cannot be merged; None if they can."""
    if isinstance(request, PeopleRequest):
        if request.attributes is not None:
            return "Only some attributes were asked for"
        if context.newest_at > context.seen_at:
            return "A people export that was made later is loaded already"
        return _key_fault(connection, PERSON_KEY, file, may_be_empty=not request.is_everybody)
    if request.drafts:
        return "Drafts were asked for, which `messages` does not have"
    return _key_fault(
        connection, DELIVERY_KEY, file, may_be_empty=True, others=_other_deliveries(request, file)
    )


def people_batches(scan: duckdb.DuckDBPyConnection, file: CsvFile, *, everybody: bool) -> Iterator[Batch]:
    """The people of the file, as a reader yields them, each to be completed from the held row."""
    for rows in file_rows(scan, file, _PEOPLE, _person_columns(file), file.scan):
        yield Batch(rows=rows, complete=complete)
    yield Batch(rows=(), last=everybody)


def file_rows(
    scan: duckdb.DuckDBPyConnection,
    file: CsvFile,
    table: Resource,
    columns: Mapping[str, str],
    source: str,
) -> Iterator[list[TypedRow]]:
    """Rows of `columns` (SQL by name) of `source`, as readers of that table yield them."""
    for batch in _scanned(scan, file, f"SELECT {_select_list(columns)} FROM {source}"):
        yield from_arrow(table, batch)


def _person_columns(file: CsvFile) -> dict[str, str]:
    return {PERSON_KEY.name: PERSON_KEY.sql(file), **person_columns(file)}


def _select_list(columns: Mapping[str, str]) -> str:
    return ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())


def _scanned(connection: duckdb.DuckDBPyConnection, file: CsvFile, sql: str) -> Iterator[pa.RecordBatch]:
    # A cursor of its own: several scans may be under way, and rows may be written meanwhile.
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        yield from cursor.sql(sql).to_arrow_reader(rows_at_once(file))


def _merge_people(
    connection: duckdb.DuckDBPyConnection, file: CsvFile, context: LoadContext, *, everybody: bool
) -> MergeResult:
    counts = ResourceSummary(resource=_PEOPLE.table)
    joined = _JoinedPeople(connection, file, context.seen_at, everybody=everybody)
    brake = context.options.brake(_PEOPLE.table, context.state)
    changes = Changes(_PEOPLE, joined, counts, lambda: context.seen_at, brake)
    for batch in joined.batches():
        for table in changes.tables(batch):
            _write(connection, _PEOPLE, table, context.load_id)
    for table in changes.tombstones():
        _write(connection, _PEOPLE, table, context.load_id)
    return MergeResult(new=counts.new, changed=counts.changed, deleted=counts.deleted, held=counts.held)


class _JoinedPeople:
    """The file's people beside the held rows of the same keys, for `extract.diff`.

    One join reads both once, whatever their number. It leaves out the pairs that `complete` would find equal
    because their texts are, which are nearly all; `complete` decides about the others. Memory is bounded:
    the held rows of one batch are in it, and those that are in no row of the file.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, file: CsvFile, seen_at: int, *, everybody: bool
    ) -> None:
        self._connection = connection
        self._file = file
        self._seen_at = seen_at
        self._everybody = everybody
        self._held: dict[Key, Row] = {}
        self._unread: list[Row] = []

    def batches(self) -> Iterator[Batch]:
        """The people of the file that may be new or changed, as a reader yields them."""
        for pairs in _scanned(self._connection, self._file, self._pairs()):
            read, held = map(_present, pairs.columns)
            rows = from_arrow(_PEOPLE, read)
            self._held = {row["cio_id"]: row for row in held.to_pylist()}
            self._unread += map(self._held.pop, self._held.keys() - {row["cio_id"] for row in rows})
            yield Batch(rows=rows, complete=complete)
        yield Batch(rows=(), last=self._everybody)

    def _pairs(self) -> str:
        """SQL: pairs of a person of the file and the held row, which differ or lack one of both."""
        columns = _person_columns(self._file)
        same = " AND ".join(
            f"(_read.{name} IS NULL OR _read.{name}::VARCHAR = _held.{name}::VARCHAR)" for name in columns
        )
        return f"""
            SELECT _read, _held
            FROM (SELECT {_select_list(columns)} FROM {self._file.scan}) AS _read
            {"FULL" if self._everybody else "LEFT"} JOIN {DATASET}.{_PEOPLE.table} AS _held USING (cio_id)
            WHERE CASE
                WHEN _read.cio_id IS NULL
                    THEN _held.deleted_at IS NULL AND _held.first_seen_at <= {self._seen_at}
                WHEN _held.deleted_at IS NULL AND _held._row_hash IS NOT NULL
                    THEN NOT coalesce({same}, false)
                ELSE true
            END
        """

    def scope(self, _resource: Resource, _scope: Scope | None) -> "_JoinedPeople":
        """The whole table."""
        return self

    def held(self, _keys: Collection[Key]) -> Mapping[Key, Held]:
        """The held rows of the batch."""
        return {
            key: Held(row["_row_hash"] if row["deleted_at"] is None else None, row["first_seen_at"])
            for key, row in self._held.items()
        }

    def rows(self, keys: Collection[Key]) -> Mapping[Key, Row]:
        """Whole held rows of `keys`."""
        return {key: as_read(_PEOPLE, self._held[key]) for key in keys}

    def add(self, _keys: Collection[Key]) -> Sequence[Key]:
        """Note nothing: in a file that is merged, each key is there once."""
        return ()

    def unread(self, _until: int, _kept: Callable[[Key], bool] | None = None) -> Mapping[Key, int | None]:
        """Rows that are alive, were first seen by the time of the export and are in no row of the file."""
        self._held = {row["cio_id"]: row for row in self._unread}
        return {key: row["first_seen_at"] for key, row in self._held.items()}

    def alive(self, resource: Resource) -> int:
        """The number of rows of the table that are no tombstones."""
        sql = f"SELECT count(*) FROM {DATASET}.{resource.table} WHERE deleted_at IS NULL"
        return int(self._connection.execute(sql).fetchall()[0][0])


def _present(side: Any) -> pa.RecordBatch:
    """One side of joined pairs, without the pairs that lack it."""
    batch = pa.RecordBatch.from_struct_array(side)
    return batch.filter(batch.column("cio_id").is_valid())


def _write(connection: duckdb.DuckDBPyConnection, table: Resource, changes: pa.Table, load_id: str) -> None:
    """Update the rows of those keys and insert the others."""
    columns = [f'"{name}"' for name in changes.column_names]
    same = " AND ".join(f'held."{name}" = read."{name}"' for name in table.key)
    connection.register("changed_rows", changes)
    connection.execute(
        f"""
        MERGE INTO {DATASET}.{table.table} AS held USING changed_rows AS read ON {same}
        WHEN MATCHED THEN UPDATE SET
            {", ".join(f"{name} = read.{name}" for name in columns)}, _dlt_load_id = $load_id
        WHEN NOT MATCHED THEN INSERT ({", ".join(columns)}, _dlt_load_id)
            VALUES ({", ".join(f"read.{name}" for name in columns)}, $load_id)
        """,
        {"load_id": load_id},
    )
    connection.unregister("changed_rows")


def _add_deliveries(
    connection: duckdb.DuckDBPyConnection, file: CsvFile, context: LoadContext
) -> MergeResult:
    key, columns = DELIVERY_KEY.sql(file), delivery_columns(file)
    found = connection.execute(
        f"""
        INSERT INTO {DATASET}.messages (id, {", ".join(columns)}, first_seen_at, _row_hash, _dlt_load_id)
        SELECT {key}, {", ".join(columns.values())}, $seen_at, {NO_FINGERPRINT}, $load_id
        FROM {file.scan}
        ANTI JOIN (SELECT id AS held_id FROM {DATASET}.messages) ON held_id = {key}
        """,
        {"seen_at": context.seen_at, "load_id": context.load_id},
    ).fetchone()
    return MergeResult(new=found[0] if found else 0)


def _key_fault(
    connection: duckdb.DuckDBPyConnection,
    key: Column,
    file: CsvFile,
    *,
    may_be_empty: bool,
    others: Mapping[str, str] = MappingProxyType({}),
) -> str | None:
    """The fault of the file's key column, or of its rows; None if there is none.

    `others` are conditions (SQL) of rows that were not asked for, by the words for them.
    """
    if key.cell(file) is None:
        return f"No column of the file is called {' or '.join(key.headers)}"
    cell = key.sql(file)
    # By hash: whole ids of millions of rows would not fit into memory. A collision is next to impossible, and
    # would keep a file out of the table, no more.
    counts = ["count(*)", f"count({cell})", f"count(DISTINCT hash({cell}))"]
    counts += [f"count(*) FILTER (WHERE {condition})" for condition in others.values()]
    ((rows, filled, different, *found),) = connection.execute(
        f"SELECT {', '.join(counts)} FROM {file.scan}"
    ).fetchall()
    if not rows and not may_be_empty:
        return "The file has no row, and no person was marked as deleted"
    if filled < rows:
        return f"{rows - filled:,} rows of the file have no {key.name}"
    if different < rows:
        return f"{rows - different:,} rows of the file have the {key.name} of another one"
    named = ((number, says) for number, says in zip(found, others, strict=True) if number)
    return next((f"{number:,} rows of the file {says}" for number, says in named), None)


def _other_deliveries(request: DeliveriesRequest, file: CsvFile) -> dict[str, str]:
    """Conditions of rows that are none of the deliveries that were asked for, by the words for them."""
    columns = delivery_columns(file)
    created = columns["created"]
    faults = {"have no time of creation": f"{created} IS NULL"}
    if request.start is not None and request.end is not None:
        outside = f"{created} NOT BETWEEN {request.start} AND {request.end}"
        faults["were created outside of the time that was asked for"] = outside
    for name, value in request.parents.items():
        faults[f"are of another {name} than {value}"] = f"{columns[name]} <> {value}"
    return faults


def read_since(query: Query, context: LoadContext) -> str | None:
    """The obstacle that a sync read people by pages after the export was made: its rows are newer.

    A sync that read people by an export is noted without a request.
    """
    newer = RUNS in tables(query) and query(
        f"SELECT 1 FROM {DATASET}.{RUNS} WHERE resource = 'people' AND requests > 0 "
        f"AND finished_at > {context.seen_at}"
    )
    return "A sync has read people after the export was made" if newer else None
