"""Dispatches batches: several at a time, never two that change the same person or object.

log ──read──> items ──pack──> batches ──> recorded, sent, recorded
                                 ^                 │
                                 └──── halves ─────┘
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pipelines.push.context import PushContext
from pipelines.push.deliver.batch import Batch, pack
from pipelines.push.deliver.track_api import SendResult
from pipelines.push.journal.database import BatchRecord
from pipelines.push.journal.log import Item
from pipelines.push.journal.runs import Delivery

OnProgress = Callable[[Delivery], None]
"""Called with the counts of a run each time that answers arrive."""


def deliver(
    context: PushContext,
    run_id: str,
    send: Callable[[Batch], SendResult],
    items: Iterable[Item],
    delivery: Delivery,
    *,
    on_progress: OnProgress = lambda _: None,
) -> None:
    """Send rows of the run's log, in their order, and count them in `delivery`.

    Raises:
        LeaseLost: another process has taken the lease of this push.
    """
    in_flight = context.spec.deliver.in_flight
    queue = _Queue(pack(items))
    open_requests: dict[Future[SendResult], tuple[int, Batch]] = {}
    records: list[BatchRecord] = []
    pool = ThreadPoolExecutor(in_flight, thread_name_prefix="push")
    waits = True
    try:
        while True:
            starting = _take(delivery, queue, [batch for _, batch in open_requests.values()], in_flight)
            # The answers that came and the requests that start are one write.
            records += [_record(number, batch, SendResult(state="sending")) for number, batch in starting]
            context.journal.record_batches(context.push_id, context.fence, run_id, records)
            open_requests |= {pool.submit(send, batch): (number, batch) for number, batch in starting}
            if not open_requests:
                return
            answered, _ = wait(open_requests, return_when=FIRST_COMPLETED)
            records = [
                _count(delivery, queue, future.result(), *open_requests.pop(future)) for future in answered
            ]
            on_progress(delivery)
    except KeyboardInterrupt:
        # A request may be repeated for minutes. It stays "sending" in the log: its rows are sent again.
        waits = False
        raise
    finally:
        pool.shutdown(wait=waits, cancel_futures=True)


class _Queue:
    """Batches that were not sent yet, in order."""

    def __init__(self, rest: Iterator[Batch]) -> None:
        self._rest = rest
        self._front: deque[Batch] = deque()

    def next_apart_from(self, busy: list[frozenset[str]]) -> Batch | None:
        """The next batch; None if it changes a busy person or object, or if there is none."""
        if not self._front:
            self._front.extend(batch for batch in (next(self._rest, None),) if batch is not None)
        if not self._front or any(self._front[0].entities & entities for entities in busy):
            return None
        return self._front.popleft()

    def put_back(self, halves: tuple[Batch, Batch]) -> None:
        """Put two halves in front."""
        self._front.extendleft(reversed(halves))


def _take(
    delivery: Delivery, queue: _Queue, open_batches: list[Batch], in_flight: int
) -> list[tuple[int, Batch]]:
    """The batches that can start now, with their numbers."""
    busy = [batch.entities for batch in open_batches]
    taken: list[tuple[int, Batch]] = []
    while delivery.stop is None and len(busy) < in_flight:
        batch = queue.next_apart_from(busy)
        if batch is None:
            break
        delivery.batches += 1
        busy.append(batch.entities)
        taken.append((delivery.batches, batch))
    return taken


def _count(delivery: Delivery, queue: _Queue, result: SendResult, number: int, batch: Batch) -> BatchRecord:
    """Count the rows of an answered batch by outcome; a halved one is queued again."""
    if result.state == "accepted":
        delivery.accepted += len(batch.items) - len(result.rejected)
        delivery.rejected += len(result.rejected)
    elif result.state == "halved":
        queue.put_back(batch.halves())
    elif result.state == "unknown":
        delivery.unknown += len(batch.items)
    delivery.stop = delivery.stop or result.stop
    return _record(number, batch, result)


def _record(number: int, batch: Batch, result: SendResult) -> BatchRecord:
    return BatchRecord(
        batch=number,
        operation=batch.operation,
        first=batch.first,
        last=batch.last,
        bytes=len(batch.body) if result.state == "sending" else 0,
        state=result.state,
        status=result.status,
        error=result.error,
        rejected=result.rejected,
        warned=result.warned,
    )
