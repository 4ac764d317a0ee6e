"""The write queue: accepted operations that are not applied yet, and the log of all accepted ones.

The Track API answers before it applies a write [track26]. A write is queued until it is due, then applied in
the order of arrival, or dropped; the log has its outcome. The log stores JSON text and drops the oldest
writes, so that a million of them fit.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.track_operation import Op

WriteOutcome = Literal["waiting", "applied", "dropped"]

# The default number of writes in the log.
LOG_SIZE = 200_000


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """Options of applying writes, where workspaces differ or Customer.io's behaviour is unknown.

    `email_by_id`: an email can be changed by `id`. `events_create`: an event of an unknown person creates
    that person (unverified). `removes_by_id`: removing from a segment takes `id` alone, ignoring `id_type`.
    `dedupes_any_id`: a repeated event is recognised by an id that is no ULID, too (unverified).
    `campaigns_start`: operations start journeys of campaigns; `campaigns_restart`: those of people who enter
    the segment again, too (unverified).
    """

    email_by_id: bool = False
    events_create: bool = False
    removes_by_id: bool = False
    dedupes_any_id: bool = False
    campaigns_start: bool = False
    campaigns_restart: bool = True


@dataclass(slots=True)
class Write:
    """One accepted operation: when it arrived, by which call, its JSON as received, and its outcome."""

    number: int
    arrived: int
    call: str
    op: bytes
    outcome: WriteOutcome = "waiting"
    reason: str = ""

    def record(self) -> Record:
        """The write as the log shows it; `reason` is why it was dropped, or which part of it was ignored."""
        return {
            "number": self.number,
            "arrived": self.arrived,
            "call": self.call,
            "op": orjson.loads(self.op),
            "outcome": self.outcome,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class QueuedWrite:
    """A write that is not applied yet. A `lost` one is dropped when it is due, by a fault."""

    due: int
    op: Op
    write: Write
    lost: bool


class WriteQueue:
    """The write queue of a workspace, and its log."""

    def __init__(self) -> None:
        self._queue: deque[QueuedWrite] = deque()
        self._log: deque[Write] = deque()
        self.accepted = 0

    def __len__(self) -> int:
        return len(self._queue)

    def accept(
        self,
        call: str,
        op: Op,
        *,
        at: int,
        delay_s: int = 0,
        raw: bytes | None = None,
        lost: bool = False,
        log_size: int = LOG_SIZE,
    ) -> None:
        """Queue an operation until `delay_s` after `at`; `raw` is its JSON as received, if known."""
        write = self.log(call, op, at=at, raw=raw, log_size=log_size)
        self._queue.append(QueuedWrite(at + delay_s, op, write, lost))

    def log(self, call: str, op: Op, *, at: int, raw: bytes | None = None, log_size: int = LOG_SIZE) -> Write:
        """Log an operation that the caller applies at once; returns its entry."""
        self.accepted += 1
        write = Write(self.accepted, at, call, orjson.dumps(op) if raw is None else raw)
        self._log.append(write)
        while len(self._log) > log_size:
            self._log.popleft()
        return write

    def due(self, now: int) -> Iterator[QueuedWrite]:
        """Remove and yield the writes that are due, in the order of arrival."""
        while self._queue and self._queue[0].due <= now:
            yield self._queue.popleft()

    def writes(self) -> list[Record]:
        """The log, in order of arrival."""
        return [write.record() for write in self._log]
