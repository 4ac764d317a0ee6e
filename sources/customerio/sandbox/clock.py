"""The sandbox's clock, in Unix seconds: frozen for tests, ticking for the command line."""

import threading
import time

HOUR, DAY = 3600, 86_400
"""Seconds of an hour and of a day."""


class Clock:
    """The sandbox's time.

    A frozen clock moves by `advance` alone; a ticking one also follows the machine's monotonic clock.
    """

    def __init__(self, start: int, ticking: bool = False) -> None:
        self.start = start
        self.ticking = ticking
        self._advanced_s = 0.0
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def now(self) -> int:
        """The time in whole Unix seconds; it goes back by `rewind` alone."""
        ticked = time.monotonic() - self._began if self.ticking else 0.0
        return int(self.start + self._advanced_s + ticked)

    def advance(self, seconds: float) -> int:
        """Move forward by some seconds; returns the new time. ValueError if `seconds` is negative."""
        if seconds < 0:
            msg = f"The clock was asked to move by {seconds} s, but it only moves forward; reset instead."
            raise ValueError(msg)
        with self._lock:
            self._advanced_s += seconds
        return self.now()

    def rewind(self) -> None:
        """Go back to the start, as a reset of the whole sandbox does."""
        with self._lock:
            self._advanced_s = 0.0
            self._began = time.monotonic()
