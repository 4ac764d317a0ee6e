"""Slots in a PostgreSQL database, shared by several machines: the same rolling window as in SQLite.

The database's clock dates every slot, so that machines whose clocks differ count the same seconds; an
advisory lock makes one transaction of reading the newest slots and adding one.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool

from sources.customerio.client.rolling_window import HOLD, TRIM_EVERY, Window, hold_slots, wait_ms

_CONNECTIONS = 4
_REACHED_WITHIN_S = 10.0

_LOCK = "SELECT pg_advisory_xact_lock(%s)"
_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_CREATE = "CREATE TABLE IF NOT EXISTS {table} (name VARCHAR, item_timestamp TIMESTAMP)"
_INDEX = "CREATE INDEX IF NOT EXISTS {index} ON {table} (item_timestamp)"
# A part of a millisecond counts as a whole one, so that no slot looks older than it is.
_NTH_NEWEST = """
SELECT ceil(extract(epoch FROM item_timestamp) * 1000)::bigint
FROM {table} ORDER BY item_timestamp DESC LIMIT 1 OFFSET %s
"""
_ADD = """
INSERT INTO {table} (name, item_timestamp)
SELECT %s, to_timestamp(%s / 1000.0) FROM generate_series(1, %s)
"""
_MOVE = "UPDATE {table} SET item_timestamp = clock_timestamp() WHERE name = %s"
_TRIM = "DELETE FROM {table} WHERE item_timestamp < to_timestamp(%s / 1000.0)"


class PostgresSlots:
    """A pool of connections to the database, shared by the threads of a process.

    Raises:
        OSError: The database cannot be reached; the message has neither its host nor its password.
    """

    def __init__(self, url: str) -> None:
        # One time zone for all machines, for the slots' column has none.
        self._pool = ConnectionPool(
            url, min_size=1, max_size=_CONNECTIONS, open=False, kwargs={"options": "-c timezone=UTC"}
        )
        with _reaching():
            self._pool.open(wait=True, timeout=_REACHED_WITHIN_S)

    def bucket(self, table: str, windows: Sequence[Window]) -> "PostgresBucket":
        """The bucket in that table, which is created if it does not exist."""
        bucket = PostgresBucket(self._pool, table, windows)
        bucket.create()
        return bucket

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class PostgresBucket:
    """A bucket of slots in one table."""

    def __init__(self, pool: ConnectionPool, table: str, windows: Sequence[Window]) -> None:
        self._pool = pool
        self._table = f"ratelimit___{table.lower()}"
        self._names = {
            "table": sql.Identifier(self._table),
            "index": sql.Identifier(f"timestampindex_{table.lower()}"),
        }
        self._windows = windows
        self._grants = 0

    def create(self) -> None:
        """Create the table if it does not exist."""
        with self._writing() as connection:
            self._execute(connection, _CREATE)
            self._execute(connection, _INDEX)

    def take(self, name: str) -> int:
        """Grant a slot of that name and return 0, or return the milliseconds until one can be free."""
        with self._writing() as connection:
            now = _number(connection.execute(_NOW)) or 0
            self._trim(connection, now)
            wait = wait_ms(
                self._windows, now, lambda n: _number(self._execute(connection, _NTH_NEWEST, n - 1))
            )
            if not wait:
                self._execute(connection, _ADD, name, now, 1)
            return wait

    def move(self, name: str) -> None:
        """Date the slot of that name anew: it counts from now on."""
        with _reaching(), self._pool.connection() as connection:
            self._execute(connection, _MOVE, name)

    def hold(self, seconds: float) -> None:
        """Grant no slot for that many seconds, at most an hour."""
        with _reaching(), self._pool.connection() as connection:
            count, at = hold_slots(self._windows, _number(connection.execute(_NOW)) or 0, seconds)
            self._execute(connection, _ADD, HOLD, at, count)

    def _trim(self, connection: Any, now: int) -> None:
        """Delete slots that have left every window."""
        self._grants += 1
        if self._grants % TRIM_EVERY == 1:
            longest = max(window.interval_ms for window in self._windows)
            self._execute(connection, _TRIM, now - longest)

    def _execute(self, connection: Any, statement: str, *values: object) -> Any:
        return connection.execute(sql.SQL(statement).format(**self._names), values)

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """One transaction, alone at this table from its beginning."""
        with _reaching(), self._pool.connection() as connection:
            connection.execute(_LOCK, (zlib.crc32(self._table.encode()),))
            yield connection


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        msg = f"the database of the rate limits does not answer, {type(error).__name__}"
        # Its own message names host and user.
        raise OSError(msg) from None


def _number(cursor: Any) -> int | None:
    row = cursor.fetchone()
    return None if row is None else int(row[0])
