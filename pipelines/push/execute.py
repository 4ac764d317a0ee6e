"""Executes a run that is in the journal: the last steps of a push.

trial, for keys that were never proven -> deliver -> confirm
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.errors import EltError
from pipelines.push.confirm.confirm import confirm
from pipelines.push.confirm.failed_writes import FailureWatch, start_watch
from pipelines.push.context import PushContext
from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.csv_import import CsvImport
from pipelines.push.deliver.dispatch import OnProgress, deliver
from pipelines.push.deliver.throttle import Throttle
from pipelines.push.deliver.track_api import SendResult, TrackApi
from pipelines.push.journal.log import items_to_send
from pipelines.push.journal.runs import Confirmation, Delivery, end_run, record_watch_start
from pipelines.push.journal.snapshot import settle_rejects
from pipelines.push.trial import run_trial
from pipelines.trace import step


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """The result of a run: its rows by outcome, the confirmation, the requests and the seconds."""

    run_id: str
    delivery: Delivery = field(default_factory=Delivery)
    confirmation: Confirmation = field(default_factory=Confirmation)
    requests: int = 0
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """True if no row is known to be rejected, unknown or dropped."""
        return not (self.delivery.rejected or self.delivery.unknown or self.confirmation.dropped)

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "run_id": self.run_id,
            "accepted": self.delivery.accepted,
            "rejected": self.delivery.rejected,
            "unknown": self.delivery.unknown,
            "confirmed": asdict(self.confirmation),
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }


def execute(
    context: PushContext,
    run_id: str,
    *,
    planned: int,
    confirms: bool = True,
    assumed: int = 0,
    on_progress: OnProgress = lambda _: None,
) -> RunResult:
    """Send a run's rows, fold the answers into the snapshot, and confirm what arrived.

    `planned` rows are sent, `assumed` rows count as accepted; without `confirms` nothing is read back.

    Raises:
        LeaseLost: another process has taken the lease of this push.
        WrongWorkspace: no row of the trial arrived, so nothing else was sent.
        CustomerioError: sending ended early; accepted rows count, and the next run sends the rest.
    """
    started = time.monotonic()
    watch = _start_watch(context, run_id) if confirms else None
    throttle = Throttle(context.spec.deliver.requests_per_second)
    delivery, send = Delivery(planned=planned), _sender(context, throttle)
    items = items_to_send(context.journal, run_id)
    step("send")
    if not context.identity.proven:
        run_trial(context, run_id, send, items, delivery)
    deliver(context, run_id, send, items, delivery, on_progress=on_progress)
    context.fold(run_id)
    confirmation = Confirmation()
    if delivery.accepted and watch is not None:
        step("confirm")
        confirmation = confirm(context, run_id, watch)
    _end(context, run_id, delivery, confirmation, assumed=assumed, requests=throttle.requests)
    return RunResult(
        run_id=run_id,
        delivery=delivery,
        confirmation=confirmation,
        requests=throttle.requests,
        seconds=time.monotonic() - started,
    )


def _end(
    context: PushContext,
    run_id: str,
    delivery: Delivery,
    confirmation: Confirmation,
    *,
    assumed: int,
    requests: int,
) -> None:
    """Write the end of a run; raises the error that ended sending early."""
    settle_rejects(context.journal, context.push_id, context.fence, run_id)
    end_run(
        context.journal,
        run_id,
        "done" if delivery.stop is None else "failed",
        assumed=assumed,
        requests=requests,
        delivery=delivery,
        confirmation=confirmation,
    )
    if delivery.stop is not None:
        rest = f"Until then {delivery.accepted:,} rows were accepted; the others are sent by the next run."
        delivery.stop.add_sentence(rest)
        raise delivery.stop


def _sender(context: PushContext, throttle: Throttle) -> Callable[[Batch], SendResult]:
    """Sends a batch by the Track API, or as an import if that is its operation."""
    track_api, csv_import = TrackApi(context, throttle), CsvImport(context, throttle)
    return lambda batch: (csv_import if batch.operation == "import" else track_api).send(batch)


def _start_watch(context: PushContext, run_id: str) -> FailureWatch | None:
    """Start to watch for failures, and record since when; None if the App API cannot be read."""
    try:
        watch = start_watch(context)
    except EltError as error:
        context.notify(
            f"{context.spec.sync}: the App API cannot be read, so nothing will be confirmed. {error}"
        )
        return None
    record_watch_start(context.journal, run_id, watch.since)
    return watch
