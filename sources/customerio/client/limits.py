"""Customer.io's rate limits, which all threads and processes of one machine, or of several, keep together.

A slot is the right to send one request. It is taken before the request and dated anew at the moment at
which the request leaves, once the connection stands: the limit holds for requests as they are sent. Slots
are stored in one SQLite file or PostgreSQL database, one table for each bucket of each workspace. No API
key is stored.

    RateLimits.take ── a lock of the process, one thread at a time ── SlotBucket.take, until it grants
"""

import math
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import uuid4

from sources.customerio.catalogue import Bucket
from sources.customerio.client.errors import RateLimited
from sources.customerio.client.rolling_window import SlotBucket, Window
from sources.customerio.client.sqlite_bucket import SqliteSlots
from sources.errors import ConfigError

if TYPE_CHECKING:
    from sources.customerio.client.postgres_bucket import PostgresSlots


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The number of requests that Customer.io takes in any window of time.

    Attributes:
        requests: Requests in a window.
        window_s: Seconds of the window.
        margin_s: Seconds by which the limiter's window is longer than Customer.io's: the largest difference
            in the delays of two requests on their way.
        spacing_s: Least seconds between two requests, so that a burst does not arrive as one clump.
        source: Where the numbers come from.
    """

    requests: int
    window_s: float
    margin_s: float
    spacing_s: float = 0.0
    source: str

    @property
    def per_second(self) -> float:
        """Requests per second that can be sustained."""
        return self.requests / (self.window_s + self.margin_s)

    def windows(self, speed: float) -> list[Window]:
        """The windows of a bucket, `speed` times as fast; the longest is the last."""
        requests = max(1, round(self.requests * speed))
        window = Window(requests, round((self.window_s + self.margin_s) * 1000))
        spacing_ms = round(self.spacing_s * 1000 / speed)
        return [Window(1, spacing_ms), window] if spacing_ms and requests > 1 else [window]


_APP_DOCS = "https://docs.customer.io/integrations/api/app/"
_TRACK_DOCS = "https://docs.customer.io/integrations/api/track/"

QUOTAS: Mapping[Bucket, Quota] = MappingProxyType(
    {
        "app": Quota(requests=10, window_s=1, margin_s=0.027, spacing_s=0.05, source=_APP_DOCS),
        "broadcast": Quota(requests=1, window_s=10, margin_s=0.1, source=_APP_DOCS),
        "archive": Quota(requests=100, window_s=86_400, margin_s=1, spacing_s=0.1, source=_APP_DOCS),
        # 3,000 in 3 s since 2026, "not strictly enforced"; the older 100 a second is kept, since a send is
        # the one call that is not repeated when its outcome is unknown.
        "send": Quota(requests=100, window_s=1, margin_s=0.02, source=_APP_DOCS),
        # Not strictly enforced either, but what exceeds it for long may be dropped without an error.
        "track": Quota(requests=1000, window_s=1, margin_s=0.02, source=_TRACK_DOCS),
    }
)
"""Customer.io's rate limits, by the bucket of an operation."""


