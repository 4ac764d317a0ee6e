"""How fast requests leave: at the configured rate, half as fast after trouble, and slowly up again.

The Track API's limit is "not strictly enforced", and what exceeds it may be dropped without an error
[track26]; so the answers are all that tells how much it takes.
"""

import threading
import time

from sources.customerio.client import Request

SLOWEST = 0.2
"""Requests a second, however bad it gets."""
_CALM_S = 1.0
"""Trouble that comes in a bunch counts once."""
_STEP = 0.05
"""What a success adds, as a share of the configured rate."""
_TROUBLE = (408, 429)


class Pace:
    """Requests a second, shared by all threads of a run.

    Args:
        most: Requests a second at most.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self.rate = most
        self.requests = 0
        self._next = 0.0
        self._slowed = float("-inf")
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for our turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / self.rate
        time.sleep(turn - now)

    def see(self, request: Request) -> None:
        """Take note of an answer, or of none."""
        bad = request.status is None or request.status in _TROUBLE or request.status >= 500
        with self._lock:
            self.requests += 1
            now = time.monotonic()
            if not bad:
                self.rate = min(self._most, self.rate + _STEP * self._most)
            elif now - self._slowed >= _CALM_S:
                self.rate = max(min(SLOWEST, self._most), self.rate / 2)
                self._slowed = now
