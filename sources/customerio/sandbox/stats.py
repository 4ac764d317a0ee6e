"""The log of requests to the sandbox, and counts of it."""

import threading
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One API request. `arrived` is in monotonic seconds; `status` 0 means that the connection was cut.

    `key` is equal for equal requests: the method, the path with its query as sent, and a digest of the body.
    """

    arrived: float
    operation: str
    api: str
    status: int
    key: str


def request_key(method: str, path: str, raw_body: bytes) -> str:
    """The key by which equal requests are equal; the body, which may be personal, is in it as a digest."""
    digest = blake2b(raw_body, digest_size=8).hexdigest() if raw_body else ""
    return " ".join(filter(None, (method, path, digest)))


class Stats:
    """API requests since the start or the last reset, without control calls and file downloads."""

    def __init__(self) -> None:
        self._requests: list[LoggedRequest] = []
        self._lock = threading.Lock()

    def log(self, request: LoggedRequest) -> None:
        """Add an answered request."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Drop all requests."""
        with self._lock:
            self._requests.clear()

    @property
    def requests(self) -> list[LoggedRequest]:
        """All requests, sorted by arrival."""
        with self._lock:
            return sorted(self._requests, key=lambda request: request.arrived)

    @property
    def total(self) -> int:
        """The number of requests."""
        return len(self._requests)

    @property
    def by_operation(self) -> dict[str, int]:
        """Requests by operation id; unknown paths count as `unknown`."""
        return dict(Counter(request.operation for request in self.requests))

    @property
    def by_status(self) -> dict[int, int]:
        """Requests by HTTP status; 0 is a cut connection."""
        return dict(Counter(request.status for request in self.requests))

    @property
    def repeated(self) -> dict[str, int]:
        """Requests that succeeded more than once, by key, with the number of times."""
        succeeded = Counter(request.key for request in self.requests if 200 <= request.status < 300)
        return {key: count for key, count in succeeded.items() if count > 1}

    @property
    def arrivals(self) -> list[float]:
        """When App API requests arrived, in monotonic seconds."""
        return [request.arrived for request in self.requests if request.api == "app"]

    @property
    def first_arrival(self) -> float | None:
        """When the first App API request arrived, in monotonic seconds; None if none did."""
        return min(self.arrivals, default=None)

    @property
    def last_arrival(self) -> float | None:
        """When the last App API request arrived, in monotonic seconds; None if none did."""
        return max(self.arrivals, default=None)

    @property
    def max_per_second(self) -> int:
        """The most App API requests that arrived within any one second."""
        arrivals, first, most = self.arrivals, 0, 0
        for index, arrived in enumerate(arrivals):
            while arrived - arrivals[first] >= 1.0:
                first += 1
            most = max(most, index - first + 1)
        return most

    def describe(self) -> dict[str, Any]:
        """Everything above as JSON."""
        return {
            "total": self.total,
            "by_operation": self.by_operation,
            "by_status": {str(status): count for status, count in self.by_status.items()},
            "first_arrival": self.first_arrival,
            "last_arrival": self.last_arrival,
            "max_per_second": self.max_per_second,
            "repeated": self.repeated,
            "arrivals": self.arrivals,
        }
