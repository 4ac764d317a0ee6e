"""The App API's rate limits, one rolling window for each bucket of the workspace.

10 requests in any second, reads and writes in one bucket, and one triggered broadcast in 10 s are enforced
with `strict_limits`, by the machine's clock. The daily quota of archived messages is always enforced, by the
sandbox's clock. A refused request does not count [spec26 via airbyte].
"""

import math
from collections import deque
from dataclasses import dataclass

from sources.customerio.catalogue import Bucket
from sources.customerio.sandbox.clock import DAY

APP_REQUESTS, APP_WINDOW_S = 10, 1.0


class RateLimit:
    """A rolling window: admits at most `requests` in any `window_s` seconds."""

    def __init__(self, requests: int = APP_REQUESTS, window_s: float = APP_WINDOW_S) -> None:
        self._requests = requests
        self._window_s = window_s
        self._admitted: deque[float] = deque()

    def admit(self, arrived: float) -> bool:
        """Admit and count a request that arrived at an instant; False if it is over the limit."""
        while self._admitted and arrived - self._admitted[0] >= self._window_s:
            self._admitted.popleft()
        if len(self._admitted) >= self._requests:
            return False
        self._admitted.append(arrived)
        return True

    def free_in(self, arrived: float) -> int:
        """The number of whole seconds until a request is admitted again, at least 1."""
        first = self._admitted[0] if self._admitted else arrived
        return max(1, math.ceil(first + self._window_s - arrived))


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One bucket's limit. A `daily` one is always enforced, by the sandbox's clock.

    The 429 of a daily one has no Retry-After [spec26]. `words` describes the limit in the 429.
    """

    requests: int
    window_s: float
    words: str
    daily: bool = False


QUOTAS: dict[Bucket, Quota] = {
    "app": Quota(requests=APP_REQUESTS, window_s=APP_WINDOW_S, words="10 requests per 1s"),
    "broadcast": Quota(requests=1, window_s=10, words="1 request per 10s"),
    "archive": Quota(requests=100, window_s=DAY, words="100 requests per 1d", daily=True),
}


@dataclass(frozen=True, kw_only=True)
class Exceeded:
    """A request over a limit: the message, and `Retry-After` in seconds (None: no header)."""

    detail: str
    retry_s: int | None


class Limits:
    """The limits of a workspace."""

    def __init__(self, *, strict: bool) -> None:
        """Enforce the daily quotas, and with `strict` the others too."""
        self._counted = {
            bucket: RateLimit(quota.requests, quota.window_s)
            for bucket, quota in QUOTAS.items()
            if strict or quota.daily
        }

    def check(self, bucket: Bucket, *, arrived: float, now: int) -> Exceeded | None:
        """Admit and count a request of a bucket (None), or return why it is refused.

        `arrived` is by the machine's clock, `now` by the sandbox's.
        """
        limit, quota = self._counted.get(bucket), QUOTAS.get(bucket)
        if limit is None or quota is None:
            return None
        at = now if quota.daily else arrived
        if limit.admit(at):
            return None
        return Exceeded(
            detail=f"rate limited to {quota.words}", retry_s=None if quota.daily else limit.free_in(at)
        )
