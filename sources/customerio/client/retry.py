"""Retries a call: which failures, after which pause, and for how long."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import stamina

from sources.customerio.catalogue import Operation
from sources.customerio.client.errors import CustomerioError, RateLimited, RetryLater, Unreachable

FIRST_PAUSE_S = 0.5
"""Half of the bound of the first random pause, which doubles with every try."""
LONGEST_PAUSE_S = 30.0
"""The largest bound of a random pause."""
UNPROVEN_S = 20.0
"""Seconds for which a host is retried that has never answered: most likely a setting is wrong."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class RetryPolicy:
    """Repeats one failed call with full jitter, until a time is over.

    Args:
        for_s: Seconds from the first try to the beginning of the last one.
        safe_to_repeat: True if a repeat does no harm even if the failed try took effect.
        proven: Returns True once the host has answered.
    """

    def __init__(self, for_s: float, *, safe_to_repeat: bool, proven: Callable[[], bool]) -> None:
        self._for_s = for_s
        self._safe = safe_to_repeat
        self._proven = proven
        self._started = time.monotonic()
        self._tries = 0

    def run(self, attempt: Callable[[int, float], T]) -> T:
        """Return `attempt(number, seconds left)`, retried on errors that may pass; else raise its error."""
        for tried in stamina.retry_context(on=self.pause, attempts=None, timeout=None):
            with tried:
                return attempt(tried.num, max(0.0, self._for_s - self._elapsed()))
        raise AssertionError

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def pause(self, error: Exception) -> bool | float:
        """Seconds until the next try, or False to give up."""
        self._tries += 1
        if not isinstance(error, CustomerioError):
            return False
        error.attempts = self._tries
        if not isinstance(error, RetryLater) or (isinstance(error, RateLimited) and error.status is None):
            # The client's own limit has waited as long as it may, and its message says so.
            return False
        if error.ambiguous and not self._safe:
            error.add_sentence("It may have taken effect all the same, so it was not repeated: check first.")
            return False
        pause = self._length(error)
        longest = self._for_s
        if isinstance(error, Unreachable) and not self._proven():
            longest = min(longest, UNPROVEN_S)
        if self._elapsed() + pause <= longest:
            _log.info("%s Trying again in %.1f s.", error, pause)
            return pause
        error.add_sentence(_gave_up(error, self._tries, self._elapsed(), longest))
        return False

    def _length(self, error: RetryLater) -> float:
        """The pause that the server asks for, or full jitter: a random time below a bound that doubles."""
        if error.retry_after_s is not None:
            return error.retry_after_s
        bound = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._tries, 16))
        return random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing


def safe_to_repeat(row: Operation) -> bool:
    """True if a repeat does no harm even if the first try took effect.

    A repeated write leads to the same state. A repeated send would reach a person twice. A repeated destroy
    could delete a record that was created under the same name in between, and cannot be undone.
    """
    return row.effect in ("read", "write")


def _gave_up(error: RetryLater, tries: int, elapsed_s: float, longest_s: float) -> str:
    if error.retry_after_s is not None and error.retry_after_s > longest_s:
        return (
            f"It asks to wait {error.retry_after_s:,.0f} s, longer than the {longest_s:,.0f} s that this "
            "client goes on trying; run it again after that time."
        )
    return f"Given up after {tries} tries in {elapsed_s:,.0f} s; run it again later."
