"""The bounds of every answer, list, download and file: far above what is real, and never without one.

A timeout of httpx is one of silence: a byte a second meets none. So an exchange has a time in total, an
answer a size, a list a number of pages. What exceeds them is an error by name, not a full memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic

MB = 1 << 20
"""Bytes of a megabyte, here and in messages."""
LONGEST_LINE = 8 * MB
"""Bytes of a row of an export at most: a cell may be long, and a row has many."""
UNPACKED = 32 << 30
"""Bytes of an export's file at most, after unpacking: 100,000,000 deliveries have some 10 GB."""
HELD_LIST = 256 * MB
"""Memory at most of the lists that one run keeps whole, by estimate: 10,000 campaigns have some 20 MB."""
PAGE_RATIO = 10
"""Records of a page at most, as a multiple of the number that was asked for."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The bounds of a client. Seconds are in total, from sending to the last byte.

    Attributes:
        answer_s: Seconds of a request: most answers take less than one, the slowest lists some ten.
        answer_bytes: Bytes of an answer, decompressed: 1,000 deliveries have some 700 KB, a campaign of 100
            actions with their texts some 10 MB.
        answer_values: Values and keys of an answer, each of which takes 30 to 100 bytes of memory: a page of
            1,000 deliveries has 40,000, one with 3,000 fields more in each 3,000,000.
        list_s: Seconds that the requests of a list take together: 100,000 pages take 3 hours.
        list_pages: Pages of a list: 100,000,000 activities have as many.
        download_s: Seconds of a download: 10 GB at 2 MB a second take 80 minutes. The next run resumes it.
        download_bytes: Bytes of a download: 100,000,000 deliveries have some 10 GB.
    """

    answer_s: float = 180.0
    answer_bytes: int = 64 * MB
    answer_values: int = 4_000_000
    list_s: float = 2 * 86_400.0
    list_pages: int = 1_000_000
    download_s: float = 2 * 3_600.0
    download_bytes: int = 32 << 30


class OutOfBounds(Exception):
    """An exchange or a file met a bound; the message names the bound, with its unit."""


class Overdue(OutOfBounds):
    """An exchange took longer than it may."""


class Oversized(OutOfBounds):
    """An answer or a file is larger than it may be."""


def check_size(size: int, most: int) -> None:
    """Check a size against its bound, both in bytes.

    Raises:
        Oversized: It is larger.
    """
    if size > most:
        msg = f"{most / MB:,.3g} MB"
        raise Oversized(msg)


@dataclass
class Allowance:
    """The time and the bytes that one exchange may take."""

    seconds: float
    most: int

    def __post_init__(self) -> None:
        self._until = monotonic() + self.seconds
        self._received = 0

    def timeout(self, silence_s: float | None) -> float:
        """Seconds that the next step may wait: no longer than `silence_s`, and not past the end.

        Raises:
            Overdue: No time is left.
        """
        left = self._until - monotonic()
        if left <= 0:
            msg = f"{self.seconds:,g} s"
            raise Overdue(msg)
        return left if silence_s is None else min(left, silence_s)

    def took(self, received: int) -> None:
        """Count bytes that arrived, headers included.

        Raises:
            Oversized: Those are too many.
        """
        self._received += received
        check_size(self._received, self.most)


_CURRENT: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def allowed(seconds: float, most: int) -> Iterator[Allowance]:
    """Bound what this thread sends and receives within the block, headers and all."""
    allowance = Allowance(seconds, most)
    token = _CURRENT.set(allowance)
    try:
        yield allowance
    finally:
        _CURRENT.reset(token)


def current_allowance() -> Allowance | None:
    """The allowance of the exchange that this thread is in."""
    return _CURRENT.get()