def workspace_of(key: str) -> str:
    """A short name for the workspace of a key: a hash, from which the key cannot be derived."""
    return sha256(key.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Slot:
    """The right to send one request.

    Attributes:
        waited_s: Seconds from asking for the slot to its grant.
    """

    waited_s: float
    _bucket: SlotBucket | None = None
    _name: str = ""

    def sent(self) -> None:
        """Date the slot anew: its request leaves now."""
        if self._bucket is not None:
            # A request on its way is not stopped because its slot keeps a date some milliseconds too early.
            with suppress(OSError, sqlite3.Error):
                self._bucket.move(self._name)


@dataclass
class _Queue:
    """A bucket with the queue of this process: one thread asks the bucket, the others wait for the lock."""

    bucket: SlotBucket
    window_s: float
    turn: Lock = field(default_factory=Lock)


class RateLimits:
    """The rate limits of all buckets of all workspaces. Thread-safe.

    Args:
        place: The store of the slots, shared by all processes with the same one: a folder
            (`limits.sqlite`), or the URL of a PostgreSQL database. None stores them in memory, for this
            object alone.
        speed: Every limit times this number: above 1 for a workspace whose limit was raised, below 1 to
            leave room for others; `math.inf` for a sandbox that has no limits.
        quotas: Other limits than Customer.io's.

    Raises:
        ConfigError: The folder cannot be written, the database not be reached, or `speed` is not above 0.
    """

    def __init__(
        self, place: Path | str | None, *, speed: float = 1.0, quotas: Mapping[Bucket, Quota] = QUOTAS
    ) -> None:
        if not speed > 0:
            msg = f"The speed of the rate limits is {speed}; give a number above 0 (1 is Customer.io's own)."
            raise ConfigError(msg)
        self._speed = speed
        self._quotas = quotas
        self._queues: dict[str, _Queue] = {}
        self._opening = Lock()
        self._place = place
        with self._storing():
            self._slots = _opened(place)

    def per_second(self, bucket: Bucket) -> float:
        """Requests per second that this bucket sustains."""
        return self._quotas[bucket].per_second * self._speed

    def window_s(self, bucket: Bucket) -> float:
        """Seconds after which a used-up bucket is free again."""
        return self._quotas[bucket].window_s

    def take(self, bucket: Bucket, workspace: str, *, within_s: float) -> Slot:
        """Wait for a slot, at most `within_s` seconds.

        Raises:
            RateLimited: No slot is free in time; raised as soon as that is known, not at the end.
            ConfigError: The slots cannot be stored.
        """
        if math.isinf(self._speed):
            return Slot(0.0)
        started = time.monotonic()
        with self._storing():
            queue = self._queue(bucket, workspace)
            if not queue.turn.acquire(timeout=within_s):
                raise _no_slot(bucket, within_s, queue.window_s)
            try:
                name = _take_from(queue, bucket, started, within_s)
            finally:
                queue.turn.release()
        return Slot(time.monotonic() - started, queue.bucket, name)

    def hold(self, bucket: Bucket, workspace: str, seconds: float) -> None:
        """Block all requests of that bucket for that many seconds: Customer.io asked for a pause."""
        if not math.isinf(self._speed):
            with self._storing():
                self._queue(bucket, workspace).bucket.hold(seconds)

    def close(self) -> None:
        """Close the file or the connections."""
        self._slots.close()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if isinstance(self._place, str):
                msg = f"The rate limits cannot be kept: {error}. Check its URL, and that it is up."
            else:
                place = self._place or "memory"
                msg = (
                    f"The rate limits cannot be kept in {place} ({error}). Name a folder that can be written."
                )
            raise ConfigError(msg) from error

    def _queue(self, bucket: Bucket, workspace: str) -> _Queue:
        table = f"{bucket}_{workspace}"
        with self._opening:
            if table not in self._queues:
                quota = self._quotas[bucket]
                slots = self._slots.bucket(table, quota.windows(self._speed))
                self._queues[table] = _Queue(slots, quota.window_s)
            return self._queues[table]


def _opened(place: Path | str | None) -> "SqliteSlots | PostgresSlots":
    if isinstance(place, str):
        # Imported only here: one machine alone needs no PostgreSQL driver.
        from sources.customerio.client.postgres_bucket import PostgresSlots

        return PostgresSlots(place)
    return SqliteSlots(place)


def _take_from(queue: _Queue, bucket: Bucket, started: float, within_s: float) -> str:
    """Wait until the bucket grants a slot; its name."""
    name = uuid4().hex
    while wait_ms := queue.bucket.take(name):
        wait_s = wait_ms / 1000
        if time.monotonic() - started + wait_s > within_s:
            raise _no_slot(bucket, within_s, wait_s)
        time.sleep(wait_s)
    return name


def _no_slot(bucket: Bucket, within_s: float, wait_s: float) -> RateLimited:
    msg = (
        f"Customer.io's limit for `{bucket}` calls is used up: the next one is free in {wait_s:,.0f} s, and "
        f"this client waits at most {within_s:,.0f} s. Run it again then."
    )
    return RateLimited(msg, retry_after_s=wait_s)
