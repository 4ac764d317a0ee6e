"""Exports through dlt: it makes the tables everywhere, and loads the rows where DuckDB is not the warehouse.

The rows are read by DuckDB all the same, with the same SQL, and handed to dlt as the readers of a sync hand
over theirs: compared with what the destination holds, then merged by key.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from pipelines.export.columns import DELIVERY_KEY, PERSON_KEY, Column, delivery_columns, person_columns
from pipelines.export.csvfile import CsvFile, broken, reading
from pipelines.export.merge import LoadContext, MergeResult, merge_obstacle
from pipelines.export.registry import RegisteredExport
from pipelines.export.requests import ExportRequest, PeopleRequest
from pipelines.warehouse.pipeline import DATASET, file_format
from sources.customerio.catalogue import Resource, resource
from sources.customerio.client import Client
from sources.customerio.extract import (
    Batch,
    DestinationRows,
    Options,
    RunContext,
    RunSummary,
    Scope,
    dlt_resource,
)

if TYPE_CHECKING:
    from dlt import Pipeline

    from sources.customerio.extract.resources import Reader

Rows = Iterator[list[dict[str, Any]]]

_ROWS_AT_ONCE = 10_000


def merged_table(order: ExportRequest) -> str:
    """The table that the rows of an order come home to."""
    return "people" if isinstance(order, PeopleRequest) else "messages"


def make_tables(target: "Pipeline", order: ExportRequest, into: Path) -> None:
    """Let dlt make the tables that the DuckDB file `into` lacks."""
    tables = (order.table, merged_table(order))
    with duckdb.connect(into) as connection:
        there = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [DATASET]
        ).fetchall()
    if not {*tables, "_dlt_loads"} <= {name for (name,) in there}:
        _run(target, {table: lambda *_: iter(()) for table in tables}, DestinationRows(), now=0)


def load_through_dlt(
    target: "Pipeline", file: CsvFile, ticket: RegisteredExport, arrival: LoadContext
) -> MergeResult:
    """Load a finished export's file into the pipeline's destination.

    Raises:
        FileBroken: the file is not what the export says; nothing was loaded.
    """
    order, export_id, known = ticket.order, arrival.export_id, DestinationRows()
    with duckdb.connect() as scanner, reading(export_id):
        found = scanner.sql(f"SELECT count(*) FROM (SELECT {file.row} FROM {file.scan})").fetchall()[0][0]
        if found != ticket.total:
            raise broken(export_id, f"has {found:,} rows, and the export says that it has {ticket.total:,}")
        readers: dict[str, Reader] = {order.table: _exported(scanner, file, export_id)}
        note = merge_obstacle(scanner, order, file, arrival)
        if note is None:
            home = _people if isinstance(order, PeopleRequest) else _deliveries
            readers[merged_table(order)] = home(scanner, file, order, known)
        counts = _run(target, readers, known, now=arrival.seen_at).resources.get(merged_table(order))
    if counts is None:
        return MergeResult(note=f"{note}: the rows are in {order.table} alone.")
    return MergeResult(new=counts.new, changed=counts.changed, deleted=counts.deleted)


def _run(
    target: "Pipeline", readers: Mapping[str, "Reader"], known: DestinationRows, *, now: int
) -> RunSummary:
    summary = RunSummary()
    # The readers ask Customer.io for nothing; dlt's resources are made around a client all the same.
    with closing(Client(app_api_key=None)) as client:
        around = RunContext(client=client, options=Options(), summary=summary, clock=lambda: now)
        target.run(
            [
                dlt_resource(around, known, resource(table), keep_going=False, reader=reader)
                for table, reader in readers.items()
            ],
            loader_file_format=file_format(target),
        )
    return report


def _exported(scanner: duckdb.DuckDBPyConnection, file: CsvFile, export_id: int) -> "Reader":
    def read(_reading: RunContext, _resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
        scope = Scope(column="export_id", low=export_id, high=export_id)
        columns = {"export_id": str(export_id), "row_number": "number", "row": file.row}
        numbered = f"(SELECT row_number() OVER () AS number, * FROM {file.scan})"
        for rows in _rows(scanner, columns, numbered, as_json=("row",)):
            yield Batch(rows=rows, scope=scope)
        yield Batch(rows=(), scope=scope, last=True)

    return read


def _people(
    scanner: duckdb.DuckDBPyConnection, file: CsvFile, order: ExportRequest, _known: DestinationRows
) -> "Reader":
    def read(_reading: RunContext, _resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
        columns = _with_key(PERSON_KEY, file, person_columns(file))
        for rows in _rows(scanner, columns, file.scan, as_json=("identifiers", "attributes")):
            yield Batch(rows=rows)
        yield Batch(rows=(), last=isinstance(order, PeopleRequest) and order.is_everybody)

    return read


def _deliveries(
    scanner: duckdb.DuckDBPyConnection, file: CsvFile, _order: ExportRequest, known: DestinationRows
) -> "Reader":
    def read(_reading: RunContext, table: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
        columns = _with_key(DELIVERY_KEY, file, delivery_columns(file))
        with scanner.cursor() as cursor:
            bounds = f"SELECT min({columns['created']}), max({columns['created']}) FROM {file.scan}"
            ((low, high),) = cursor.sql(bounds).fetchall()
        held = known.held(table, None if low is None else Scope(column="created", low=low, high=high))
        for rows in _rows(scanner, columns, file.scan, as_json=("customer_identifiers", "metrics")):
            # A row that was read by pages knows more, and stays.
            yield Batch(rows=[row for row in rows if row["id"] not in held])

    return read


def _with_key(key: Column, file: CsvFile, columns: Mapping[str, str]) -> dict[str, str]:
    return {key.name: key.sql(file), **columns}


def _rows(
    scanner: duckdb.DuckDBPyConnection, columns: Mapping[str, str], source: str, *, as_json: tuple[str, ...]
) -> Rows:
    """Rows as readers yield them, some at a time; JSON columns stay the text that they are."""
    chosen = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    # A cursor of its own: dlt's resources are read side by side.
    with scanner.cursor() as cursor:
        for batch in cursor.sql(f"SELECT {chosen} FROM {source}").to_arrow_reader(_ROWS_AT_ONCE):
            rows = batch.to_pylist()
            for row in rows:
                row.update(
                    {name: msgspec.Raw(row[name].encode()) for name in as_json if row[name] is not None}
                )
            yield rows
