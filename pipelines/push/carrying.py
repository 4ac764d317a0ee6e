"""The last two steps of a push, from a run that stands in the journal to its end: deliver, confirm."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.errors import EltError
from pipelines.notify import Notify, silent
from pipelines.push.confirm.confirm import Confirmed, confirm
from pipelines.push.confirm.failed_writes import Watch, watch
from pipelines.push.deliver.batch import Packed
from pipelines.push.deliver.csv_import import Importer
from pipelines.push.deliver.dispatch import Delivered, Run, deliver
from pipelines.push.deliver.throttle import Pace
from pipelines.push.deliver.track_api import Sender, Sent
from pipelines.push.journal.runs import end, note_watch
from pipelines.push.journal.snapshot import fold
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import Client

Told = Callable[[Delivered], None]


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What became of a run."""

    run_id: str
    delivered: Delivered = field(default_factory=Delivered)
    confirmed: Confirmed = field(default_factory=Confirmed)
    requests: int = 0
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether every row arrived, as far as anybody knows."""
        return not (self.delivered.rejected or self.delivered.unknown or self.confirmed.dropped)

    @property
    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "run_id": self.run_id,
            "accepted": self.delivered.accepted,
            "rejected": self.delivered.rejected,
            "unknown": self.delivered.unknown,
            "confirmed": asdict(self.confirmed),
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }


def carry_out(
    run: Run,
    client: Client,
    declaration: PushSpec,
    segment: dict[str, Any] | None,
    *,
    planned: int,
    confirms: bool = True,
    assumed: int = 0,
    notify: Notify = silent,
    told: Told = lambda _: None,
) -> Carried:
    """Send a run's rows, bring the answers into the snapshot, and see what arrived.

    `segment` has path and query of a segment's operations; `planned` is how many rows are to be sent. Without
    `confirms` nothing is read back.

    Raises:
        LeaseLost: another process has taken the sync over.
        CustomerioError: sending had to end early; what was accepted counts, and the next run sends the rest.
    """
    began, confirmed = time.monotonic(), Confirmed()
    options = declaration.deliver
    pace = Pace(options.requests_per_second)
    watched = _watch(client, declaration, notify) if confirms else None
    if watched is not None:
        note_watch(run.journal, run.run_id, watched.since)
    sender, importer = Sender(client, pace, segment), Importer(client.watching(pace.see), declaration)

    def send(packed: Packed) -> Sent:
        return (importer if packed.operation == "import" else sender).send(packed)

    delivered = deliver(run, send, in_flight=options.in_flight, planned=planned, told=told)
    fold(run.journal, run.sync, run.fence, run.run_id, max_attempts=options.max_attempts)
    if delivered.accepted and watched is not None:
        confirmed = confirm(run, client, declaration, segment, watched, notify=notify)
    end(
        run.journal,
        run.run_id,
        "done" if delivered.stop is None else "failed",
        assumed=assumed,
        requests=pace.requests,
        delivered=delivered,
        confirmed=confirmed,
    )
    if delivered.stop is not None:
        rest = f"Until then {delivered.accepted:,} rows were accepted; the others are sent by the next run."
        delivered.stop.add_sentence(rest)
        raise delivered.stop
    return Carried(
        run_id=run.run_id,
        delivered=delivered,
        confirmed=confirmed,
        requests=pace.requests,
        seconds=time.monotonic() - began,
    )


def _watch(client: Client, declaration: PushSpec, notify: Notify) -> Watch | None:
    """Begin to watch for failures; None where the App API cannot be read."""
    try:
        return watch(client, declaration)
    except EltError as error:
        notify(f"{declaration.sync}: what arrives cannot be read back, so nothing will be confirmed. {error}")
        return None
