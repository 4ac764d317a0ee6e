"""Customer.io's clock, by the `Date` headers of its answers."""

import time
from email.utils import parsedate_to_datetime


class ServerClock:
    """The last `Date` header plus the time that has passed since; before the first answer the local clock."""

    def __init__(self) -> None:
        self._seen: tuple[float, float] | None = None

    @property
    def started(self) -> bool:
        """True after the first answer."""
        return self._seen is not None

    def update(self, date: str | None) -> None:
        """Set the clock by the `Date` header of an answer; without one, it starts from the local clock."""
        try:
            self._seen = (parsedate_to_datetime(date or "").timestamp(), time.monotonic())
        except ValueError:
            self._seen = self._seen or (time.time(), time.monotonic())

    def now(self) -> int:
        """The time in Unix seconds."""
        if self._seen is None:
            return int(time.time())
        moment, seen_at = self._seen
        return int(moment + time.monotonic() - seen_at)
