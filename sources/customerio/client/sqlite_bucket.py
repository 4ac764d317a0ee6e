"""Slots in a SQLite file: pyrate-limiter's rolling window, made exact between processes.

pyrate-limiter counts and then inserts in two steps, which two processes can interleave; here both happen
in one write transaction, at the time of that transaction. A slot can be moved to a later moment, and a
hold is a whole window of slots that ends when the hold does, so it needs no rule of its own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from time import time_ns

from filelock import FileLock
from pyrate_limiter import Rate, RateItem, SQLiteBucket, SQLiteQueries
from pyrate_limiter.abstracts import Decision

FILE = "limits.sqlite"
BUSY_S = 10.0
"""Seconds to wait for another process's transaction, which lasts well under a millisecond."""

_HOLD = "hold"
_AHEAD_MS = 2_000
"""No slot lies further ahead than this, unless the machine's clock was set back."""
_LONGEST_HOLD_MS = 3_600_000
_TRIM_EVERY = 50
_KEPT_MS = 60_000
"""Slots of the last minute stay, so that what was sent can be looked at."""

_MOVE = "UPDATE '{table}' SET item_timestamp = ? WHERE name = ?"
_TRIM = """
DELETE FROM '{table}' WHERE item_timestamp < :past
OR item_timestamp > CASE name WHEN 'hold' THEN :longest_hold ELSE :ahead END
"""


class Slots:
    """One connection to the file of slots, shared by the threads of a process."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = RLock()

    def bucket(self, table: str, rates: list[Rate]) -> "SlotBucket":
        """The bucket of that name, made if need be."""
        with self._lock, _writing(self._connection):
            self._connection.execute(SQLiteQueries.CREATE_BUCKET_TABLE.format(table=table))
            self._connection.execute(
                SQLiteQueries.CREATE_INDEX_ON_TIMESTAMP.format(index_name=f"idx_{table}", table_name=table)
            )
        return SlotBucket(rates, self._connection, table, lock=self._lock)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()


def open_slots(folder: Path | None) -> Slots:
    """Open the file of slots in that folder, or one in memory.

    Raises:
        OSError, sqlite3.Error: It cannot be opened or written.
    """
    if folder is None:
        return Slots(_connect(":memory:"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    # Switching a new file to WAL does not wait for others, so it happens behind a lock of its own.
    with FileLock(path.with_suffix(".lock")):
        try:
            return Slots(_connect(str(path)))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # A power cut can leave a broken file, since nothing is synced; slots of the past are no loss.
            for broken in folder.glob(f"{FILE}*"):
                broken.unlink()
            return Slots(_connect(str(path)))


def _connect(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction, alone in the file from its beginning."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if connection.in_transaction:
            connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class SlotBucket(SQLiteBucket):
    """A bucket of slots whose decisions hold between processes."""

    _puts = 0

    def now(self) -> int:
        """Milliseconds of the machine's clock, the one clock that all its processes share over restarts."""
        return time_ns() // 1_000_000

    def put_decision(self, item: RateItem) -> Decision:
        """Grant a slot at this very moment, or say in how many milliseconds to ask again."""
        with self.lock, _writing(self.conn):
            item.timestamp = self.now()
            self._trim(item.timestamp)
            super().put(item)
            return self._decision(item)

    def put(self, item: RateItem) -> bool:
        """Like `put_decision`, without the time to wait."""
        return self.put_decision(item).allowed

    def move(self, name: str) -> None:
        """The slot of that name counts from now on."""
        with self.lock, _writing(self.conn):
            self.conn.execute(_MOVE.format(table=self.table), (self.now(), name))

    def hold(self, seconds: float) -> None:
        """Grant no slot for that many seconds, at most an hour."""
        window = self.rates[-1]
        ends = self.now() + min(round(seconds * 1000), _LONGEST_HOLD_MS)
        with self.lock, _writing(self.conn):
            self.conn.executemany(
                SQLiteQueries.PUT_ITEM.format(table=self.table),
                [(_HOLD, ends - window.interval)] * window.limit,
            )

    def _trim(self, now: int) -> None:
        """Forget slots of the past, and those of a future that a clock set back took away."""
        self._puts += 1
        if self._puts % _TRIM_EVERY != 1:
            return
        bounds = {
            "past": min(self._algorithm.leak_bound(self.rates, now), now - _KEPT_MS),
            "longest_hold": now + _LONGEST_HOLD_MS,
            "ahead": now + _AHEAD_MS,
        }
        self.conn.execute(_TRIM.format(table=self.table), bounds)
