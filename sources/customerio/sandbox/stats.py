"""What was asked of the sandbox, and when."""

import threading
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """One API request. `arrived` is monotonic seconds; `status` 0 means that the connection was cut.

    `asked` is the method, the path with its query as sent, and a digest of the body: equal requests are
    equal in it.
    """

    arrived: float
    operation: str
    api: str
    status: int
    asked: str


def asked(method: str, path: str, raw_body: bytes) -> str:
    """What a request asks for; of a body its digest alone, because bodies are long and hold people."""
    digest = blake2b(raw_body, digest_size=8).hexdigest() if raw_body else ""
    return " ".join(filter(None, (method, path, digest)))


class Stats:
    """Every API request since the start or the last reset; control calls and file downloads are not in it."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []
        self._lock = threading.Lock()

    def note(self, seen: Seen) -> None:
        """Write down an answered request."""
        with self._lock:
            self._seen.append(seen)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._seen.clear()

    @property
    def seen(self) -> list[Seen]:
        """All requests by arrival."""
        with self._lock:
            return sorted(self._seen, key=lambda seen: seen.arrived)

    @property
    def total(self) -> int:
        """How many requests were answered or cut."""
        return len(self._seen)

    @property
    def by_operation(self) -> dict[str, int]:
        """Requests by operation id; unknown paths count as `unknown`."""
        return dict(Counter(seen.operation for seen in self.seen))

    @property
    def by_status(self) -> dict[int, int]:
        """Requests by HTTP status; 0 is a cut connection."""
        return dict(Counter(seen.status for seen in self.seen))

    @property
    def repeated(self) -> dict[str, int]:
        """What was asked and answered well more than once, and how often."""
        well = Counter(seen.asked for seen in self.seen if 200 <= seen.status < 300)
        return {asked: count for asked, count in well.items() if count > 1}

    @property
    def arrivals(self) -> list[float]:
        """When App API requests arrived, in monotonic seconds."""
        return [seen.arrived for seen in self.seen if seen.api == "app"]

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
