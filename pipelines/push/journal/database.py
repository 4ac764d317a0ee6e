"""The journal of pushes: schema `customerio_push` in `data/push.duckdb`.

    runs ── log (the rows of a run, numbered in the order of sending)
         ── batches (a request each: first and last row, state)
         ── outcomes (rows whose state differs from that of their batch)
    snapshot   the payload of each key that Customer.io accepted last
    rejects    rows that it rejected, with the number of attempts, and rows that could not be sent
    drift      differences between the model and Customer.io that audits found
    workspaces Customer.io's id of each workspace that pushes are of

A run writes its log once, before the first request; after that a request costs a line before it is sent and a
line when its answer is there. A row's state follows from these (the view `rows`). The snapshot is made from
the log afterwards, so a run that was killed leaves a log from which the next run resumes.

The file is open for short transactions only, so that other pushes and readers are not blocked.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from pipelines.errors import Busy, LeaseLost, WarehouseError
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.duckdb_file import compact
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.sql import literal

SCHEMA = "customerio_push"
FILE = "push.duckdb"
SPILL = "push.tmp"
"""The folder of what does not fit into memory; DuckDB names its files by process and database."""
MEMORY = "350MB"
"""Memory of the journal's own database, in which a run of a million rows is folded into the snapshot."""
_WAIT_S = 120.0

_TABLES = """
CREATE SCHEMA IF NOT EXISTS customerio_push;
CREATE TABLE IF NOT EXISTS customerio_push.runs (
    run_id VARCHAR NOT NULL, workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, object VARCHAR NOT NULL,
    mode VARCHAR NOT NULL, plan_id VARCHAR NOT NULL, undoes VARCHAR, approved BOOLEAN NOT NULL,
    fence BIGINT NOT NULL, lane VARCHAR NOT NULL, started_at DOUBLE NOT NULL, finished_at DOUBLE,
    state VARCHAR NOT NULL, folded BOOLEAN NOT NULL, target VARCHAR NOT NULL, watched_since BIGINT,
    planned BIGINT NOT NULL, accepted BIGINT,
    rejected BIGINT, unknown BIGINT, confirmed BIGINT, dropped BIGINT, sampled BIGINT, share DOUBLE,
    share_low DOUBLE,
    share_high DOUBLE, requests BIGINT, error VARCHAR);
ALTER TABLE customerio_push.runs ADD COLUMN IF NOT EXISTS keyed_by VARCHAR;
ALTER TABLE customerio_push.runs ADD COLUMN IF NOT EXISTS key_types VARCHAR;
ALTER TABLE customerio_push.runs ADD COLUMN IF NOT EXISTS trace_id VARCHAR;
CREATE TABLE IF NOT EXISTS customerio_push.log (
    run_id VARCHAR NOT NULL, seq BIGINT NOT NULL, key VARCHAR NOT NULL, action VARCHAR NOT NULL,
    entity VARCHAR, payload VARCHAR, item VARCHAR, before VARCHAR,
    digest UBIGINT, happened_at BIGINT, verdict VARCHAR, operation VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.batches (
    run_id VARCHAR NOT NULL, batch BIGINT NOT NULL, operation VARCHAR NOT NULL, first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL, bytes BIGINT NOT NULL, state VARCHAR NOT NULL, status INTEGER,
    sent_at DOUBLE NOT NULL, answered_at DOUBLE, error VARCHAR);
CREATE TABLE IF NOT EXISTS customerio_push.outcomes (
    run_id VARCHAR NOT NULL, seq BIGINT NOT NULL, state VARCHAR NOT NULL, reason VARCHAR, field VARCHAR,
    noted_at DOUBLE NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.snapshot (
    workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, object VARCHAR NOT NULL, key VARCHAR NOT NULL,
    digest UBIGINT, payload VARCHAR, assumed BOOLEAN NOT NULL, run_id VARCHAR NOT NULL,
    accepted_at DOUBLE NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.rejects (
    workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, key VARCHAR NOT NULL, action VARCHAR NOT NULL,
    entity VARCHAR, payload VARCHAR, digest UBIGINT, happened_at BIGINT, reason VARCHAR, field VARCHAR,
    attempts INTEGER NOT NULL, dead BOOLEAN NOT NULL, first_at DOUBLE NOT NULL, last_at DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.drift (
    workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, key VARCHAR NOT NULL, difference VARCHAR NOT NULL,
    attribute VARCHAR NOT NULL, wanted VARCHAR, found VARCHAR, pending BOOLEAN NOT NULL,
    times INTEGER NOT NULL, first_at DOUBLE NOT NULL, seen_at DOUBLE NOT NULL, gone_at DOUBLE);
CREATE TABLE IF NOT EXISTS customerio_push.health (
    workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, degraded BOOLEAN NOT NULL, reason VARCHAR NOT NULL,
    silent_runs INTEGER NOT NULL, differing VARCHAR NOT NULL, since DOUBLE NOT NULL, told BOOLEAN NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.plans (
    workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, plan_id VARCHAR NOT NULL, made_at DOUBLE NOT NULL,
    document VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.leases (
    workspace VARCHAR NOT NULL, sync VARCHAR NOT NULL, fence BIGINT NOT NULL, holder VARCHAR NOT NULL,
    since DOUBLE NOT NULL);
CREATE TABLE IF NOT EXISTS customerio_push.workspaces (
    workspace VARCHAR NOT NULL, environment_id BIGINT NOT NULL, noted_at DOUBLE NOT NULL);
CREATE OR REPLACE VIEW customerio_push.rows AS
WITH last AS (SELECT run_id, seq, max_by(o, noted_at) AS o FROM customerio_push.outcomes AS o GROUP BY ALL)
SELECT l.run_id, r.workspace, r.sync, l.seq, l.key, l.action, b.batch, b.status, o.o.reason AS reason,
       o.o.field AS field, b.sent_at, b.answered_at,
       coalesce(o.o.state, CASE l.action WHEN 'assume' THEN 'accepted' END, b.state, 'planned') AS state
FROM customerio_push.log AS l
JOIN customerio_push.runs AS r USING (run_id)
ASOF LEFT JOIN (FROM customerio_push.batches WHERE state NOT IN ('halved', 'unsent')) AS near
       ON near.run_id = l.run_id AND near.first_seq <= l.seq
LEFT JOIN (FROM customerio_push.batches) AS b
       ON b.run_id = l.run_id AND b.batch = near.batch AND l.seq <= near.last_seq
LEFT JOIN last AS o ON o.run_id = l.run_id AND o.seq = l.seq;
"""


