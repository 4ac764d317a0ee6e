"""The run ledger: a SQLite file in the data folder with a row for each run, written while it runs.

A run that ended without a word, killed or by a power cut, is still `running` in its row. Its lock, which the
system released, tells so to the next command, which writes `killed` into the row.
"""

import os
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock

from pipelines.permissions import make_data_folder
from pipelines.trace.liveness import is_held, was_left
from sources.permissions import PRIVATE_FILE, make_private_file

FILE = "runs.sqlite"
LOCKS = "runs"
"""The folder of the locks of runs, one for each that is running."""
State = Literal[
    "running", "done", "partly", "failed", "stopped", "refused", "interrupted", "killed", "skipped", "waiting"
]
FAILURES: tuple[State, ...] = ("failed", "killed")
"""The states of a run that did not do its work, though it was rightly asked for."""

_BUSY_S = 10.0
# A run that begins takes the space of an error's message, so that its end can be written on a full disk.
_RESERVED = " " * 2_200
_KEPT = 10_000
"""Runs whose rows are kept, at most."""
_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    trace_id TEXT PRIMARY KEY, command TEXT NOT NULL, state TEXT NOT NULL, step TEXT, error TEXT,
    message TEXT, began_at REAL NOT NULL, seen_at REAL NOT NULL, ended_at REAL, host TEXT NOT NULL,
    pid INTEGER NOT NULL, version TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS loads (trace_id TEXT NOT NULL, load_id TEXT NOT NULL, UNIQUE (trace_id, load_id));
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a command or a flow. Times are Unix seconds.

    Attributes:
        trace_id: The id of the run, 32 hex digits.
        command: The command, as `push run`, or the flow, as `flow sync`.
        state: `running`, or how it ended; `refused` is a wrong use or setting, `stopped` a brake.
        step: The step that it is at, or was at when it ended.
        error: The class of the error that ended it.
        message: The error's message, without keys and without people's data.
        began_at: The time at which it began.
        ended_at: The time at which it ended; of a killed run, its last sign of life.
        host: The machine.
        pid: The process.
        version: The version of this product.
        load_ids: The ids of dlt's packages that it loaded, or tried to.
    """

    trace_id: str
    command: str
    state: State
    step: str | None
    error: str | None
    message: str | None
    began_at: float
    ended_at: float | None
    host: str
    pid: int
    version: str
    load_ids: tuple[str, ...] = ()


def failed_last(ended: Iterable[Run]) -> list[Run]:
    """Of ended runs, the newest first, the last of each command that failed or was killed."""
    last: dict[str, Run] = {}
    for run in ended:
        last.setdefault(run.command, run)
    return [run for run in last.values() if run.state in FAILURES]


class RunLedger:
    """The run ledger of a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.file = data / FILE

    def begin(self, trace_id: str, command: str, version: str) -> FileLock:
        """Write a run that begins; returns its lock, which the process holds until it ends.

        A run of that id that was put back, to go on later, is written anew.

        Raises:
            OSError, sqlite3.Error: The ledger cannot be written.
        """
        make_data_folder(self._data)
        lock = self._lock(trace_id)
        lock.acquire(timeout=_BUSY_S)
        self._mark_killed()
        now = time.time()
        with self._open() as connection:
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, 'running', NULL, NULL, ?, ?, ?, NULL, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET state = 'running', error = NULL, message = excluded.message, "
                "seen_at = excluded.seen_at, ended_at = NULL, host = excluded.host, pid = excluded.pid",
                [trace_id, command, _RESERVED, now, now, socket.gethostname(), os.getpid(), version],
            )
            connection.execute(
                "DELETE FROM runs WHERE trace_id IN "
                "(SELECT trace_id FROM runs WHERE state <> 'running' "
                "ORDER BY began_at DESC LIMIT -1 OFFSET ?)",
                [_KEPT],
            )
            connection.execute("DELETE FROM loads WHERE trace_id NOT IN (SELECT trace_id FROM runs)")
        return lock

    def step(self, trace_id: str, name: str) -> None:
        """Write the step that a run is at.

        Raises:
            sqlite3.Error: The ledger cannot be written.
        """
        with self._open() as connection:
            connection.execute(
                "UPDATE runs SET step = ?, seen_at = ? WHERE trace_id = ?", [name, time.time(), trace_id]
            )

    def loads(self, trace_id: str, load_ids: Sequence[str]) -> None:
        """Write the ids of packages that a run is about to load.

        Raises:
            sqlite3.Error: The ledger cannot be written.
        """
        with self._open() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO loads VALUES (?, ?)", [(trace_id, load_id) for load_id in load_ids]
            )

    def end(self, trace_id: str, state: State, error: str | None, message: str | None) -> None:
        """Write the end of a run.

        Raises:
            sqlite3.Error: The ledger cannot be written.
        """
        now = time.time()
        with self._open() as connection:
            connection.execute(
                "UPDATE runs SET state = ?, error = ?, message = ?, seen_at = ?, ended_at = ? "
                "WHERE trace_id = ?",
                [state, error, message, now, now, trace_id],
            )

    def runs(self) -> list[Run]:
        """All runs, the newest first; runs whose process is gone are `killed`. Empty without a ledger.

        A look changes nothing: the next run that begins writes into the rows of others that they were killed.

        Raises:
            sqlite3.Error: The file is damaged.
        """
        if not self.file.exists():
            return []
        with self._open() as connection:
            found = connection.execute(
                "SELECT seen_at, trace_id, command, state, step, error, nullif(trim(message), ''), began_at, "
                "coalesce(ended_at, CASE state WHEN 'running' THEN NULL ELSE seen_at END), host, pid, "
                "version FROM runs ORDER BY began_at DESC"
            ).fetchall()
            loads: dict[str, list[str]] = {}
            for trace_id, load_id in connection.execute("SELECT * FROM loads ORDER BY load_id"):
                loads.setdefault(trace_id, []).append(load_id)
        names = [name for name in Run.__dataclass_fields__ if name != "load_ids"]
        runs = []
        for seen_at, *row in found:
            run = Run(**dict(zip(names, row, strict=True)), load_ids=tuple(loads.get(row[0], ())))
            runs.append(replace(run, state="killed", ended_at=seen_at) if self._is_gone(run) else run)
        return runs

    def _is_gone(self, run: Run) -> bool:
        here = run.host == socket.gethostname()
        return run.state == "running" and here and not is_held(self._lock(run.trace_id))

    def failures(self) -> list[Run]:
        """The last run of each command that failed or was killed, unless a later one did its work.

        Raises:
            sqlite3.Error: as `runs`.
        """
        return failed_last(self.ended())

    def ended(self) -> list[Run]:
        """The runs that did their work, failed or were killed, the newest first.

        Raises:
            sqlite3.Error: as `runs`.
        """
        return [run for run in self.runs() if run.state in (*FAILURES, "done", "partly")]

    def _mark_killed(self) -> None:
        """Write into the rows of runs whose process is gone that they were killed."""
        with self._open() as connection:
            running = connection.execute(
                "SELECT trace_id FROM runs WHERE state = 'running' AND host = ?", [socket.gethostname()]
            ).fetchall()
            for (trace_id,) in running:
                lock = self._lock(trace_id)
                if is_held(lock):
                    continue
                was_left(lock)
                connection.execute(
                    "UPDATE runs SET state = 'killed', message = NULL, ended_at = seen_at "
                    "WHERE trace_id = ? AND state = 'running'",
                    [trace_id],
                )

    def _lock(self, trace_id: str) -> FileLock:
        make_data_folder(self._data / LOCKS)
        return FileLock(self._data / LOCKS / f"{trace_id}.lock", mode=PRIVATE_FILE)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose block is one transaction."""
        make_private_file(self.file)
        with closing(sqlite3.connect(self.file, timeout=_BUSY_S)) as connection, connection:
            # The journal's file stays, so that a full disk has room for it.
            connection.execute("PRAGMA journal_mode = PERSIST")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES)
            yield connection
