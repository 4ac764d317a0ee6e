"""Merges an export's rows: a people export into `people`, a deliveries export into `messages`.

People go through `extract.diff`, as those of a sync do: new and changed ones are written, and if the file
holds all people, a person who is not in it gets a tombstone. Of deliveries, those are added that `messages`
lacks: a row that was read by pages has more fields and stays as it is. An added one has no fingerprint, so
that the next page that carries it counts as a change of it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from pipelines.export.columns import DELIVERY_KEY, PERSON_KEY, Column, delivery_columns, person_columns
from pipelines.export.complete import complete
from pipelines.export.csvfile import CsvFile, rows_at_once, scanner
from pipelines.export.requests import ExportRequest, PeopleRequest
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.runs import TABLE as RUNS
from sources.customerio.catalogue import Resource, resource
from sources.customerio.extract import Batch, ResourceSummary, Scope
from sources.customerio.extract.arrow import as_read
from sources.customerio.extract.diff import Changes, Held, Key
from sources.customerio.extract.rows import NO_FINGERPRINT, Row

_PEOPLE = resource("people")


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """Numbers of rows of the table that are new, changed, deleted; `note` says why none could be merged."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class LoadContext:
    """The export that is loaded, and its time among the others.

    `seen_at` is when Customer.io made it, `newest_at` when it made the newest export of its kind that is
    loaded (both Unix s of its clock); `load_id` marks the rows that are written.
    """

    export_id: int
    seen_at: int
    newest_at: int
    load_id: str


def merge_rows(
    connection: duckdb.DuckDBPyConnection, request: ExportRequest, file: CsvFile, context: LoadContext
) -> MergeResult:
    """Write the changes of the table of people or of deliveries; nothing, and a note, if that is not safe."""
    note = merge_obstacle(connection, request, file, context)
    if note is None and isinstance(request, PeopleRequest):
        note = _read_since(connection, context)
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
    return _key_fault(connection, DELIVERY_KEY, file, may_be_empty=True)


def people_batches(scan: duckdb.DuckDBPyConnection, file: CsvFile, *, everybody: bool) -> Iterator[Batch]:
    """The people of the file, as a reader yields them, each to be completed from the held row."""
    columns = {PERSON_KEY.name: PERSON_KEY.sql(file), **person_columns(file)}
    for rows in file_rows(scan, file, columns, file.scan, as_json=("identifiers", "attributes")):
        yield Batch(rows=rows, complete=complete)
    yield Batch(rows=(), last=everybody)


def file_rows(
    scan: duckdb.DuckDBPyConnection,
    file: CsvFile,
    columns: Mapping[str, str],
    source: str,
    *,
    as_json: tuple[str, ...],
) -> Iterator[list[Row]]:
    """Rows of `columns` (SQL by name) of `source`, as readers yield them; JSON columns stay text."""
    chosen = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    # A cursor of its own: several scans may be under way.
    with scan.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        for batch in cursor.sql(f"SELECT {chosen} FROM {source}").to_arrow_reader(rows_at_once(file)):
            rows = batch.to_pylist()
            for row in rows:
                row.update(
                    {name: msgspec.Raw(row[name].encode()) for name in as_json if row[name] is not None}
                )
            yield rows


def _merge_people(
    connection: duckdb.DuckDBPyConnection, file: CsvFile, context: LoadContext, *, everybody: bool
) -> MergeResult:
    counts = ResourceSummary(resource=_PEOPLE.table)
    changes = Changes(_PEOPLE, _Table(connection), counts, lambda: context.seen_at)
    with scanner(file) as scan:
        for batch in people_batches(scan, file, everybody=everybody):
            for table in changes.tables(batch):
                _write(connection, _PEOPLE, table, context.load_id)
    return MergeResult(new=counts.new, changed=counts.changed, deleted=counts.deleted)


