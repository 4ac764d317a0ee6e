"""Customer.io's clock, read from its answers."""

import time
from email.utils import parsedate_to_datetime


class ServerClock:
    """The time of the last answer's `Date` header plus what has passed since; the local clock before that."""

    def __init__(self) -> None:
        self._seen: tuple[float, float] | None = None

    @property
    def started(self) -> bool:
        """Whether there was an answer yet."""
        return self._seen is not None

    def see(self, date: str | None) -> None:
        """Take note of an answer's `Date` header; without one, the clock starts from the local one."""
        try:
            self._seen = (parsedate_to_datetime(date or "").timestamp(), time.monotonic())
        except ValueError:
            self._seen = self._seen or (time.time(), time.monotonic())

    def now(self) -> int:
        """Unix seconds."""
        if self._seen is None:
            return int(time.time())
        moment, seen_at = self._seen
        return int(moment + time.monotonic() - seen_at)