@dataclass(frozen=True)
class PushId:
    """The identity of a push: snapshots, rejects and leases belong to it.

    `workspace` is the journal's name of the workspace, see `journal.workspaces`; `name` is the column `sync`.
    """

    workspace: str
    name: str

    @property
    def where(self) -> str:
        """SQL: the rows of this push."""
        return self.where_in("")

    def where_in(self, table: str) -> str:
        """The same with the columns of one table, where a query has several."""
        prefix = f"{table}." if table else ""
        return f"{prefix}workspace = '{self.workspace}' AND {prefix}sync = '{self.name}'"


@dataclass(frozen=True)
class BatchRecord:
    """A request in the journal.

    `state` is sending, accepted, unknown, halved (sent again in two parts) or unsent; `rejected` has the rows
    that were rejected, as number, reason and field; `warned` has accepted rows with a warning.
    """

    batch: int
    operation: str
    first: int
    last: int
    bytes: int
    state: str = "sending"
    status: int | None = None
    error: str | None = None
    rejected: tuple[tuple[int, str, str | None], ...] = ()
    warned: tuple[tuple[int, str, str | None], ...] = ()


class Journal:
    """The journal of a data folder."""

    def __init__(self, data: Path) -> None:
        prepare(data)
        self.file = data / FILE
        self._lock = FileLock(data / "push.lock")
        # Attaching the file to a DuckDB that runs already takes 1 ms; starting one for it, 15.
        self._own = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(data / SPILL)})
        with self.open() as connection:
            connection.execute(_TABLES)

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file, which no other process can use meanwhile; the block is one transaction.

        Raises:
            Busy: another push has had the file open for too long.
            WarehouseError: it is no DuckDB file, or another program has it open.
        """
        with self._attach(self._own), closing(self._own.cursor()) as connection:
            # stdout is the command's.
            connection.execute("USE journal; SET enable_progress_bar = false")
            with _transaction(connection):
                yield connection

    @contextmanager
    def attached(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """The same, attached as `journal` to a connection that has other data."""
        with self._attach(connection), _transaction(connection):
            yield

    @contextmanager
    def _attach(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        with self._locked():
            try:
                connection.execute(f"ATTACH {literal(self.file)} AS journal")
            except duckdb.Error as error:
                raise _unreadable(self.file, error) from None
            try:
                yield
            finally:
                connection.execute("DETACH journal")

    def rewrite(self) -> None:
        """Write the file anew, without the blocks of rows that went.

        Raises:
            Busy: another push has had the file open for too long.
        """
        with self._locked():
            compact(self.file, always=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._lock.acquire(timeout=_WAIT_S):
                yield
        except Timeout:
            msg = f"Another process has had {self.file} open for {_WAIT_S:,.0f} s. Wait for it to end."
            raise Busy(msg) from None

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.open() as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def record_batches(
        self, push_id: PushId, fence: int, run_id: str, records: Sequence[BatchRecord]
    ) -> None:
        """Write requests that are about to be sent, and answers that arrived, in one transaction.

        Raises:
            LeaseLost: another process has taken the lease of this push; nothing was written.
        """
        if not records:
            return
        with self.open() as connection:
            check_fence(connection, push_id, fence)
            for record in records:
                _write(connection, run_id, record)


def check_fence(connection: duckdb.DuckDBPyConnection, push_id: PushId, fence: int) -> None:
    """Check that this process still holds the lease of a push.

    Raises:
        LeaseLost: another process has taken it.
    """
    held = connection.execute(f"SELECT fence FROM {SCHEMA}.leases WHERE {push_id.where}").fetchone()
    if held != (fence,):
        msg = (
            f"Another process has taken over the push {push_id.name}; this one stops. "
            "See `cio-elt push status`."
        )
        raise LeaseLost(msg)


def _write(connection: duckdb.DuckDBPyConnection, run_id: str, record: BatchRecord) -> None:
    now = time.time()
    if record.state == "sending":
        connection.execute(
            f"INSERT INTO {SCHEMA}.batches VALUES (?, ?, ?, ?, ?, ?, 'sending', NULL, ?, NULL, NULL)",
            [run_id, record.batch, record.operation, record.first, record.last, record.bytes, now],
        )
        return
    connection.execute(
        f"UPDATE {SCHEMA}.batches SET state = ?, status = ?, answered_at = ?, error = ? "
        "WHERE run_id = ? AND batch = ?",
        [record.state, record.status, now, record.error, run_id, record.batch],
    )
    outcomes = [("rejected", *row) for row in record.rejected] + [("accepted", *row) for row in record.warned]
    for state, seq, reason, field in outcomes:
        connection.execute(
            f"INSERT INTO {SCHEMA}.outcomes VALUES (?, ?, ?, ?, ?, ?)",
            [run_id, seq, state, reason, field, now],
        )


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        # A failed transaction may have ended already; the first error is the one to raise.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _unreadable(file: Path, error: duckdb.Error) -> WarehouseError:
    failure = file_failure(error)
    if type(failure) is not WarehouseError:
        return failure
    msg = (
        f"{file} is no DuckDB file that can be read. Move it away and run "
        "`cio-elt push reset --without-sending`, which marks the rows of the models as sent; or restore it "
        "from a backup."
    )
    return WarehouseError(msg)
