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
from pipelines.warehouse.sql import literal

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
_COMMENT = "A row for each command and flow that writes, until the file was published."
_COMMENTS = {
    "trace_id": "The id of the run: in the log, sync_runs, the journal of pushes and Prefect.",
    "command": "The command, such as push run, or the flow, such as flow sync.",
    "state": "running, or how it ended: done, partly, failed, killed, stopped, refused, interrupted.",
    "step": "The step that it is at, or was at when it ended.",
    "error": "The class of the error that ended it; null without one.",
    "message": "The message of that error, without keys and without the data of people.",
    "began_at": "The time at which it began.",
    "ended_at": "The time at which it ended; of a killed run, its last sign of life.",
    "host": "The machine.",
    "pid": "The process.",
    "version": "The version of customerio-elt.",
    "load_ids": "The ids of the load packages that it loaded, or tried to.",
}


def add_runs(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    """Attach `ops.runs` to the connection, with a row for each run of the data folder's ledger."""
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {DATABASE} (READ_WRITE)")
    _fill(connection, f"{DATABASE}.ops", data)


def write_runs(file: Path, data: Path) -> None:
    """Write `ops.runs` into a file that is about to be published."""
    with open_file(file) as connection:
        _fill(connection, "ops", data)
        connection.execute(f"COMMENT ON TABLE ops.runs IS {literal(_COMMENT)}")
        for column, comment in _COMMENTS.items():
            connection.execute(f"COMMENT ON COLUMN ops.runs.{column} IS {literal(comment)}")


def has_news(private: Path, published: Path) -> bool:
    """True if a run has failed or was killed since the file was published, so that the file lacks it."""
    with suppress(OSError, sqlite3.Error):
        since = published.stat().st_mtime
        return any((run.ended_at or 0) > since for run in RunLedger(private.parent).failures())
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
