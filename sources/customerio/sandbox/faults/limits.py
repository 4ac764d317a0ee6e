"""The App API's rate limits, counted exactly, for the whole workspace.

10 requests in any second, reads and writes in one bucket, and one triggered broadcast in 10 s are counted
where strict limits are asked for, by the machine's clock. The daily quota of archived messages is part of the
workspace and always counted, by the sandbox's clock. A refused request does not count [spec26 via airbyte].
"""

import math
from collections import deque
from dataclasses import dataclass

from sources.customerio.catalogue import Bucket
from sources.customerio.sandbox.clock import DAY

APP_REQUESTS, APP_WINDOW_S = 10, 1.0


class RateLimit:
    """Admits so many requests in any window of so many seconds."""

    def __init__(self, requests: int = APP_REQUESTS, window_s: float = APP_WINDOW_S) -> None:
        self._requests = requests
        self._window_s = window_s
        self._admitted: deque[float] = deque()

    def admit(self, arrived: float) -> bool:
        """Whether a request that arrived at that instant is within the limit; if so it counts."""
        while self._admitted and arrived - self._admitted[0] >= self._window_s:
            self._admitted.popleft()
        if len(self._admitted) >= self._requests:
            return False
        self._admitted.append(arrived)
        return True

    def free_in(self, arrived: float) -> int:
        """In how many whole seconds there is room again, one at least."""
        first = self._admitted[0] if self._admitted else arrived
        return max(1, math.ceil(first + self._window_s - arrived))


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One bucket's limit; a `daily` one is counted always, and by the sandbox's clock.

    Its 429 does not say when to come back [spec26].
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
class Over:
    """Why a request is too much, and in how many seconds there is room (None: nobody says)."""

    detail: str
    retry_s: int | None


class Limits:
    """The limits of a workspace."""

    def __init__(self, *, strict: bool) -> None:
        """Count the daily quotas, and where `strict` the others too."""
        self._counted = {
            bucket: RateLimit(quota.requests, quota.window_s)
            for bucket, quota in QUOTAS.items()
            if strict or quota.daily
        }

    def over(self, bucket: Bucket, *, arrived: float, now: int) -> Over | None:
        """Why a request of that bucket is too much, None if it is admitted and counts.

        `arrived` is by the machine's clock, `now` by the sandbox's.
        """
        limit, quota = self._counted.get(bucket), QUOTAS.get(bucket)
        if limit is None or quota is None:
            return None
        at = now if quota.daily else arrived
        if limit.admit(at):
            return None
        return Over(
            detail=f"rate limited to {quota.words}", retry_s=None if quota.daily else limit.free_in(at)
        )
