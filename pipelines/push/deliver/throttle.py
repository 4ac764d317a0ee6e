"""The throttle of a run: additive increase, multiplicative decrease of its requests a second.

It starts at the configured rate, halves it after an error, and adds a share of it after each success. The
Track API's limit is "not strictly enforced", and requests above it may be dropped without an error [track26],
so the answers are the only measure of its capacity.
"""

import threading
import time

from sources.customerio.client import Request

SLOWEST = 0.2
"""The least requests a second."""
_CALM_S = 1.0
"""Errors within so many seconds count once."""
_STEP = 0.05
"""The increase after a success, as a share of the configured rate."""
_OVERLOADED = (408, 429)


class Throttle:
    """Requests a second, shared by all threads of a run.

    Args:
        most: Requests a second at most.

    Attributes:
        rate: Requests a second at present.
        requests: The requests so far, repeated ones included.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self.rate = most
        self.requests = 0
        self._next = 0.0
        self._slowed = float("-inf")
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until the next request may start."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / self.rate
        time.sleep(turn - now)

    def record(self, request: Request) -> None:
        """Adapt the rate to a request's status; its status is None if there was no answer."""
        failed = request.status is None or request.status in _OVERLOADED or request.status >= 500
        with self._lock:
            self.requests += 1
            now = time.monotonic()
            if not failed:
                self.rate = min(self._most, self.rate + _STEP * self._most)
            elif now - self._slowed >= _CALM_S:
                self.rate = max(min(SLOWEST, self._most), self.rate / 2)
                self._slowed = now
