"""What a sync did, per resource: the numbers of the run summary, counted where the work is done."""

import threading
import time
from dataclasses import dataclass, field

from sources.customerio.client import Request
from sources.errors import EltError


@dataclass(kw_only=True)
class ResourceSummary:
    """One resource's numbers. Rows are rows; `seconds` run from its first request to its last row.

    `note` says why a resource that did not fail has more to read another time.
    """

    resource: str
    requests: int = 0
    requests_left: int | None = None
    read: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    started: float | None = None
    seconds: float = 0.0
    done: bool = False
    error: EltError | None = None
    note: str = ""
    # Requests are counted by the threads that make them.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def written(self) -> int:
        """Rows that go to the warehouse: new, changed and newly deleted ones."""
        return self.new + self.changed + self.deleted

    def count(self, _request: Request) -> None:
        """Count an attempt, repeated ones included: each costs a place in the rate limit."""
        with self._lock:
            self.requests += 1
            if self.requests_left:
                self.requests_left -= 1

    def expect(self, requests: int) -> None:
        """Add `requests` to those known to be left."""
        with self._lock:
            self.requests_left = (self.requests_left or 0) + requests

    def begin(self) -> None:
        """The resource's reading starts."""
        self.started = time.monotonic()

    def end(self, error: EltError | None = None) -> None:
        """The resource's reading is over, completely unless `error` says why not."""
        self.seconds = time.monotonic() - (self.started or time.monotonic())
        self.error = error
        self.requests_left = None
        self.done = True


class RunSummary:
    """The tallies of one run, in the order of the resources.

    With a report, a resource that fails is noted in it and the others go on; what it had read until
    then is loaded, but its watermark stays and nothing of it is taken for deleted.
    """

    def __init__(self) -> None:
        self.tallies: dict[str, ResourceSummary] = {}

    def open(self, resource: str) -> None:
        """Start an empty tally for a resource that the run is going to read."""
        self.tallies[resource] = ResourceSummary(resource=resource)

    @property
    def failed(self) -> list[ResourceSummary]:
        """The tallies of resources that were not read to their end."""
        return [tally for tally in self.tallies.values() if tally.error is not None]
