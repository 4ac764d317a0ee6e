"""The history of deliveries by exports: as many at once as Customer.io makes, collected as they get ready.

    plan -> as long as an export is left:  list all exports -> order into the free places
                                           -> collect those that are ready, together -> else pause

It does not count as coverage: a delivery whose parent was deleted has no export. A history that was stopped
is resumed by the next run: an export that is under way is waited for, and one that was loaded within the last
day, or that failed twice within it, is not created again.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.connect import client as connected
from pipelines.errors import EltError, ExportError, ExportFailed, StillPending
from pipelines.export.collect import ExportResult, Outcome, collect_together
from pipelines.export.create import create
from pipelines.export.history_plan import HistoryPlan
from pipelines.export.poll import failed, gone, note_state, own_record, pending
from pipelines.export.registry import RegisteredExport, Registry, open_registry
from pipelines.export.requests import DeliveriesRequest, ExportRequest
from pipelines.notify import Notify, silent
from pipelines.progress import Reached, minutes_left
from pipelines.settings import Settings
from pipelines.times import DAY
from sources.customerio.client import BadRequest, Client, NotFound, RetryLater, reading_answers

AHEAD = 5
"""Number of exports that may be pending in a workspace; Customer.io refuses a sixth [fivetran]."""

_SHORTEST_S, _LONGEST_S = 1.0, 60.0
# The pause is that share of the time for which an export has been pending.
_SHARE = 0.1
# Customer.io's refusal of a sixth [fivetran].
_FULL = "exports queued"
# Seconds for which an order is repeated before exports that are ready get their turn.
_ORDER_S = 6.0
_MOST_FAILURES = 2
"""Exports of one request that may fail within a day; no other is created then."""
_QUEUED, _ENDED = ("customers", "deliveries"), ("done", "failed")


@dataclass(kw_only=True)
class HistoryProgress:
    """The progress of a history: its exports, those that are loaded or have failed, and those under way."""

    exports: int = 0
    loaded: int = 0
    rows: int = 0
    under_way: int = 0
    failed: list[tuple[ExportRequest, EltError]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float | None:
        """The seconds left, by the exports that have ended; None before the first one has."""
        ended = self.loaded + len(self.failed)
        return (time.monotonic() - self.began) / ended * (self.exports - ended) if ended else None

    @property
    def reached(self) -> Reached:
        """The progress in percent, and in words."""
        ended, left_s = self.loaded + len(self.failed), self.left_s
        words = f"{self.loaded:,} of {self.exports:,} exports loaded, {self.under_way} under way"
        words += f", {len(self.failed)} failed" if self.failed else ""
        words += f", {self.rows:,} rows"
        words += f"; {minutes_left(left_s)}" if left_s is not None and ended < self.exports else ""
        return Reached(100.0 * ended / max(self.exports, 1), words)


def history(
    settings: Settings,
    plan: HistoryPlan,
    *,
    deadline_s: float = 6 * 3600.0,
    wait_s: float = 3600.0,
    notify: Notify = silent,
    pause: Callable[[float], object] = time.sleep,
    progress: HistoryProgress | None = None,
) -> Iterator[ExportResult]:
    """Load the exports of a plan that was made just now; each is published when it is returned.

    An export that fails does not keep the others back; `progress.failed` has it, with the error.

    Args:
        settings: where from, where to.
        plan: as `prepare_history` returned it.
        deadline_s: how long to wait for one file, or for a free place among the exports under way.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: called with a sentence about what is resumed or waited for.
        pause: waits for that many seconds; may raise, to end the run.
        progress: counts the exports while the history goes on.

    Raises:
        StillPending: no export ended and none could be ordered for `deadline_s`.
        CustomerioError: Customer.io cannot be reached; the exports before it stay loaded.
        Busy, WarehouseError: see `collect_together`.
    """
    shown = progress or HistoryProgress()
    shown.exports, shown.began = len(plan.requests), time.monotonic()
    with connected(settings) as client, open_registry(settings) as registry:
        run = _History(settings, client, registry, deadline_s, wait_s, notify, pause, shown)
        yield from run.results(plan)


def pause_s(pending_s: float, took_s: float | None) -> float:
    """Seconds until the next look at an export that has been pending for `pending_s`.

    It is looked at when it has taken as long as the quickest one so far, `took_s`; then, or if none is
    known, after pauses that grow with its age.
    """
    if took_s is not None and pending_s < took_s:
        return min(max(took_s - pending_s, _SHORTEST_S), _LONGEST_S)
    return min(max(pending_s * _SHARE, _SHORTEST_S), _LONGEST_S)


def looks(exports: int, took_s: float) -> int:
    """The number of lists of exports that a history of so many exports reads, if each takes `took_s`."""
    number, now, quickest, waiting = 0, 0.0, None, exports
    running: list[float] = []
    while waiting or running:
        number += 1
        left = [since for since in running if now - since < took_s]
        is_ready = len(left) < len(running)
        ordered = min(AHEAD - len(left), waiting)
        running, waiting = [*left, *[now] * ordered], waiting - ordered
        if is_ready:
            quickest = took_s
        elif running:
            now += min(pause_s(now - since, quickest) for since in running)
    return number


@dataclass
class _History:
    """One run: the requests that wait, and the exports that are under way, by their ids."""

    settings: Settings
    client: Client
    registry: Registry
    deadline_s: float
    wait_s: float
    notify: Notify
    pause: Callable[[float], object]
    progress: HistoryProgress
    _waiting: deque[DeliveriesRequest] = field(default_factory=deque)
    _running: dict[int, RegisteredExport] = field(default_factory=dict)
    _took_s: float | None = None
    _moved_at: int | None = None

    def results(self, plan: HistoryPlan) -> Iterator[ExportResult]:
        """The results of the exports, in the order in which they get ready."""
        self._begin(list(self._worth_trying(plan)))
        while self._waiting or self._running:
            listed = self.client.call("listExports").records("exports")
            ready = self._ready(listed)
            ordered = self._order(listed)
            self.progress.under_way = len(self._running)
            yield from self._collected(ready)
            if ready or ordered or self._moved_at is None:
                self._moved_at = self.client.now()
            if not ready and (self._waiting or self._running):
                self._rest()

    def _begin(self, requests: Sequence[DeliveriesRequest]) -> None:
        """Take up what an earlier run left: exports under way, then those that it may have ordered."""
        begun = {request: self.registry.unfinished(request) for request in requests}
        resumed = [export for export in begun.values() if export and export.export_id is not None]
        self._running = {export.export_id or 0: export for export in resumed}
        self._waiting.extend(request for request, export in begun.items() if export and not export.export_id)
        self._waiting.extend(request for request, export in begun.items() if not export)
        if resumed:
            self.notify(f"Resuming {len(resumed)} export(s) that an earlier run created and did not load.")

    def _worth_trying(self, plan: HistoryPlan) -> Iterator[DeliveriesRequest]:
        """The requests without those whose exports failed too often."""
        for request in plan.requests:
            if self.registry.failures(request, plan.at - DAY) < _MOST_FAILURES:
                yield request
            else:
                self._failed(request, _too_often(request))

    def _ready(self, listed: Sequence[Mapping[str, Any]]) -> list[RegisteredExport]:
        """The exports whose files are there; they, and those that failed, are no longer under way."""
        with reading_answers("`listExports`"):
            records = {int(record["id"]): record for record in listed}
        ready = []
        for number, export in list(self._running.items()):
            try:
                is_made = self._is_made(export, records.get(number))
            except ExportError as error:
                self._failed(export.request, error)
                del self._running[number]
                continue
            if is_made:
                ready.append(self.registry.get(export.id))
                del self._running[number]
        return ready

    def _is_made(self, export: RegisteredExport, record: Mapping[str, Any] | None) -> bool:
        """True if Customer.io has made the file.

        Raises:
            ExportError: it failed, Customer.io no longer has it, or the deadline is over.
        """
        if export.state == "done":
            return True
        if record is None or record.get("type") != export.request.type:
            # Old exports disappear from the list.
            try:
                record = own_record(self.client, export)
            except NotFound:
                self.registry.set_failed(export)
                raise gone(export) from None
        state = note_state(self.registry, export, record)
        if state == "failed":
            raise failed(export)
        if state == "done":
            self._note_time(record)
            return True
        waited_s = self._pending_s(export)
        if waited_s > self.deadline_s:
            raise pending(export, waited_s)
        return False

    def _note_time(self, record: Mapping[str, Any]) -> None:
        with reading_answers("`listExports`"):
            took_s = float(record["updated_at"] - record["created_at"])
        self._took_s = took_s if self._took_s is None else min(self._took_s, took_s)

    def _order(self, listed: Sequence[Mapping[str, Any]]) -> bool:
        """Create exports in the free places; True if one was created.

        Other exports of the workspace take places too.
        """
        with reading_answers("`listExports`"):
            taken = sum(record["status"] not in _ENDED and record["type"] in _QUEUED for record in listed)
        client, ordered = self.client.retrying(_ORDER_S), False
        for _ in range(min(max(AHEAD - taken, 0), len(self._waiting))):
            request = self._waiting.popleft()
            try:
                export = create(self.settings, request, client=client, listed=listed)
            except (RetryLater, BadRequest, NotFound) as error:
                if isinstance(error, RetryLater) or _FULL in str(error):
                    # It comes first after the pause; one that was created all the same is found in the list.
                    self._waiting.appendleft(request)
                    return ordered
                self._failed(request, error)
            else:
                self._running[export.export_id or 0], ordered = export, True
        return ordered

    def _collected(self, ready: Sequence[RegisteredExport]) -> Iterator[ExportResult]:
        if not ready:
            return
        outcomes: list[Outcome] = collect_together(
            self.settings, ready, client=self.client, wait_s=self.wait_s, notify=self.notify
        )
        for export, outcome in zip(ready, outcomes, strict=True):
            if isinstance(outcome, EltError):
                self._failed(export.request, outcome)
            else:
                self.progress.loaded += 1
                self.progress.rows += outcome.rows
                yield outcome

    def _failed(self, request: ExportRequest, error: EltError) -> None:
        self.progress.failed.append((request, error))

    def _rest(self) -> None:
        """Pause until an export may be ready, or a place free."""
        idle_s = self.client.now() - (self._moved_at or 0)
        if not self._running and idle_s > self.deadline_s:
            msg = (
                f"No export could be ordered for {idle_s:,.0f} s, and {len(self._waiting):,} are left: "
                f"Customer.io makes {AHEAD} at the same time, and others are under way in this workspace. "
                "Run this again later: it orders those that are left."
            )
            raise StillPending(msg)
        ages = [self._pending_s(export) for export in self._running.values()] or [idle_s]
        self.pause(min(pause_s(age, self._took_s) for age in ages))

    def _pending_s(self, export: RegisteredExport) -> float:
        return max(self.client.now() - (export.created_at or 0), 0)


def _too_often(request: DeliveriesRequest) -> ExportFailed:
    ((parameter, number),) = request.parents.items()
    option = parameter.removesuffix("_id").replace("_", "-")
    msg = (
        f"{_MOST_FAILURES} exports of it failed within a day, so no other was created. Run this again "
        f"tomorrow, or ask for less: `cio-elt export deliveries --{option} {number}` with a shorter range."
    )
    return ExportFailed(msg)
