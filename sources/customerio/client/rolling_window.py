"""A rolling window: at most so many slots in any span of time, wherever the slots are stored.

A store keeps the time of every slot. A window is full while its `limit`-th newest slot is younger than
`interval_ms`; so the age of that slot decides, and gives the time to wait.

A hold is `limit` slots that leave the longest window when the hold ends; it needs no rule of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

HOLD = "hold"
"""The name of the slots of a hold."""
LONGEST_HOLD_MS = 3_600_000
"""The longest hold; a longer request for a pause is cut to it."""
TRIM_EVERY = 50
"""A bucket deletes the slots that count no more at its first grant and at every 50th after that."""


@dataclass(frozen=True)
class Window:
    """At most `limit` slots in any `interval_ms` milliseconds."""

    limit: int
    interval_ms: int


class SlotBucket(Protocol):
    """The slots of one bucket of one workspace, in a store that threads, processes or machines share."""

    def take(self, name: str) -> int:
        """Grant a slot of that name and return 0, or return the milliseconds until one can be free."""

    def move(self, name: str) -> None:
        """Date the slot of that name anew: it counts from now on."""

    def hold(self, seconds: float) -> None:
        """Grant no slot for that many seconds, at most an hour."""


def wait_ms(windows: Sequence[Window], now: int, nth_newest: Callable[[int], int | None]) -> int:
    """Milliseconds until every window has room for one more slot; 0 if all have it now.

    Args:
        windows: The windows of a bucket.
        now: The store's clock, in milliseconds.
        nth_newest: Returns the time of the n-th newest slot (1 is the newest), None if there are fewer.
    """
    waits = [0]
    for window in windows:
        at = nth_newest(window.limit)
        if at is not None:
            # Times are whole milliseconds: one more, so that the real distance is never below the interval.
            waits.append(at + window.interval_ms + 1 - now)
    return max(waits)


def hold_slots(windows: Sequence[Window], now: int, seconds: float) -> tuple[int, int]:
    """The slots that make a hold: how many, and the time that all of them have in milliseconds."""
    longest = windows[-1]
    ends = now + min(round(seconds * 1000), LONGEST_HOLD_MS)
    return longest.limit, ends - longest.interval_ms
