"""Customer.io's clock, by the `Date` headers of its answers.

The time of this machine is the witness: a `Date` that is far from it is refused, since a ledger of what was
read must not reach into the future and metrics must not move by days. A sandbox has a time of its own, which
it tells in a header; its `Date` has to agree with that.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from sources.customerio.client.errors import WrongClock

FARTHEST_S = 3600
"""Seconds by which a `Date` may be away from the time of its witness."""
SANDBOX_TIME = "x-sandbox-time"
"""The header in which a sandbox tells its time, in Unix seconds."""


class ServerClock:
    """The last `Date` header plus the time that has passed since; before the first answer the local clock.

    With `any_time`, the clock of a server of one's own, no `Date` is refused.
    """

    def __init__(self, *, any_time: bool = False) -> None:
        self._any_time = any_time
        self._seen: tuple[float, float] | None = None

    @property
    def started(self) -> bool:
        """True after the first answer."""
        return self._seen is not None

    def update(self, headers: Mapping[str, str], *, host: str = "", is_sandbox: bool = False) -> None:
        """Set the clock by the `Date` header of an answer; without one, it starts from the local clock.

        Args:
            headers: Of the answer, by name in lower case.
            host: The host that answered, for the message.
            is_sandbox: The host may be a sandbox, with a time of its own.

        Raises:
            WrongClock: The `Date` is far from this machine's time, or from the one that a sandbox tells.
        """
        try:
            date = parsedate_to_datetime(headers.get("date", "")).timestamp()
        except ValueError:
            self._seen = self._seen or (time.time(), time.monotonic())
            return
        own = headers.get(SANDBOX_TIME, "") if is_sandbox else ""
        witness = float(own) if own.isdecimal() else time.time()
        if not self._any_time and abs(date - witness) > FARTHEST_S:
            raise _wrong(date - witness, host, "its own" if own.isdecimal() else "this machine's")
        self._seen = (date, time.monotonic())

    def now(self) -> int:
        """The time in Unix seconds."""
        if self._seen is None:
            return int(time.time())
        moment, seen_at = self._seen
        return int(moment + time.monotonic() - seen_at)


def _wrong(seconds: float, host: str, witness: str) -> WrongClock:
    hours, side = abs(seconds) / 3600, "ahead of" if seconds > 0 else "behind"
    msg = (
        f"The Date of {host} is {hours:,.1f} hours {side} {witness} time, and more than one hour is refused: "
        "rows would be taken for read that are not. Set this machine's clock; if it is right, something "
        "between here and Customer.io sends old answers. For a server of your own with another clock, set "
        "CIO_ELT_ANY_CLOCK=true."
    )
    return WrongClock(msg)
