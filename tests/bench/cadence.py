"""Sixty days of hourly syncs, four sizes of workspace: requests for deliveries, recall of late metrics.

A metric is late if it came after its delivery was read first: an open, a click, a conversion. The windows are
those that `due_windows` plans, with the deliveries and metrics of a sandbox, and the lookups those of metrics
that have an activity. A window costs as many requests as it has pages, and one at least. The baseline reads
the last 30 days again every hour. A larger workspace has the deliveries of several of the sandbox's, each
shifted by some days.

The ages are of days and weeks, so a phase is a begin of the 60 days: eight of them, 21 hours apart, meet
each part of a day and each day of a week. The figures are of the phase with the least recall.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.catalogue import operation
from sources.customerio.extract import Options, Window
from sources.customerio.extract.messages import WINDOW_S, due_windows, most_lookups
from sources.customerio.extract.time_window import sliced
from sources.customerio.sandbox import Sandbox
from tests.bench.measure import Figure, repeated

HOUR, DAY = 3_600, 86_400
DAYS, FLAT_DAYS = 60, 30
PHASES, PHASE_S = 8, 21 * HOUR
SHIFT_S = 3 * DAY
SIZES = {"demo workspace": 1, "ten of it": 10, "forty of it": 40, "a hundred of it": 100}
MOST_SHARE = 0.12
"""The most requests beside the baseline's; for a small workspace, one request an hour is more than that."""
LEAST_RECALL = 99.9
"""In percent."""

Times = NDArray[np.int64]
Plan = Callable[[int], list[Window]]
"""The windows that a sync at that Unix second reads."""


@dataclass(frozen=True)
class Deliveries:
    """Deliveries by `created`, and their metrics: `metric_at` from `first[i]` to `first[i + 1]`. Unix s.

    `told` says of a metric that it has an activity, and `owner` is the index of its delivery.
    """

    created: Times
    metric_at: Times
    told: NDArray[np.bool_]
    first: Times

    @cached_property
    def owner(self) -> Times:
        """The index of each metric's delivery."""
        return np.repeat(np.arange(len(self.created)), np.diff(self.first))

    @cached_property
    def by_time(self) -> Times:
        """The indexes of the metrics, in the order of their times."""
        return np.argsort(self.metric_at)

    def within(self, window: Window) -> slice:
        """The deliveries of a window."""
        low, high = np.searchsorted(self.created, [window.start, window.end + 1])
        return slice(int(low), int(high))


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """The result of one phase; `late` and `found` count metrics, `hours` are the mean until one was found."""

    requests: int
    late: int
    found: int
    hours: float

    @property
    def recall(self) -> float:
        """The share of late metrics that were found, in percent."""
        return 100 * self.found / self.late


