"""Bringing rows home: from a people export into `people`, from a deliveries export into `messages`.

People are compared by a fingerprint of the row; new and changed ones are written, and where everybody was
asked for, whoever is not in the file gets a tombstone. Of deliveries those are added that `messages` lacks:
a row read by pages knows more and stays as it is, and one that came by export has the fingerprint 0, so that
a later page counts as a change of it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from pipelines.export.columns import DELIVERY_KEY, PERSON_KEY, Column, delivery_columns, person_columns
from pipelines.export.csvfile import CsvFile
from pipelines.export.requests import ExportRequest, PeopleRequest
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.runs import TABLE as RUNS

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """What came home, and if nothing could, why."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class LoadContext:
    """An export whose rows arrive.

    `seen_at` is when Customer.io made it, `newest_at` when it made the newest export of its kind that is
    loaded (both Unix s of its clock); `load_id` marks the rows that are written.
    """

    export_id: int
    seen_at: int
    newest_at: int
    load_id: str


def merge_rows(
    connection: duckdb.DuckDBPyConnection, order: ExportRequest, file: CsvFile, arrival: LoadContext
) -> MergeResult:
    """Write what the table of people or of deliveries lacks; nothing, and a note, where that cannot be."""
    note = merge_obstacle(connection, order, file, arrival)
    if note is None and isinstance(order, PeopleRequest):
        note = _read_since(connection, arrival)
    if note is not None:
        return MergeResult(note=f"{note}: the rows are in {DATASET}.{order.table} alone.")
    if isinstance(order, PeopleRequest):
        return _people(connection, file, arrival, everybody=order.is_everybody)
    return _deliveries(connection, file, arrival)


def merge_obstacle(
    connection: duckdb.DuckDBPyConnection, order: ExportRequest, file: CsvFile, arrival: LoadContext
) -> str | None:
    """Why an export's rows belong into no other table than its own; None if they do."""
    if isinstance(order, PeopleRequest):
        if order.attributes is not None:
            return "Only some attributes were asked for"
        if arrival.newest_at > arrival.seen_at:
            return "A people export that was made later is loaded already"
        return _without_key(connection, PERSON_KEY, file, may_be_empty=not order.is_everybody)
    if order.drafts:
        return "Drafts were asked for, which `messages` does not have"
    return _without_key(connection, DELIVERY_KEY, file, may_be_empty=True)


def _people(
    connection: duckdb.DuckDBPyConnection, file: CsvFile, arrival: LoadContext, *, everybody: bool
) -> MergeResult:
    columns = person_columns(file)
    read = {PERSON_KEY.name: PERSON_KEY.sql(file), **columns}
    cells = f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in read.items())} FROM {file.scan}"
    written = [*columns, "_row_hash"]
    result = connection.execute(
        f"""
        MERGE INTO {DATASET}.people AS held
        USING (SELECT *, {_fingerprint(columns)} AS _row_hash FROM ({cells})) AS read
        ON held.cio_id = read.cio_id
        WHEN MATCHED AND held._row_hash IS DISTINCT FROM read._row_hash THEN UPDATE SET
            {", ".join(f"{name} = read.{name}" for name in written)},
            first_seen_at = CASE WHEN held.deleted_at IS NULL THEN held.first_seen_at ELSE $seen_at END,
            deleted_at = NULL, _dlt_load_id = $load_id
        WHEN NOT MATCHED THEN INSERT (cio_id, {", ".join(written)}, first_seen_at, _dlt_load_id)
            VALUES (read.cio_id, {", ".join(f"read.{name}" for name in written)}, $seen_at, $load_id)
        {_TOMBSTONES if everybody else ""}
        RETURNING merge_action, deleted_at IS NOT NULL
        """,
        {"seen_at": arrival.seen_at, "load_id": arrival.load_id},
    )
    counts: Counter[tuple[str, bool]] = Counter()
    while rows := result.fetchmany(_ROWS_AT_ONCE):
        counts.update(rows)
    return MergeResult(
        new=counts["INSERT", False], changed=counts["UPDATE", False], deleted=counts["UPDATE", True]
    )


# Whoever was first seen after the export was made cannot be in it.
_TOMBSTONES = """
        WHEN NOT MATCHED BY SOURCE AND held.deleted_at IS NULL AND held.first_seen_at <= $seen_at
            THEN UPDATE SET deleted_at = $seen_at, _row_hash = NULL, _dlt_load_id = $load_id
"""


def _fingerprint(columns: Iterable[str]) -> str:
    """SQL: a signed 64-bit fingerprint of those columns, null apart from empty."""
    cells = ", ".join(f"coalesce({name}::VARCHAR, chr(30))" for name in columns)
    # md5 is the same in every version of DuckDB; its lower half is moved into the signed range.
    return f"(md5_number_lower(concat_ws(chr(31), {cells}))::HUGEINT - 9223372036854775808)::BIGINT"


def _deliveries(connection: duckdb.DuckDBPyConnection, file: CsvFile, arrival: LoadContext) -> MergeResult:
    key, columns = DELIVERY_KEY.sql(file), delivery_columns(file)
    found = connection.execute(
        f"""
        INSERT INTO {DATASET}.messages (id, {", ".join(columns)}, first_seen_at, _row_hash, _dlt_load_id)
        SELECT {key}, {", ".join(columns.values())}, $seen_at, 0, $load_id
        FROM {file.scan}
        WHERE NOT EXISTS (SELECT 1 FROM {DATASET}.messages AS held WHERE held.id = {key})
        """,
        {"seen_at": arrival.seen_at, "load_id": arrival.load_id},
    ).fetchone()
    return MergeResult(new=found[0] if found else 0)


def _without_key(
    connection: duckdb.DuckDBPyConnection, key: Column, file: CsvFile, *, may_be_empty: bool
) -> str | None:
    """What is wrong with the file's key column, if anything is."""
    if file.column(key.headers) is None:
        return f"No column of the file is called {' or '.join(key.headers)}"
    cell = key.sql(file)
    # By hash: whole ids of millions of rows would not fit into memory. A collision is next to impossible, and
    # would keep a file out of the table, no more.
    counted = connection.execute(
        f"SELECT count(*), count({cell}), count(DISTINCT hash({cell})) FROM {file.scan}"
    ).fetchone()
    rows, filled, different = counted or (0, 0, 0)
    if not rows and not may_be_empty:
        return "The file names nobody, and nobody was taken for deleted"
    if filled < rows:
        return f"{rows - filled:,} rows of the file have no {key.name}"
    if different < rows:
        return f"{rows - different:,} rows of the file have the {key.name} of another one"
    return None


def _read_since(connection: duckdb.DuckDBPyConnection, arrival: LoadContext) -> str | None:
    """Whether a sync has read people by pages since the export was made: then it knows more.

    People that came by an export are noted as read without a request.
    """
    there = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", [DATASET, RUNS]
    ).fetchone()
    newer = (
        there
        and connection.execute(
            f"SELECT 1 FROM {DATASET}.{RUNS} WHERE resource = 'people' AND requests > 0 AND finished_at > ?",
            [arrival.seen_at],
        ).fetchone()
    )
    return "A sync has read people after the export was made" if newer else None
