"""Writes between the 200 and what comes of them: those that wait, and the log of all that were accepted.

The Track API answers before it applies [track26]. A write waits until it is due and is then applied, in the
order of arrival, or dropped; the log says which. The log holds text, not dicts, and forgets the oldest, so
that a million writes fit.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.track_operation import Op

Outcome = Literal["waiting", "applied", "dropped"]

# How many writes the log remembers, unless it is told otherwise.
LOGGED = 200_000


@dataclass(frozen=True, slots=True)
class ApplyRules:
    """Where workspaces differ, or nobody has said what Customer.io does.

    `email_by_id`: an email may be changed by somebody's id. `events_create`: an event for nobody makes that
    person. `removes_by_id`: leaving a segment works by `id` alone, whatever `id_type` says.
    """

    email_by_id: bool = False
    events_create: bool = False
    removes_by_id: bool = False


@dataclass(slots=True)
class Write:
    """One accepted operation: `arrived` on the sandbox's clock, by which call, and its JSON as received."""

    number: int
    arrived: int
    call: str
    op: bytes
    outcome: Outcome = "waiting"
    reason: str = ""

    def record(self) -> Record:
        """The write as the log shows it; `reason` says why it was dropped, or what of it was ignored."""
        return {
            "number": self.number,
            "arrived": self.arrived,
            "call": self.call,
            "op": orjson.loads(self.op),
            "outcome": self.outcome,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """A write that is not applied yet. One that is `lost` never will be: it is dropped when it is due."""

    due: int
    op: Op
    write: Write
    lost: bool


class Inbox:
    """The writes of a workspace."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._log: deque[Write] = deque()
        self.accepted = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def take(
        self,
        call: str,
        op: Op,
        *,
        at: int,
        delay_s: int = 0,
        raw: bytes | None = None,
        lost: bool = False,
        logged: int = LOGGED,
    ) -> None:
        """Accept an operation; `raw` is its JSON as received, if somebody has that already."""
        write = self.note(call, op, at=at, raw=raw, logged=logged)
        self._waiting.append(Waiting(at + delay_s, op, write, lost))

    def note(self, call: str, op: Op, *, at: int, raw: bytes | None = None, logged: int = LOGGED) -> Write:
        """Put an operation into the log alone, for somebody who applies it at once."""
        self.accepted += 1
        write = Write(self.accepted, at, call, orjson.dumps(op) if raw is None else raw)
        self._log.append(write)
        while len(self._log) > logged:
            self._log.popleft()
        return write

    def due(self, now: int) -> Iterator[Waiting]:
        """The writes whose time has come, each taken off as it is given out; a later one never overtakes."""
        while self._waiting and self._waiting[0].due <= now:
            yield self._waiting.popleft()

    def writes(self) -> list[Record]:
        """The log, in order of arrival."""
        return [write.record() for write in self._log]