def run(times: int) -> list[Figure]:
    """The share of the baseline's requests and the recall, of each size."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    sandbox = Sandbox(scale="demo")
    begin = sandbox.clock.now() + SHIFT_S
    sandbox.clock.advance(DAYS * DAY + PHASES * PHASE_S + 2 * SHIFT_S)
    rows = [
        (row["created"], [(at, _is_told(name)) for name, at in (row["metrics"] or {}).items()])
        for row in sandbox.rows("messages")
    ]
    starts = [begin + phase * PHASE_S for phase in range(PHASES)]
    return [
        figure for name, size in SIZES.items() for figure in _of_size(name, _deliveries(rows, size), starts)
    ]


def _of_size(name: str, deliveries: Deliveries, starts: list[int]) -> list[Figure]:
    phases = [_simulated(deliveries, start, _banded(start), looks_up=True) for start in starts]
    worst = min(range(len(starts)), key=lambda phase: phases[phase].recall)
    found, flat = phases[worst], _simulated(deliveries, starts[worst], _flat, looks_up=False)
    least = DAYS * 24 / flat.requests
    return [
        Figure.of(f"{name}: requests of the baseline", flat.requests),
        Figure.of(f"{name}: recall of the baseline", flat.recall, "%"),
        Figure.of(f"{name}: requests", found.requests),
        Figure.of(f"{name}: late metrics", found.late),
        Figure.of(f"{name}: until a metric is found", found.hours, "h"),
        Figure.of(f"{name}: one request an hour, beside the baseline's", least),
        Figure.of(
            f"{name}: requests beside the baseline's",
            found.requests / flat.requests,
            most=MOST_SHARE if least < MOST_SHARE / 2 else None,
        ),
        Figure(what=f"{name}: recall", unit="%", runs=(found.recall,), least=LEAST_RECALL),
    ]


def _is_told(metric: str) -> bool:
    """Checks if a metric has an activity; those of people apart from machines, and of links, have none."""
    none = ("human_opened", "human_clicked", "prefetch_opened", "link", "human_link")
    return metric.partition(":")[0] not in none


def _deliveries(rows: list[tuple[int, list[tuple[int, bool]]]], size: int) -> Deliveries:
    """So many times those deliveries: the first as they are, each other shifted by some days."""
    shifts = np.random.default_rng(size).integers(-SHIFT_S, SHIFT_S, size).tolist()
    all_rows = sorted(
        (
            (created + shift, [(at + shift, told) for at, told in metrics])
            for shift in (0, *shifts[1:])
            for created, metrics in rows
        ),
        key=itemgetter(0),
    )
    metrics = [each for _, some in all_rows for each in some]
    return Deliveries(
        created=np.array([created for created, _ in all_rows], dtype=np.int64),
        metric_at=np.array([at for at, _ in metrics], dtype=np.int64),
        told=np.array([told for _, told in metrics], dtype=np.bool_),
        first=np.concatenate([[0], np.cumsum([len(some) for _, some in all_rows])]),
    )


def _banded(start: int) -> Plan:
    """The windows of the product, after a first read of everything at `start`."""
    options = Options()
    state: dict[str, Any] = {"read_to": start, "bands": {str(b.max_age_s): start for b in options.bands}}

    def plan(now: int) -> list[Window]:
        due = due_windows(options, state, now)
        state.update(read_to=now, bands={**state["bands"], **dict.fromkeys(due, now)})
        return list(due.values())

    return plan


def _flat(now: int) -> list[Window]:
    return [Window(start=now - FLAT_DAYS * DAY, end=now)]


class _Sync:
    """The syncs from `start`, after everything was read at `start`: what they found, and their requests."""

    def __init__(self, deliveries: Deliveries, start: int) -> None:
        self._of = deliveries
        self._page = operation("listMessages").page_max or 1
        self.read_first = np.where(deliveries.created <= start, start, 0)
        self.found_at = np.zeros(len(deliveries.metric_at), dtype=np.int64)
        self.requests = 0

    def read(self, window: Window, now: int) -> None:
        """Read a window, as many requests as it has pages."""
        read = self._of.within(window)
        self.requests += max(1, self._pages(read))
        fresh = self.read_first[read]
        fresh[fresh == 0] = now
        self._find(read, now)

    def look_up(self, since: int, now: int) -> None:
        """Look up deliveries of which an activity since that second tells, as many as the reader does."""
        times = self._of.metric_at[self._of.by_time]
        lately = self._of.by_time[slice(*np.searchsorted(times, [since + 1, now + 1]))]
        told = lately[self._of.told[lately] & (self.found_at[lately] == 0)]
        young = self._of.within(Window(start=now - DAY, end=now))
        most = most_lookups(young.stop - young.start)
        owners = np.unique(self._of.owner[told])
        for owner in owners[self.read_first[owners] > 0][:most].tolist():
            self.requests += 1
            self._find(slice(owner, owner + 1), now)

    def _find(self, read: slice, now: int) -> None:
        metrics = slice(int(self._of.first[read.start]), int(self._of.first[read.stop]))
        times, known = self._of.metric_at[metrics], self.found_at[metrics]
        known[(known == 0) & (times <= now)] = now

    def _pages(self, read: slice) -> int:
        return int(-(-(read.stop - read.start) // self._page))


def _simulated(deliveries: Deliveries, start: int, plan: Plan, *, looks_up: bool) -> Simulated:
    """Sync every hour from `start` for 60 days."""
    end, sync = start + DAYS * DAY, _Sync(deliveries, start)
    for now in range(start + HOUR, end + 1, HOUR):
        for window in _pieces(plan(now)):
            sync.read(window, now)
        if looks_up:
            sync.look_up(now - HOUR, now)
    owner_read = sync.read_first[deliveries.owner]
    late = (owner_read > 0) & (deliveries.metric_at > owner_read) & (deliveries.metric_at <= end)
    found = late & (sync.found_at > 0)
    waited = (sync.found_at - deliveries.metric_at)[found]
    return Simulated(
        requests=sync.requests,
        late=int(late.sum()),
        found=int(found.sum()),
        hours=float(waited.mean()) / HOUR,
    )


def _pieces(windows: list[Window]) -> Iterator[Window]:
    return (piece for window in windows for piece in sliced(window, WINDOW_S))
