"""Loads an export's file into DuckDB with DuckDB's own reader: completely or not at all, once per export id.

    scan the file in order -> rows of `exported_*` -> counted against `total` -> commit

The scan numbers the rows, which needs their order, so one thread of a DuckDB of its own does it; all
threads of the warehouse make and write the rows. Memory is bounded in both for a file of any size.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.export.csvfile import (
    MEMORY_A_COLUMN_MB,
    CsvFile,
    broken,
    file_errors,
    rows_at_once,
    scanner,
)
from pipelines.export.merge import LoadContext, MergeResult, merge_rows
from pipelines.export.registry import RegisteredExport
from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.erasures import redacting
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.pipeline import DATASET
from sources.customerio.extract.rows import NO_FINGERPRINT

_MEMORY_MB = 256
# Each thread needs memory of its own; of a wide file only one fits.
_THREADS = min(4, os.cpu_count() or 1)
_WIDE = 250


class DuckdbLoad:
    """Writes the rows of an export into the DuckDB file `into`; each step is one transaction."""

    def __init__(
        self, into: Path, export: RegisteredExport, source: CsvFile, context: LoadContext, schema: str
    ) -> None:
        """`schema` is the name of dlt's schema in that file; dlt has made the tables."""
        self._into = into
        self._export = export
        self._source = source
        self._context = context
        self._schema = schema

    def load_rows(self) -> None:
        """Load the file's rows into `exported_*`; nothing is done if they are there already.

        Raises:
            FileBroken: the file is not what the export says; nothing was loaded.
            WarehouseError: DuckDB could not write.
        """
        with self._transaction() as connection:
            _insert(connection, self._export, self._source, self._context)

    def merge_rows(self) -> MergeResult:
        """Merge them into `people` or `messages`.

        Raises:
            WarehouseError: DuckDB could not write.
        """
        with self._transaction() as connection:
            return merge_rows(connection, self._export.request, self._source, self._context)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with _warehouse(self._into, self._source) as connection, file_errors(self._context.export_id):
                connection.begin()
                yield connection
                connection.execute(
                    f"""
                    INSERT INTO {DATASET}._dlt_loads (load_id, schema_name, status, inserted_at)
                    SELECT $load_id, $schema, 0, now()
                    WHERE NOT EXISTS (SELECT 1 FROM {DATASET}._dlt_loads WHERE load_id = $load_id)
                    """,
                    {"load_id": self._context.load_id, "schema": self._schema},
                )
                connection.commit()
        except duckdb.Error as error:
            raise file_failure(error) from None


@contextmanager
def _warehouse(file: Path, source: CsvFile) -> Iterator[duckdb.DuckDBPyConnection]:
    columns = len(source.names)
    with open_file(file) as connection:
        for setting in (
            f"SET memory_limit = '{_MEMORY_MB + int(MEMORY_A_COLUMN_MB * columns)}MB'",
            f"SET threads = {_THREADS if columns < _WIDE else 1}",
            "SET preserve_insertion_order = false",
            "SET enable_progress_bar = false",
            "SET TimeZone = 'UTC'",
            # Rows of JSON are long and alike: a quarter of the size of the default, and no slower.
            "PRAGMA force_compression = 'zstd'",
        ):
            connection.execute(setting)
        redacting(connection, source.erased)
        yield connection


def _insert(
    connection: duckdb.DuckDBPyConnection, export: RegisteredExport, source: CsvFile, context: LoadContext
) -> None:
    table = f"{DATASET}.{export.request.table}"
    (held,) = connection.execute(
        f"SELECT count(*) FROM {table} WHERE export_id = ?", [context.export_id]
    ).fetchone() or (0,)
    if held and held + source.left_out == export.total:
        # An earlier run, or a sync, has loaded them.
        return
    connection.execute(f"DELETE FROM {table} WHERE export_id = ?", [context.export_id])
    with _numbered(source) as numbered:
        connection.register("rows_of_file", numbered)
        (found,) = connection.execute(
            f"""
            INSERT INTO {table} (export_id, row_number, "row", first_seen_at, _row_hash, _dlt_load_id)
            SELECT ?, number, {source.row}, ?, {NO_FINGERPRINT}, ? FROM rows_of_file
            """,
            [context.export_id, context.seen_at, context.load_id],
        ).fetchone() or (0,)
        connection.unregister("rows_of_file")
    rows = found + source.left_out
    if rows != export.total:
        raise broken(context.export_id, f"has {rows:,} rows, and the export says {export.total:,}")


@contextmanager
def _numbered(source: CsvFile) -> Iterator[object]:
    with scanner(source) as scan:
        rows = scan.sql(f"FROM {source.numbered}")
        yield rows.to_arrow_reader(rows_at_once(source))
