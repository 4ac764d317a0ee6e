"""The numbers of a run, for each resource: requests, rows, seconds, errors."""

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sources.errors import EltError

if TYPE_CHECKING:
    from sources.customerio.client import Request


@dataclass(kw_only=True)
class ResourceSummary:
    """One resource's numbers. `seconds` run from its first request to its last row.

    `read`, `new`, `changed` and `deleted` count rows; `rejected` counts records that were set aside,
    `replaced` characters that were none and became U+FFFD; `erased` counts rows of erased people, which were
    left out. `note` says why a resource that did not
    fail has rows left for another run; `held` says why its deletions were held back. `skipped` is the refusal
    because of which it was not read at all.
    """

    resource: str
    requests: int = 0
    requests_left: int | None = None
    read: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    rejected: int = 0
    replaced: int = 0
    erased: int = 0
    started: float | None = None
    seconds: float = 0.0
    done: bool = False
    error: EltError | None = None
    held: EltError | None = None
    note: str = ""
    skipped: EltError | None = None
    # Requests are counted by the threads that make them.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def written(self) -> int:
        """Rows that are written to the warehouse: new, changed and newly deleted ones."""
        return self.new + self.changed + self.deleted

    def count(self, request: "Request") -> None:
        """Count an attempt, retries included: each takes a slot of the rate limit."""
        with self._lock:
            self.requests += 1
            self.replaced += request.replaced
            if self.requests_left:
                self.requests_left -= 1

    def reject(self) -> int:
        """Count a record that was set aside; returns their number."""
        with self._lock:
            self.rejected += 1
            return self.rejected

    def expect(self, requests: int) -> None:
        """Add `requests` to those known to be left."""
        with self._lock:
            self.requests_left = (self.requests_left or 0) + requests

    def begin(self) -> None:
        """Note that the reading of the resource starts."""
        self.started = time.monotonic()

    def end(self, error: EltError | None = None) -> None:
        """Note that the reading of the resource is over; it is incomplete if there is an `error`."""
        self.seconds = time.monotonic() - (self.started or time.monotonic())
        self.error = error
        self.requests_left = None
        self.done = True

    def fail(self, error: EltError) -> None:
        """Note that the rows that were read could not be loaded: none of them is new, changed or deleted."""
        self.new = self.changed = self.deleted = 0
        self.error = error


class RunSummary:
    """The numbers of one run, by resource, in the order of the resources.

    With a `RunSummary`, a resource that fails is noted in it and the others continue. The rows that it had
    read until then are loaded, but its watermark stays and no row of it counts as deleted.
    """

    def __init__(self) -> None:
        self.resources: dict[str, ResourceSummary] = {}

    def open(self, resource: str) -> None:
        """Start at zero for a resource that the run is going to read."""
        self.resources[resource] = ResourceSummary(resource=resource)

    @property
    def failed(self) -> list[ResourceSummary]:
        """The resources that were not read to their end."""
        return [resource for resource in self.resources.values() if resource.error is not None]

    @property
    def skipped(self) -> list[ResourceSummary]:
        """The resources that were not read because this region, plan or key lacks their call."""
        return [resource for resource in self.resources.values() if resource.skipped is not None]

    @property
    def rejected(self) -> int:
        """The number of records that were set aside."""
        return sum(resource.rejected for resource in self.resources.values())

    @property
    def erased(self) -> int:
        """The number of rows of erased people that were left out."""
        return sum(resource.erased for resource in self.resources.values())
