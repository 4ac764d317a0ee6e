"""Customer.io's rate limits, kept by all threads and processes of a machine, or of several, together.

A slot is one request. It is taken before the request and, once the connection stands, moved to the
moment at which the request really leaves, so what is kept is the distance between sent requests and not
between intentions. Slots live in one SQLite file, keyed by workspace and bucket; a key is never in it.
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
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from pyrate_limiter import Rate, RateItem
from pyrate_limiter.abstracts import Decision

from sources.customerio.catalogue import Bucket
from sources.customerio.client.errors import RateLimited
from sources.customerio.client.sqlite_bucket import Slots, open_slots
from sources.errors import ConfigError

if TYPE_CHECKING:
    from sources.customerio.client.postgres_bucket import PostgresSlots


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How many requests Customer.io takes in any window of time.

    Attributes:
        requests: Requests in a window.
        window_s: Seconds of the window.
        margin_s: Seconds by which our window is longer than theirs: what a request may be delayed on its
            way without two windows of ours falling into one of theirs.
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

    def rates(self, speed: float) -> list[Rate]:
        """The rates of a bucket, `speed` times as fast; pyrate-limiter counts in milliseconds."""
        requests = max(1, round(self.requests * speed))
        window = Rate(requests, round((self.window_s + self.margin_s) * 1000))
        spacing_ms = round(self.spacing_s * 1000 / speed)
        return [Rate(1, spacing_ms), window] if spacing_ms and requests > 1 else [window]


_APP_DOCS = "https://docs.customer.io/integrations/api/app/"
_TRACK_DOCS = "https://docs.customer.io/integrations/api/track/"

QUOTAS: Mapping[Bucket, Quota] = MappingProxyType(
    {
        "app": Quota(requests=10, window_s=1, margin_s=0.027, spacing_s=0.05, source=_APP_DOCS),
        "broadcast": Quota(requests=1, window_s=10, margin_s=0.1, source=_APP_DOCS),
        "archive": Quota(requests=100, window_s=86_400, margin_s=1, spacing_s=0.1, source=_APP_DOCS),
        # 3,000 in 3 s since 2026, "not strictly enforced"; the older 100 a second is kept, since a send is
        # the one call that is not repeated when its fate is unknown.
        "send": Quota(requests=100, window_s=1, margin_s=0.02, source=_APP_DOCS),
        # Not strictly enforced either, but what exceeds it for long may be dropped without an error.
        "track": Quota(requests=1000, window_s=1, margin_s=0.02, source=_TRACK_DOCS),
    }
)


def workspace_of(key: str) -> str:
    """A short name for the workspace of a key, from which the key cannot be found."""
    return sha256(key.encode()).hexdigest()[:12]


class SlotBucket(Protocol):
    """The slots of one bucket of one workspace, wherever they are kept."""

    def put_decision(self, item: RateItem) -> Decision:
        """Grant a slot at this very moment, or say in how many milliseconds to ask again."""

    def move(self, name: str) -> None:
        """The slot of that name counts from now on."""

    def hold(self, seconds: float) -> None:
        """Grant no slot for that many seconds."""


@dataclass(frozen=True)
class Slot:
    """The right to send one request.

    Attributes:
        waited_s: Seconds that it took to get.
    """

    waited_s: float
    _bucket: SlotBucket | None = None
    _name: str = ""

    def sent(self) -> None:
        """Say that the request leaves now; the slot counts from here."""
        if self._bucket is not None:
            # A request on its way is not stopped for a slot that stays some milliseconds too early.
            with suppress(OSError, sqlite3.Error):
                self._bucket.move(self._name)


@dataclass
class _Gate:
    """A bucket and its queue: one thread of a process stands at the bucket, the others behind it."""

    bucket: SlotBucket
    window_s: float
    turn: Lock = field(default_factory=Lock)


class RateLimits:
    """The rate limits of every workspace that this machine talks to.

    Args:
        place: Where the slots are kept, shared by all processes that name the same one: a folder
            (`limits.sqlite`), or the URL of a PostgreSQL database. None keeps them in memory, for this
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
        self._gates: dict[str, _Gate] = {}
        self._opening = Lock()
        self._place = place
        with self._keeping():
            self._slots = _opened(place)

    def per_second(self, bucket: Bucket) -> float:
        """Requests per second that this bucket sustains."""
        return self._quotas[bucket].per_second * self._speed

    def window_s(self, bucket: Bucket) -> float:
        """Seconds after which a used-up bucket is surely free again."""
        return self._quotas[bucket].window_s

    def take(self, bucket: Bucket, workspace: str, *, within_s: float) -> Slot:
        """Wait for a slot, at most `within_s` seconds.

        Raises:
            RateLimited: There is none in time; raised as soon as that is known.
        """
        if math.isinf(self._speed):
            return Slot(0.0)
        started = time.monotonic()
        with self._keeping():
            gate = self._gate(bucket, workspace)
            if not gate.turn.acquire(timeout=within_s):
                raise _no_slot(bucket, within_s, gate.window_s)
            try:
                name = _stand_at(gate, bucket, started, within_s)
            finally:
                gate.turn.release()
        return Slot(time.monotonic() - started, gate.bucket, name)

    def hold(self, bucket: Bucket, workspace: str, seconds: float) -> None:
        """Let nobody pass for that long: Customer.io asked for a pause."""
        if not math.isinf(self._speed):
            with self._keeping():
                self._gate(bucket, workspace).bucket.hold(seconds)

    def close(self) -> None:
        """Close the file."""
        self._slots.close()

    @contextmanager
    def _keeping(self) -> Iterator[None]:
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

    def _gate(self, bucket: Bucket, workspace: str) -> _Gate:
        table = f"{bucket}_{workspace}"
        with self._opening:
            if table not in self._gates:
                quota = self._quotas[bucket]
                slots = self._slots.bucket(table, quota.rates(self._speed))
                self._gates[table] = _Gate(slots, quota.window_s)
            return self._gates[table]


def _opened(place: Path | str | None) -> "Slots | PostgresSlots":
    if isinstance(place, str):
        # Its driver is not for those who have one machine.
        from sources.customerio.client.postgres_bucket import PostgresSlots

        return PostgresSlots(place)
    return open_slots(place)


def _stand_at(gate: _Gate, bucket: Bucket, started: float, within_s: float) -> str:
    """The name of the slot, once the bucket grants one."""
    item = RateItem(uuid4().hex, 0)
    while True:
        decision = gate.bucket.put_decision(item)
        if decision.allowed:
            return item.name
        wait_s = (decision.retry_after_ms or 1) / 1000
        if time.monotonic() - started + wait_s > within_s:
            raise _no_slot(bucket, within_s, wait_s)
        time.sleep(wait_s)


def _no_slot(bucket: Bucket, within_s: float, wait_s: float) -> RateLimited:
    msg = (
        f"Customer.io's limit for `{bucket}` calls is used up: the next one is free in {wait_s:,.0f} s, and "
        f"this client waits at most {within_s:,.0f} s. Run it again then."
    )
    return RateLimited(msg, retry_after_s=wait_s)
