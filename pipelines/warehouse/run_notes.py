"""The notes of runs that found no change: a small file beside the published one, `run_notes.duckdb`.

Such a run loads rows of `NOTES` alone, so the published file is left as it is. The file has the notes of all
loads that the published one lacks; a connection for which `add_notes` was called reads both as one.
"""

from pathlib import Path

import duckdb

from pipelines.warehouse.clone import clone
from pipelines.warehouse.duckdb_file import create, open_file, reading, remove, sync_to_disk
from pipelines.warehouse.sql import DATASET, RUNS, literal, quoted
from sources.customerio.extract import COVERAGE
from sources.permissions import PRIVATE_FILE

_LOADS = "_dlt_loads"
# The tables of the file, and the column that has the id of a row's load.
_KEPT = {RUNS: "_dlt_load_id", COVERAGE: "_dlt_load_id", _LOADS: "load_id"}
NOTES = frozenset({*_KEPT, "_dlt_pipeline_state"})
"""The tables that say what runs did, not what the workspace holds; dlt restores watermarks from the last."""


def notes_of(published: Path) -> Path:
    """The path of the file with the notes that the published file lacks."""
    return published.with_name("run_notes.duckdb")


def keep_notes(private: Path, published: Path) -> None:
    """Write the notes that the published file lacks, in one step; they include those of earlier runs.

    Raises:
        FileHeld: another process has the published file open for writing.
    """
    new = notes_of(published).with_suffix(".new")
    remove(new)
    create(new)
    with reading(published) as connection:
        known = [
            load_id for (load_id,) in connection.execute(f"SELECT load_id FROM {DATASET}.{_LOADS}").fetchall()
        ]
    with open_file(private) as connection:
        ((own,),) = connection.execute("SELECT current_database()").fetchall()
        connection.execute(f"ATTACH {literal(new)} AS run_notes")
        for table, load in _existing(connection, own).items():
            connection.execute(
                f"CREATE TABLE run_notes.{table} AS FROM {DATASET}.{table} "
                f"WHERE {load} NOT IN (SELECT unnest(?::VARCHAR[]))",
                [known],
            )
        connection.execute("DETACH run_notes")
    sync_to_disk(new)
    new.replace(notes_of(published))


def restore(private: Path, published: Path) -> None:
    """Make the private file anew as a copy of the published one with the kept notes, in one step.

    Raises:
        FileHeld, WarehouseError: the published file cannot be read; see `reading`.
    """
    with reading(published):
        pass
    copy = private.with_suffix(".restoring")
    remove(copy)
    clone(published, copy)
    copy.chmod(PRIVATE_FILE)
    if notes_of(published).exists():
        _take_over(copy, notes_of(published))
    copy.replace(private)


def _take_over(file: Path, notes: Path) -> None:
    """Write the notes that a copy of the published file lacks into it."""
    with open_file(file) as connection:
        connection.execute(f"ATTACH {literal(notes)} AS run_notes (READ_ONLY)")
        connection.begin()
        # The last one is the table that says which loads the others lack.
        for table, load in _existing(connection, "run_notes").items():
            connection.execute(
                f"INSERT INTO {DATASET}.{table} BY NAME FROM run_notes.{table} "
                f"WHERE {load} NOT IN (SELECT load_id FROM {DATASET}.{_LOADS})"
            )
        connection.commit()


def add_notes(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Let the connection, to the published file, read the kept notes with the tables' own rows."""
    if not notes_of(published).exists():
        return
    ((own,),) = connection.execute("SELECT current_database()").fetchall()
    try:
        connection.execute(f"ATTACH IF NOT EXISTS {literal(notes_of(published))} AS run_notes (READ_ONLY)")
    except duckdb.IOException:
        # A run has published them in this moment.
        return
    connection.execute("ATTACH IF NOT EXISTS ':memory:' AS with_notes (READ_WRITE)")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS with_notes.{DATASET}")
    for table, load in _existing(connection, "run_notes").items():
        connection.execute(
            f"CREATE VIEW IF NOT EXISTS with_notes.{DATASET}.{table} AS "
            f"FROM {quoted(own)}.{DATASET}.{table} UNION ALL BY NAME FROM run_notes.{table} "
            f"WHERE {load} NOT IN (SELECT load_id FROM {quoted(own)}.{DATASET}.{_LOADS})"
        )
    schemas = connection.execute(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal", [own]
    ).fetchall()
    path = [
        f"with_notes.{DATASET}",
        f"{quoted(own)}.main",
        *(f"{quoted(own)}.{quoted(name)}" for (name,) in schemas),
    ]
    connection.execute(f"SET search_path = {literal(','.join(path))}")


def _existing(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name IN (?, 'main')",
        [database, DATASET],
    ).fetchall()
    return {table: load for table, load in _KEPT.items() if (table,) in found}
