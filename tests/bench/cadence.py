"""Sixty days of hourly syncs: the requests for deliveries, and the late metrics that they find.

A metric is late if it came after its delivery was read first: an open, a click, a conversion. The windows are
those that `due_windows` plans, with the deliveries and metrics of a sandbox. A window costs as many requests
as it has pages, and one at least. The baseline reads the last 30 days again every hour.

The bands are of days and weeks, so a phase is a begin of the 60 days: 24 of them, seven hours apart, meet
each hour of a day and each day of a week. The line of the worst phase is the one with the least recall.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.catalogue import operation
from sources.customerio.extract import Options, Window
from sources.customerio.extract.messages import WINDOW_S, due_windows
from sources.customerio.extract.time_window import sliced
from sources.customerio.sandbox import Sandbox
from tests.bench.measure import Figure, repeated

HOUR, DAY = 3_600, 86_400
DAYS, FLAT_DAYS = 60, 30
PHASES, PHASE_S = 24, 7 * HOUR
MOST_SHARE = 0.6
"""The most requests beside the baseline's."""

Times = NDArray[np.int64]
Plan = Callable[[int], list[Window]]
"""The windows that a sync at that Unix second reads."""


@dataclass(frozen=True)
class Deliveries:
    """Deliveries by `created`, and their metrics: `metric_at` from `first[i]` to `first[i + 1]`. Unix s."""

    created: Times
    metric_at: Times
    first: Times

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
    """The worst and the best phase of the bands, and the baseline in the worst phase."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    sandbox = Sandbox(scale="demo")
    begin = sandbox.clock.now()
    sandbox.clock.advance(DAYS * DAY + PHASES * PHASE_S)
    deliveries = _deliveries(sandbox)
    starts = [begin + phase * PHASE_S for phase in range(PHASES)]
    bands = [_simulated(deliveries, start, _banded(start)) for start in starts]
    flat = [_simulated(deliveries, start, _flat) for start in starts]
    worst = min(range(PHASES), key=lambda phase: bands[phase].recall)
    more_found = bands[worst].recall - flat[worst].recall
    return [
        *_figures("every hour, the last 30 days (baseline)", flat[worst]),
        *_figures("bands, worst phase", bands[worst]),
        *_figures("bands, best phase", max(bands, key=lambda each: each.recall)),
        Figure.of(
            "bands, worst phase: requests beside the baseline's",
            bands[worst].requests / flat[worst].requests,
            most=MOST_SHARE,
        ),
        Figure(
            what="bands, worst phase: recall more than the baseline's",
            unit="%",
            runs=(more_found,),
            least=0.0,
        ),
    ]


def _deliveries(sandbox: Sandbox) -> Deliveries:
    rows = sorted(
        (row["created"], sorted((row["metrics"] or {}).values())) for row in sandbox.rows("messages")
    )
    counts = [len(metrics) for _, metrics in rows]
    return Deliveries(
        created=np.array([created for created, _ in rows], dtype=np.int64),
        metric_at=np.array([at for _, metrics in rows for at in metrics], dtype=np.int64),
        first=np.concatenate([[0], np.cumsum(counts)]),
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


def _simulated(deliveries: Deliveries, start: int, plan: Plan) -> Simulated:
    """Sync every hour from `start` for 60 days, after everything was read at `start`."""
    end, page = start + DAYS * DAY, operation("listMessages").page_max or 1
    read_first = np.where(deliveries.created <= start, start, 0)
    found_at = np.zeros(len(deliveries.metric_at), dtype=np.int64)
    requests = 0
    for now in range(start + HOUR, end + 1, HOUR):
        for window in _pieces(plan(now)):
            read = deliveries.within(window)
            requests += max(1, -(-(read.stop - read.start) // page))
            fresh = read_first[read]
            fresh[fresh == 0] = now
            metrics = slice(int(deliveries.first[read.start]), int(deliveries.first[read.stop]))
            times, known = deliveries.metric_at[metrics], found_at[metrics]
            known[(known == 0) & (times <= now)] = now
    owner_read = np.repeat(read_first, np.diff(deliveries.first))
    late = (owner_read > 0) & (deliveries.metric_at > owner_read) & (deliveries.metric_at <= end)
    found = late & (found_at > 0)
    waited = (found_at - deliveries.metric_at)[found]
    return Simulated(
        requests=requests, late=int(late.sum()), found=int(found.sum()), hours=float(waited.mean()) / HOUR
    )


def _pieces(windows: list[Window]) -> Iterator[Window]:
    return (piece for window in windows for piece in sliced(window, WINDOW_S))


def _figures(name: str, simulated: Simulated) -> list[Figure]:
    return [
        Figure.of(f"{name}: requests", simulated.requests),
        Figure.of(f"{name}: late metrics", simulated.late),
        Figure.of(f"{name}: recall", simulated.recall, "%"),
        Figure.of(f"{name}: until a metric is found", simulated.hours, "h"),
    ]