class _Table:
    """A table of the DuckDB file, for `extract.diff`; the keys that were read are in a temporary table.

    So memory is bounded: no more keys than those of a batch are in it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._resource = _PEOPLE

    def scope(self, resource: Resource, _scope: Scope | None) -> "_Table":
        """The whole table, no key read yet."""
        self._resource = resource
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE read_keys ({self._key} VARCHAR)")
        return self

    @property
    def _key(self) -> str:
        (key,) = self._resource.key
        return key

    def held(self, keys: Collection[Key]) -> Mapping[Key, Held]:
        """The held rows among those of `keys`."""
        alive = "CASE WHEN deleted_at IS NULL THEN _row_hash END"
        with self._wanted(keys):
            rows = self._connection.execute(
                f"SELECT {self._key}, {alive}, first_seen_at FROM {DATASET}.{self._resource.table} "
                f"SEMI JOIN wanted USING ({self._key})"
            ).fetchall()
        return {key: Held(row_hash, first_seen_at) for key, row_hash, first_seen_at in rows}

    def rows(self, keys: Collection[Key]) -> Mapping[Key, Row]:
        """Whole held rows of `keys`."""
        with self._wanted(keys):
            found = self._rows(f"SEMI JOIN wanted USING ({self._key})", [])
            return {row[self._key]: as_read(self._resource, row) for row in found}

    def add(self, keys: Collection[Key]) -> Sequence[Key]:
        """Note that `keys` were read; in a file that is merged each is there once."""
        with self._wanted(keys):
            self._connection.execute("INSERT INTO read_keys FROM wanted")
        return ()

    def unread(self, until: int) -> Iterator[tuple[int | None, Row]]:
        """Rows that are alive, were first seen by `until` (Unix s) and were not read: (first seen, row)."""
        where = f"ANTI JOIN read_keys USING ({self._key}) WHERE deleted_at IS NULL AND first_seen_at <= ?"
        for row in self._rows(where, [until]):
            yield row["first_seen_at"], as_read(self._resource, row)

    def _rows(self, where: str, values: list[object]) -> Iterator[dict[str, Any]]:
        found = self._connection.execute(f"FROM {DATASET}.{self._resource.table} {where}", values)
        names = [column[0] for column in found.description]
        return (dict(zip(names, cells, strict=True)) for cells in found.fetchall())

    @contextmanager
    def _wanted(self, keys: Collection[Key]) -> Iterator[None]:
        self._connection.register("wanted", pa.table({self._key: pa.array(list(keys), pa.string())}))
        try:
            yield
        finally:
            self._connection.unregister("wanted")


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
        WHERE NOT EXISTS (SELECT 1 FROM {DATASET}.messages AS held WHERE held.id = {key})
        """,
        {"seen_at": context.seen_at, "load_id": context.load_id},
    ).fetchone()
    return MergeResult(new=found[0] if found else 0)


def _key_fault(
    connection: duckdb.DuckDBPyConnection, key: Column, file: CsvFile, *, may_be_empty: bool
) -> str | None:
    """The fault of the file's key column; None if it has none."""
    if key.cell(file) is None:
        return f"No column of the file is called {' or '.join(key.headers)}"
    cell = key.sql(file)
    # By hash: whole ids of millions of rows would not fit into memory. A collision is next to impossible, and
    # would keep a file out of the table, no more.
    counted = connection.execute(
        f"SELECT count(*), count({cell}), count(DISTINCT hash({cell})) FROM {file.scan}"
    ).fetchone()
    rows, filled, different = counted or (0, 0, 0)
    if not rows and not may_be_empty:
        return "The file has no row, and no person was marked as deleted"
    if filled < rows:
        return f"{rows - filled:,} rows of the file have no {key.name}"
    if different < rows:
        return f"{rows - different:,} rows of the file have the {key.name} of another one"
    return None


def _read_since(connection: duckdb.DuckDBPyConnection, context: LoadContext) -> str | None:
    """The obstacle that a sync read people by pages after the export was made: its rows are newer.

    A sync that read people by an export is noted without a request.
    """
    has_runs = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", [DATASET, RUNS]
    ).fetchone()
    newer = (
        has_runs
        and connection.execute(
            f"SELECT 1 FROM {DATASET}.{RUNS} WHERE resource = 'people' AND requests > 0 AND finished_at > ?",
            [context.seen_at],
        ).fetchone()
    )
    return "A sync has read people after the export was made" if newer else None
