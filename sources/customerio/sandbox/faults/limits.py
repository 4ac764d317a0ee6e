"""The App API's rate limit, counted exactly: 10 requests in any second, for the whole workspace.

Reads and writes share the one bucket; a refused request does not count [spec26 via airbyte].
"""

from collections import deque

APP_REQUESTS, APP_WINDOW_S = 10, 1.0


class RateLimit:
    """Admits so many requests in any window of so many seconds."""

    def __init__(self, requests: int = APP_REQUESTS, window_s: float = APP_WINDOW_S) -> None:
        self._requests = requests
        self._window_s = window_s
        self._admitted: deque[float] = deque()

    def admit(self, arrived: float) -> bool:
        """Whether a request that arrived at that monotonic instant is within the limit; if so it counts."""
        while self._admitted and arrived - self._admitted[0] >= self._window_s:
            self._admitted.popleft()
        if len(self._admitted) >= self._requests:
            return False
        self._admitted.append(arrived)
        return True
