"""Loading an export's file into DuckDB: natively, whole or not at all, once per export id.

    scan the file in order -> rows of `exported_*` -> counted against `total` -> commit

The scan numbers the rows, which takes their order, so one thread of a DuckDB of its own does it; all
threads of the warehouse make and write the rows. Memory is bounded in both, whatever the file's size.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.export.csvfile import CsvFile, broken, reading
from pipelines.export.merge import LoadContext, MergeResult, merge_rows
from pipelines.export.registry import RegisteredExport
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.pipeline import DATASET

_MEMORY_MB, _SCAN_MEMORY_MB = 256, 128
# Of every column DuckDB holds a vector of 32 KiB, and a few more for what is made of it, in each thread.
_MEMORY_A_COLUMN_MB = 0.5
# Each thread needs memory of its own; more of them would not fit, and of a wide file only one does.
_THREADS = min(4, os.cpu_count() or 1)
_WIDE = 250
# Rows on the way from the scan to the warehouse: few where they are wide.
_ROWS_AT_ONCE = 20_000
_CELLS_AT_ONCE = 1_000_000


class Loader:
    """Writes one export's rows into the DuckDB file `into`, in a transaction a step."""

    def __init__(
        self, into: Path, ticket: RegisteredExport, source: CsvFile, arrival: LoadContext, schema: str
    ) -> None:
        """`schema` is the name of dlt's schema in that file; dlt has made the tables."""
        self._into = into
        self._ticket = ticket
        self._source = source
        self._arrival = arrival
        self._schema = schema

    def rows(self) -> None:
        """Load the file's rows into `exported_*`; nothing is done where they are there.

        Raises:
            FileBroken: the file is not what the export says; nothing was loaded.
            WarehouseFailed: DuckDB could not write.
        """
        with self._transaction() as connection:
            _rows(connection, self._ticket, self._source, self._arrival)

    def home(self) -> MergeResult:
        """Write what `people` or `messages` lack of them.

        Raises:
            WarehouseFailed: DuckDB could not write.
        """
        with self._transaction() as connection:
            return merge_rows(connection, self._ticket.order, self._source, self._arrival)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with _warehouse(self._into, self._source) as connection, reading(self._arrival.export_id):
                connection.begin()
                yield connection
                connection.execute(
                    f"""
                    INSERT INTO {DATASET}._dlt_loads (load_id, schema_name, status, inserted_at)
                    SELECT $load_id, $schema, 0, now()
                    WHERE NOT EXISTS (SELECT 1 FROM {DATASET}._dlt_loads WHERE load_id = $load_id)
                    """,
                    {"load_id": self._arrival.load_id, "schema": self._schema},
                )
                connection.commit()
        except duckdb.Error as error:
            raise file_failure(error) from None


@contextmanager
def _warehouse(file: Path, source: CsvFile) -> Iterator[duckdb.DuckDBPyConnection]:
    columns = len(source.names)
    with duckdb.connect(file) as connection:
        for setting in (
            f"SET memory_limit = '{_MEMORY_MB + int(_MEMORY_A_COLUMN_MB * columns)}MB'",
            f"SET threads = {_THREADS if columns < _WIDE else 1}",
            "SET preserve_insertion_order = false",
            "SET enable_progress_bar = false",
            "SET TimeZone = 'UTC'",
            # Rows of JSON are long and alike: a quarter of the size of the default, and no slower.
            "PRAGMA force_compression = 'zstd'",
        ):
            connection.execute(setting)
        yield connection


def _rows(
    connection: duckdb.DuckDBPyConnection, ticket: RegisteredExport, source: CsvFile, arrival: LoadContext
) -> None:
    table = f"{DATASET}.{ticket.order.table}"
    (held,) = connection.execute(
        f"SELECT count(*) FROM {table} WHERE export_id = ?", [arrival.export_id]
    ).fetchone() or (0,)
    if held and held == ticket.total:
        # An earlier run, or a sync, was here.
        return
    connection.execute(f"DELETE FROM {table} WHERE export_id = ?", [arrival.export_id])
    with _numbered(source) as rows:
        connection.register("rows_of_file", rows)
        (found,) = connection.execute(
            f"""
            INSERT INTO {table} (export_id, row_number, "row", first_seen_at, _row_hash, _dlt_load_id)
            SELECT ?, number, {source.row}, ?, 0, ? FROM rows_of_file
            """,
            [arrival.export_id, arrival.seen_at, arrival.load_id],
        ).fetchone() or (0,)
        connection.unregister("rows_of_file")
    if found != ticket.total:
        raise broken(arrival.export_id, f"has {found:,} rows, and the export says {ticket.total:,}")


@contextmanager
def _numbered(source: CsvFile) -> Iterator[object]:
    with duckdb.connect() as scanner:
        scanner.execute("SET threads = 1")
        memory_mb = _SCAN_MEMORY_MB + int(_MEMORY_A_COLUMN_MB * len(source.names))
        scanner.execute(f"SET memory_limit = '{memory_mb}MB'")
        rows = scanner.sql(f"SELECT row_number() OVER () AS number, * FROM {source.scan}")
        yield rows.to_arrow_reader(min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // len(source.names)))
