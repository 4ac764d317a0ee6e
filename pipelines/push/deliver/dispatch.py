"""Requests under way: several at a time, none of two that touch the same person or object.

log ──read──> items ──pack──> requests ──> written down, sent, written down
                                 ^                          │
                                 └──────── halves ──────────┘
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from pipelines.errors import EltError
from pipelines.push.deliver.batch import Item, Packed, packed
from pipelines.push.deliver.track_api import Sent
from pipelines.push.journal.database import SCHEMA, Journal, Line, Sync

_ROWS_AT_ONCE = 20_000


@dataclass
class Delivered:
    """What was delivered so far: rows by what became of them, and why it ended early, if it did."""

    planned: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    batches: int = 0
    stop: EltError | None = field(default=None, repr=False)

    @property
    def answered(self) -> int:
        """Rows of which it is decided what became of them."""
        return self.accepted + self.rejected + self.unknown


@dataclass(frozen=True)
class Run:
    """A run's place in the journal."""

    journal: Journal
    sync: Sync
    run_id: str
    fence: int

    def note(self, lines: list[Line]) -> None:
        """Write lines down."""
        if lines:
            self.journal.note(self.sync, self.fence, self.run_id, lines)

    def items(self) -> Iterator[Item]:
        """What is to be sent, in order, from the log."""
        last = 0
        while rows := self.journal.ask(_READ, [self.run_id, last, last + _ROWS_AT_ONCE]):
            for seq, body, entity, operation in rows:
                if body is not None:
                    yield Item(seq, body.encode(), entity, operation)
            last += _ROWS_AT_ONCE


_READ = f"""
SELECT l.seq, CASE WHEN l.action <> 'assume' THEN coalesce(l.item, l.payload) END, coalesce(l.entity, l.key),
       l.operation
FROM {SCHEMA}.log AS l
WHERE l.run_id = ? AND l.seq > ? AND l.seq <= ? ORDER BY l.seq
"""


def deliver(
    run: Run,
    send: Callable[[Packed], Sent],
    *,
    in_flight: int,
    planned: int = 0,
    told: Callable[[Delivered], None] = lambda _: None,
) -> Delivered:
    """Send everything in the run's log, `planned` rows; `told` hears of progress.

    Raises:
        LeaseLost: another process has taken the sync over.
    """
    done = Delivered(planned=planned)
    waiting = _Waiting(packed(run.items()))
    flying: dict[Future[Sent], tuple[int, Packed]] = {}
    lines: list[Line] = []
    with ThreadPoolExecutor(in_flight, thread_name_prefix="push") as pool:
        while True:
            leaving: list[tuple[int, Packed]] = []
            while done.stop is None and len(flying) + len(leaving) < in_flight:
                busy = [
                    each.entities
                    for each in (*(one for _, one in flying.values()), *(one for _, one in leaving))
                ]
                ready = waiting.next_apart_from(busy)
                if ready is None:
                    break
                done.batches += 1
                leaving.append((done.batches, ready))
            # The answers that came and the requests that leave now are one write.
            run.note([*lines, *(_line(number, each, Sent(state="sending")) for number, each in leaving)])
            flying |= {pool.submit(send, each): (number, each) for number, each in leaving}
            if not flying:
                return done
            landed, _ = wait(flying, return_when=FIRST_COMPLETED)
            lines = [_land(done, waiting, future.result(), *flying.pop(future)) for future in landed]
            told(done)


class _Waiting:
    """Requests that have not left yet, in order."""

    def __init__(self, rest: Iterator[Packed]) -> None:
        self._rest = rest
        self._front: deque[Packed] = deque()

    def next_apart_from(self, busy: list[frozenset[str]]) -> Packed | None:
        """The next request, unless it touches somebody who is busy, or there is none."""
        if not self._front:
            self._front.extend(each for each in (next(self._rest, None),) if each is not None)
        if not self._front or any(self._front[0].entities & each for each in busy):
            return None
        return self._front.popleft()

    def again(self, halves: tuple[Packed, Packed]) -> None:
        """Put two halves in front."""
        self._front.extendleft(reversed(halves))


def _land(done: Delivered, waiting: _Waiting, sent: Sent, number: int, each: Packed) -> Line:
    if sent.state == "accepted":
        done.accepted += len(each.items) - len(sent.rejected)
        done.rejected += len(sent.rejected)
    elif sent.state == "halved":
        waiting.again(each.halves())
    elif sent.state == "unknown":
        done.unknown += len(each.items)
    done.stop = done.stop or sent.stop
    return _line(number, each, sent)


def _line(number: int, each: Packed, sent: Sent) -> Line:
    return Line(
        batch=number,
        operation=each.operation,
        first=each.first,
        last=each.last,
        bytes=len(each.body) if sent.state == "sending" else 0,
        state=sent.state,
        status=sent.status,
        error=sent.error,
        rejected=sent.rejected,
        warned=sent.warned,
    )
