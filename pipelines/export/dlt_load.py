"""Exports through dlt: makes the tables everywhere, and loads the rows where DuckDB is not the warehouse.

The rows are read by DuckDB all the same, with the same SQL, and handed to dlt as the readers of a sync hand
over theirs: compared with the destination's rows, then merged by key.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines.export.columns import DELIVERY_KEY, delivery_columns
from pipelines.export.csvfile import CsvFile, broken, file_errors, scanner
from pipelines.export.merge import (
    LoadContext,
    MergeResult,
    file_rows,
    merge_obstacle,
    people_batches,
    read_since,
)
from pipelines.export.registry import RegisteredExport
from pipelines.export.requests import ExportRequest, PeopleRequest
from pipelines.notify import silent
from pipelines.warehouse.doubles import heal
from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.pipeline import DATASET, file_format, load
from pipelines.warehouse.queries import query_of
from sources.customerio.catalogue import Resource, resource
from sources.customerio.client import Client
from sources.customerio.extract import (
    Batch,
    DestinationRows,
    RunContext,
    RunSummary,
    Scope,
    dlt_resource,
)

if TYPE_CHECKING:
    from dlt import Pipeline

    from sources.customerio.extract.resources import Reader


def merged_table(request: ExportRequest) -> str:
    """The table that the rows of a request are merged into."""
    return "people" if isinstance(request, PeopleRequest) else "messages"


NO_EXPORT = LoadContext(export_id=0, seen_at=0, newest_at=0, load_id="")
"""The context of a run that makes tables and loads no row."""


def make_tables(target: "Pipeline", request: ExportRequest, into: Path) -> None:
    """Let dlt make the tables that the DuckDB file `into` lacks."""
    tables = (request.table, merged_table(request))
    with open_file(into) as connection:
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [DATASET]
        ).fetchall()
    if not {*tables, "_dlt_loads"} <= {name for (name,) in found}:
        _run(target, {table: lambda *_: iter(()) for table in tables}, DestinationRows(), NO_EXPORT)


def load_through_dlt(
    target: "Pipeline", file: CsvFile, export: RegisteredExport, context: LoadContext
) -> MergeResult:
    """Load a finished export's file into the pipeline's destination.

    Raises:
        FileBroken: the file is not what the export says; nothing was loaded.
    """
    request, export_id, destination = export.request, context.export_id, DestinationRows()
    with scanner(file) as scan, file_errors(export_id):
        found = scan.sql(f"SELECT count(*) FROM (SELECT {file.row} FROM {file.whole})").fetchall()[0][0]
        if found != export.total:
            raise broken(export_id, f"has {found:,} rows, and the export says that it has {export.total:,}")
        readers: dict[str, Reader] = {request.table: _exported(scan, file, export_id)}
        note = merge_obstacle(scan, request, file, _in_time(target, request, context))
        if note is None and isinstance(request, PeopleRequest):
            with target.sql_client() as sql:
                note = read_since(query_of(sql), context)
        if note is None:
            readers[merged_table(request)] = _merged(scan, file, request, destination)
        summary = _run(target, readers, destination, context)
    counts = summary.resources.get(merged_table(request))
    if counts is None:
        return MergeResult(note=f"{note}: the rows are in {request.table} alone.")
    return MergeResult(new=counts.new, changed=counts.changed, deleted=counts.deleted, held=counts.held)


def _run(
    target: "Pipeline", readers: Mapping[str, "Reader"], destination: DestinationRows, context: LoadContext
) -> RunSummary:
    summary = RunSummary()
    # These readers send no request; dlt's resources are made with a client all the same.
    with closing(Client(app_api_key=None)) as client:
        run = RunContext(
            client=client, options=context.options, summary=summary, clock=lambda: context.seen_at
        )
        target.extract(
            [
                dlt_resource(run, destination, resource(table), keep_going=False, reader=reader)
                for table, reader in readers.items()
            ],
            loader_file_format=file_format(target),
        )
    heal(target, silent, load(target))
    return summary


def _in_time(target: "Pipeline", request: ExportRequest, context: LoadContext) -> LoadContext:
    """The context with the newest export that any data folder has loaded: each notes its own alone."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    with target.sql_client() as sql:
        table = sql.make_qualified_table_name(request.table)
        newest = f"SELECT max(first_seen_at) FROM {table} WHERE export_id <> {context.export_id}"
        try:
            ((found,),) = query_of(sql)(newest)
        except DatabaseUndefinedRelation:
            return context
    return replace(context, newest_at=max(context.newest_at, found or 0))


def _exported(scan: duckdb.DuckDBPyConnection, file: CsvFile, export_id: int) -> "Reader":
    def read(_run: RunContext, table: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
        scope = Scope(column="export_id", low=export_id, high=export_id)
        columns = {"export_id": str(export_id), "row_number": "number", "row": file.row}
        for rows in file_rows(scan, file, table, columns, file.numbered):
            yield Batch(rows=rows, scope=scope)
        yield Batch(rows=(), scope=scope, last=True)

    return read


def _merged(
    scan: duckdb.DuckDBPyConnection, file: CsvFile, request: ExportRequest, destination: DestinationRows
) -> "Reader":
    def read(_run: RunContext, table: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
        if isinstance(request, PeopleRequest):
            return people_batches(scan, file, everybody=request.is_everybody)
        return _delivery_batches(scan, file, table, destination)

    return read


def _delivery_batches(
    scan: duckdb.DuckDBPyConnection, file: CsvFile, table: Resource, destination: DestinationRows
) -> Iterator[Batch]:
    columns = {DELIVERY_KEY.name: DELIVERY_KEY.sql(file), **delivery_columns(file)}
    with scan.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        bounds = f"SELECT min({columns['created']}), max({columns['created']}) FROM {file.scan}"
        ((low, high),) = cursor.sql(bounds).fetchall()
    scope = destination.scope(table, None if low is None else Scope(column="created", low=low, high=high))
    for rows in file_rows(scan, file, table, columns, file.scan):
        # A row that was read by pages has more fields, and stays.
        held = scope.held([row["id"] for row in rows])
        yield Batch(rows=[row for row in rows if row["id"] not in held])
