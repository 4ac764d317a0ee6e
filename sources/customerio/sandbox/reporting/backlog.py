"""The events of one webhook that wait to be posted, and when each is tried.

Times are those of the sandbox's clock. A later event waits behind one that fails [wh26].
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from sources.customerio.sandbox.clock import DAY, HOUR

Outcome = Literal["delivered", "waiting", "given up"]

PAUSE_S = HOUR
"""The wait before the first retry after an answer of `PAUSING`, or a connection that failed [wh26]."""
PAUSING = frozenset({0, 400, 401, 402, 403, 404, 405, 410, 429, 500, 502, 521})
"""The statuses that pause a webhook; 0 is a connection that was refused, reset or closed [wh26]."""
TRIED_S = 7 * DAY
"""How long an event is tried [wh26]."""
TIMEOUT = -1
"""The status of an answer that came too late."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event: its number in the workspace, its id, its time and its body."""

    number: int
    id: str
    at: int
    body: bytes


@dataclass(kw_only=True)
class Backlog:
    """The waiting events of one webhook, oldest first."""

    waiting: deque[Event] = field(default_factory=deque)
    free_at: int = 0
    tries: int = 0
    _first_tried_at: int = 0

    def due(self, now: int) -> tuple[Event, int] | None:
        """The event that is tried next, and when; None if that is not yet."""
        if not self.waiting:
            return None
        event = self.waiting[0]
        at = max(event.at, self.free_at)
        return (event, at) if at <= now else None

    def answered(self, status: int, at: int, retry_s: int) -> Outcome:
        """Note the answer to the first event, tried at an instant.

        The wait doubles with each failure, from one hour or from `retry_s`; an event that would be tried
        after more than seven days is given up. The factor, and the first wait after other failures, are
        unverified.
        """
        if 200 <= status < 300:
            self._next(at)
            return "delivered"
        if not self.tries:
            self._first_tried_at = at
        wait = (PAUSE_S if status in PAUSING else retry_s) * 2**self.tries
        self.tries += 1
        self.free_at = at + wait
        if self.free_at - self._first_tried_at > TRIED_S:
            self._next(at)
            return "given up"
        return "waiting"

    def _next(self, at: int) -> None:
        self.waiting.popleft()
        self.free_at, self.tries = at, 0
