"""Slots in a SQLite file, shared by the threads and processes of a machine.

Reading the newest slots and adding one is a single write transaction, at the time of that transaction, so
no two processes can be granted the same room.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import time_ns

from filelock import FileLock

from sources.customerio.client.rolling_window import (
    HOLD,
    LONGEST_HOLD_MS,
    TRIM_EVERY,
    Window,
    hold_slots,
    wait_ms,
)
from sources.permissions import PRIVATE_FILE, make_private_file, make_private_folder

FILE = "limits.sqlite"
"""The name of the file in the folder of the rate limits."""
BUSY_S = 10.0
"""Seconds to wait for another process's transaction, which lasts well under a millisecond."""

_AHEAD_MS = 2_000
"""No slot lies further ahead than this, unless the machine's clock was set back."""
_KEPT_MS = 60_000
"""Slots of the last minute stay, for an inspection of the requests that were sent."""

_CREATE = "CREATE TABLE IF NOT EXISTS '{table}' (name VARCHAR, item_timestamp INTEGER)"
_INDEX = "CREATE INDEX IF NOT EXISTS 'idx_{table}' ON '{table}' (item_timestamp)"
_NTH_NEWEST = "SELECT item_timestamp FROM '{table}' ORDER BY item_timestamp DESC LIMIT 1 OFFSET ?"
_ADD = "INSERT INTO '{table}' (name, item_timestamp) VALUES (?, ?)"
_MOVE = "UPDATE '{table}' SET item_timestamp = ? WHERE name = ?"
_TRIM = """
DELETE FROM '{table}' WHERE item_timestamp < :past
OR item_timestamp > CASE name WHEN 'hold' THEN :longest_hold ELSE :ahead END
"""


class SqliteSlots:
    """One connection to the file of slots, shared by the threads of a process.

    Args:
        folder: Where the file is, or is made; None keeps the slots in memory.

    Raises:
        ConfigError: The folder belongs to another user.
        OSError, sqlite3.Error: The file cannot be opened or written.
    """

    def __init__(self, folder: Path | None) -> None:
        self._connection = _connect(":memory:") if folder is None else _open(folder)
        self._lock = Lock()

    def bucket(self, table: str, windows: Sequence[Window]) -> "SqliteBucket":
        """The bucket in that table, which is created if it does not exist."""
        bucket = SqliteBucket(self._connection, self._lock, table, windows)
        bucket.create()
        return bucket

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()


class SqliteBucket:
    """A bucket of slots in one table."""

    def __init__(
        self, connection: sqlite3.Connection, lock: Lock, table: str, windows: Sequence[Window]
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._table = table
        self._windows = windows
        self._grants = 0

    def create(self) -> None:
        """Create the table if it does not exist."""
        with self._writing():
            self._execute(_CREATE)
            self._execute(_INDEX)

    def take(self, name: str) -> int:
        """Grant a slot of that name and return 0, or return the milliseconds until one can be free."""
        with self._writing():
            now = _now()
            self._trim(now)
            wait = wait_ms(self._windows, now, self._nth_newest)
            if not wait:
                self._execute(_ADD, (name, now))
            return wait

    def move(self, name: str) -> None:
        """Date the slot of that name anew: it counts from now on."""
        with self._writing():
            self._execute(_MOVE, (_now(), name))

    def hold(self, seconds: float) -> None:
        """Grant no slot for that many seconds, at most an hour."""
        with self._writing():
            count, at = hold_slots(self._windows, _now(), seconds)
            self._connection.executemany(_ADD.format(table=self._table), [(HOLD, at)] * count)

    def _nth_newest(self, n: int) -> int | None:
        row = self._execute(_NTH_NEWEST, (n - 1,)).fetchone()
        return None if row is None else int(row[0])

    def _trim(self, now: int) -> None:
        """Delete slots that have left every window, and those of a future that a clock set back took away."""
        self._grants += 1
        if self._grants % TRIM_EVERY != 1:
            return
        kept = max(_KEPT_MS, *(window.interval_ms for window in self._windows))
        bounds = {"past": now - kept, "longest_hold": now + LONGEST_HOLD_MS, "ahead": now + _AHEAD_MS}
        self._execute(_TRIM, bounds)

    def _execute(self, statement: str, values: Sequence[object] | dict[str, int] = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement.format(table=self._table), values)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One write transaction, alone in the file from its beginning."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def _now() -> int:
    """Milliseconds of the machine's clock, the one clock that all its processes share over restarts."""
    return time_ns() // 1_000_000


def _open(folder: Path) -> sqlite3.Connection:
    make_private_folder(folder)
    path = folder / FILE
    # Switching a new file to WAL does not wait for others, so it happens behind a lock of its own.
    with FileLock(path.with_suffix(".lock"), mode=PRIVATE_FILE):
        # SQLite gives its log the file's own permissions.
        make_private_file(path)
        try:
            return _connect(str(path))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # A power cut can leave a broken file, since nothing is synced; slots of the past are no loss.
            for broken in folder.glob(f"{FILE}*"):
                broken.unlink()
            make_private_file(path)
            return _connect(str(path))


def _connect(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    return connection
