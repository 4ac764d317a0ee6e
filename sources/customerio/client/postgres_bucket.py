"""Slots in a PostgreSQL database: the same rolling window, for runs on several machines.

The database's clock dates every slot, so that machines whose clocks differ count the same seconds; an
advisory lock makes one transaction of counting and inserting.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool
from pyrate_limiter import PostgresBucket, Rate, RateItem
from pyrate_limiter.abstracts import Decision
from pyrate_limiter.buckets.postgres import advisory_lock_id

_CONNECTIONS = 4
_REACHED_WITHIN_S = 10.0
_HOLD = "hold"
_LONGEST_HOLD_S = 3600.0
_TRIM_EVERY = 50
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_MOVE = "UPDATE {table} SET item_timestamp = clock_timestamp() WHERE name = %s"


class PostgresSlots:
    """A pool of connections to the database, shared by the threads of a process."""

    def __init__(self, url: str) -> None:
        """Connect.

        Raises:
            OSError: The database cannot be reached; the message has neither its host nor its password.
        """
        # One time zone for all machines, for the slots' column has none.
        self._pool = ConnectionPool(
            url, min_size=1, max_size=_CONNECTIONS, open=False, kwargs={"options": "-c timezone=UTC"}
        )
        with _reaching():
            self._pool.open(wait=True, timeout=_REACHED_WITHIN_S)

    def bucket(self, table: str, rates: list[Rate]) -> "PostgresSlotBucket":
        """The bucket of that name, made if need be."""
        with _reaching():
            return PostgresSlotBucket(self._pool, table, rates)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class PostgresSlotBucket(PostgresBucket):
    """A bucket of slots whose decisions hold between machines."""

    _puts = 0

    def put_decision(self, item: RateItem) -> Decision:
        """Grant a slot at this very moment, or say in how many milliseconds to ask again."""
        with _reaching(), self.pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (advisory_lock_id(self._full_tbl),))
            item.timestamp = _one(connection.execute(_NOW))
            self._trim(connection, item.timestamp)
            decision: Decision = self._algorithm.decide(
                self.rates,
                self._counts(connection, item.timestamp),
                1,
                item.timestamp,
                lambda offset: _third(connection.execute(self._q_peek, (offset,))),
            )
            if decision.allowed:
                connection.execute(self._q_put, (item.name, 1, item.timestamp / 1000, 1))
            return decision

    def put(self, item: RateItem) -> bool:
        """Like `put_decision`, without the time to wait."""
        return self.put_decision(item).allowed

    def move(self, name: str) -> None:
        """The slot of that name counts from now on."""
        with _reaching(), self.pool.connection() as connection:
            table = sql.Identifier(self._full_tbl)
            connection.execute(sql.SQL(_MOVE).format(table=table), (name,))

    def hold(self, seconds: float) -> None:
        """Grant no slot for that many seconds, at most an hour: a whole window of slots ends when it does."""
        window = self.rates[-1]
        with _reaching(), self.pool.connection() as connection:
            ends_s = _one(connection.execute(_NOW)) / 1000 + min(seconds, _LONGEST_HOLD_S)
            begins_s = ends_s - window.interval / 1000
            connection.execute(self._q_put, (_HOLD, 1, begins_s, window.limit))

    def _counts(self, connection: Any, now: int) -> list[int]:
        starts = [self._algorithm.window_start(rate, now) / 1000 for rate in self.rates]
        return list(connection.execute(self._q_count_windows, starts).fetchone())

    def _trim(self, connection: Any, now: int) -> None:
        """Forget slots of the past."""
        self._puts += 1
        if self._puts % _TRIM_EVERY == 1:
            connection.execute(self._q_leak, (self._algorithm.leak_bound(self.rates, now) / 1000,))


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        msg = f"the database of the rate limits does not answer, {type(error).__name__}"
        # Its own message names host and user.
        raise OSError(msg) from None


def _one(cursor: Any) -> int:
    return int(cursor.fetchone()[0])


def _third(cursor: Any) -> int | None:
    row = cursor.fetchone()
    return None if row is None else int(row[2])
