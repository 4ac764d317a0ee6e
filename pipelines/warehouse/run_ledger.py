"""`ops.runs` for readers of the published file: the runs of the data folder's ledger.

The file has them as they were when it was published; `add_runs` lets a connection read them as they are.
"""

import json
import sqlite3
from contextlib import suppress
from pathlib import Path

import duckdb

from pipelines.trace import Run, RunLedger
from pipelines.warehouse.duckdb_file import open_file

DATABASE = "run_ledger"
"""The database in memory that has `ops.runs` as it is now, beside the tables of the published file."""
_COLUMNS = {
    **dict.fromkeys(("trace_id", "command", "state", "step", "error", "message"), "VARCHAR"),
    "began_at": "DOUBLE",
    "ended_at": "DOUBLE",
    "host": "VARCHAR",
    "pid": "INTEGER",
    "version": "VARCHAR",
    "load_ids": ["VARCHAR"],
}
_COMMENT = "A row for each command and flow that writes; one that was killed has the state killed."


def add_runs(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    """Attach `ops.runs` to the connection, with a row for each run of the data folder's ledger."""
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {DATABASE} (READ_WRITE)")
    _fill(connection, f"{DATABASE}.ops", data)


def write_runs(file: Path, data: Path) -> None:
    """Write `ops.runs` into a file that is about to be published."""
    with open_file(file) as connection:
        _fill(connection, "ops", data)
        connection.execute(f"COMMENT ON TABLE ops.runs IS '{_COMMENT}'")


def has_news(data: Path, published: Path) -> bool:
    """True if a run has failed or was killed since the file was published, so that the file lacks it."""
    with suppress(OSError, sqlite3.Error):
        since = published.stat().st_mtime
        return any((run.ended_at or 0) > since for run in RunLedger(data).failures())
    return False


def _fill(connection: duckdb.DuckDBPyConnection, schema: str, data: Path) -> None:
    runs: list[Run] = []
    # `cio-elt doctor` tells of a damaged ledger; the tables can be read without.
    with suppress(OSError, sqlite3.Error):
        runs = RunLedger(data).runs()
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    # As one parameter: ten thousand rows one by one take seconds.
    document = json.dumps([vars(run) for run in runs])
    connection.execute(
        f"CREATE OR REPLACE TABLE {schema}.runs AS SELECT * REPLACE "
        "(to_timestamp(began_at) AS began_at, to_timestamp(ended_at) AS ended_at) "
        f"FROM (SELECT unnest(from_json(?, '{json.dumps([_COLUMNS])}'), recursive := true))",
        [document],
    )
