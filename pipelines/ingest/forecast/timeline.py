"""Deliveries and activities over time: counted in the warehouse, or sampled from a few pages.

warehouse:  rows an hour, and the rate of the last week for the time since the last sync
first sync: the oldest delivery by bisection, then one page of some windows, evenly spread
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pipelines.ingest.coverage import FEED_DEPTH_S
from pipelines.ingest.forecast.bursts import burst_cells, is_of_burst
from pipelines.ingest.forecast.cost import spread
from pipelines.ingest.forecast.histogram import Histogram
from pipelines.ingest.forecast.survey import Survey
from pipelines.times import DAY, HOUR
from pipelines.warehouse.pipeline import DATASET
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.extract import Window
from sources.customerio.extract.messages import EMPTY_WINDOWS_BEFORE_HISTORY, WINDOW_S

SAMPLES = 12
"""Windows of deliveries of which a page is read, at most."""
FEED_SAMPLES = 20
"""Pages of the feed that are read, at most; fewer if they reach back a day."""
_PROBE_WINDOWS = 6
_RATE_S = 7 * DAY
_SAMPLED = "an estimate from a sample of pages"


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Rows over time. `filled` counts the windows back to the oldest row; `sampled` rows are those seen.

    `note` says of what time the numbers are an estimate; it is empty if they are exact.
    """

    rows: Histogram
    filled: int = 0
    note: str = ""
    sampled: Sequence[Any] = field(default=(), repr=False)


def timeline(survey: Survey, row: Resource, whole: Window | None = None) -> Timeline:
    """The rows over time of a table that has time, by its reader."""
    read_to = survey.state(row.table).get("read_to" if row.reader == "windows" else "watermark")
    if whole is None and read_to is not None and row.table in survey.tables:
        return survey.once((row.table, None), lambda: held_timeline(survey, row, min(read_to, survey.now)))
    if row.reader == "feed":
        messages = resource("messages")
        return survey.once(
            (row.table, None), lambda: sampled_feed(survey, row, lambda: timeline(survey, messages))
        )
    start = survey.options.start
    if whole is None and start is not None:
        whole = Window(start=start, end=survey.now)
    return survey.once((row.table, whole), lambda: sampled_deliveries(survey, row, whole))


def held_timeline(survey: Survey, resource: Resource, read_to: int) -> Timeline:
    """The timeline of the rows in the warehouse; the time since `read_to` has the rate of the week before."""
    column, hour = resource.cursor, f"({resource.cursor} - {resource.cursor} % {HOUR})"
    select = f"SELECT {hour}, count(*) FROM {DATASET}.{resource.table} WHERE {column} <= {read_to} GROUP BY 1"
    counted = [(int(start), int(number)) for start, number in survey.query(select)]
    cells: list[tuple[int, int, float]] = [
        (start, min(start + HOUR, read_to + 1), number) for start, number in counted
    ]
    lately = sum(number for start, number in counted if start > read_to - _RATE_S)
    if survey.now > read_to:
        cells.append((read_to + 1, survey.now + 1, lately * (survey.now - read_to) / _RATE_S))
    note = (
        "rows since the last sync are taken to come as in the week before it" if survey.now > read_to else ""
    )
    return Timeline(rows=Histogram(cells), note=note)


def sampled_deliveries(survey: Survey, resource: Resource, whole: Window | None = None) -> Timeline:
    """The timeline of deliveries of which none is held: within `whole`, or down to the oldest one."""
    windows = list(_windows_back(whole.end if whole else survey.now, whole.start if whole else 0))
    filled = len(windows) if whole else _filled(survey, resource, windows)
    # The newest two tell what is active.
    chosen = [*range(min(filled, 2)), *spread(range(2, filled), SAMPLES - 2)]
    pages = {index: _page(survey, resource, windows[index]) for index in chosen}
    seen = [row for page in pages.values() for row in page.rows]
    if len(pages) == filled and all(page.is_whole for page in pages.values()):
        cells = [(row[resource.cursor], row[resource.cursor] + 1, 1.0) for row in seen]
        return Timeline(rows=Histogram(cells), filled=filled, sampled=seen)
    densities = {index: page.density for index, page in pages.items() if page.is_telling}
    cells = [
        (window.start, window.end + 1, _between(densities, index) * window.seconds)
        for index, window in enumerate(windows[:filled])
    ]
    cells += burst_cells(survey, windows[filled - 1].start)
    return Timeline(rows=Histogram(cells), filled=filled, note=_SAMPLED, sampled=seen)


def sampled_feed(survey: Survey, resource: Resource, deliveries: Callable[[], Timeline]) -> Timeline:
    """The timeline of the feed, from its newest pages: a day of them, or some.

    Before that, other activities go on as in those pages, and those of deliveries as `deliveries` do.
    """
    call, times, ends = operation(resource.operation), [], True
    pages = survey.client.pages(call.id, query={"deleted": True})
    seen: list[Any] = []
    for number, page in enumerate(pages, start=1):
        seen += page.records
        times += [row[resource.cursor] for row in page.records]
        ends = page.next is None
        if not ends and (number == FEED_SAMPLES or survey.now - min(times, default=survey.now) >= DAY):
            break
    survey.weigh(resource.table, seen)
    oldest = min(times, default=survey.now)
    depth = survey.now - FEED_DEPTH_S
    cells: list[tuple[int, int, float]] = [(oldest, survey.now + 1, len(times))]
    if not ends and oldest > depth:
        of_deliveries = sum(bool(row.get("delivery_id")) for row in seen)
        others = (len(seen) - of_deliveries) * (oldest - depth) / (survey.now + 1 - oldest)
        lately = Window(start=oldest, end=survey.now)
        before = Window(start=depth, end=oldest - 1)
        cells.append((depth, oldest, others + of_deliveries * _growth(deliveries(), lately, before)))
    return Timeline(rows=Histogram(cells), note="" if ends else _SAMPLED)


def _growth(timeline: Timeline, part: Window, other: Window) -> float:
    """How many times the deliveries of one window those of another are; by their length if it has none."""
    rows = sum(part.start <= row["created"] for row in timeline.sampled)
    return timeline.rows.rows(other) / rows if rows else other.seconds / part.seconds


def history_windows(timeline: Timeline, now: int, start: int | None) -> list[Window]:
    """The windows that a first sync reads: since the start, or until twelve in a row were empty."""
    if start is not None:
        return list(_windows_back(now, start))
    empty, number = 0, 0
    while empty < EMPTY_WINDOWS_BEFORE_HISTORY:
        for index in range(number, number + EMPTY_WINDOWS_BEFORE_HISTORY):
            empty = 0 if index < timeline.filled else empty + 1
        number += EMPTY_WINDOWS_BEFORE_HISTORY
    return list(_windows_back(now, 0))[:number]


def _windows_back(end: int, start: int) -> Iterator[Window]:
    for top in range(end, start - 1, -WINDOW_S):
        yield Window(start=max(start, top - WINDOW_S + 1), end=top)


def _filled(survey: Survey, resource: Resource, windows: Sequence[Window]) -> int:
    """The number of windows back to the one with the oldest delivery, by bisection of half years."""

    def any_in(first: int, last: int) -> bool:
        span = Window(start=windows[last - 1].start, end=windows[first].end)
        return bool(_page(survey, resource, span, limit=1).rows)

    filled, probe = 0, 0
    while probe < min(filled + EMPTY_WINDOWS_BEFORE_HISTORY, len(windows)):
        last = min(probe + _PROBE_WINDOWS, len(windows))
        if any_in(probe, last):
            filled = last
        probe = last
    low, high = max(filled - _PROBE_WINDOWS, 0), filled
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if any_in(middle, high) else (low, middle)
    return high


@dataclass(frozen=True, kw_only=True)
class _Page:
    """The newest deliveries of a window, and the part of it that they fill."""

    rows: list[Any] = field(repr=False)
    reach: Window
    cursor: str
    is_whole: bool

    @property
    def is_telling(self) -> bool:
        """A page of less than an hour lies within a burst."""
        return self.is_whole or self.reach.seconds >= HOUR

    @property
    def density(self) -> float:
        """Deliveries a second, without those of bursts."""
        inside = (row for row in self.rows if row[self.cursor] >= self.reach.start)
        return sum(not is_of_burst(row) for row in inside) / self.reach.seconds


def _page(survey: Survey, resource: Resource, window: Window, limit: int | None = None) -> _Page:
    (asked,), cursor = resource.asked, str(resource.cursor)
    query = {**asked, "start_ts": window.start, "end_ts": window.end}
    page = survey.read(resource, query=query if limit is None else {**query, "limit": limit})
    if not page.whole and page.rows:
        # The oldest second of a page may go on below it.
        oldest = min(min(row[cursor] for row in page.rows), window.end - 1)
        window = Window(start=oldest + 1, end=window.end)
    return _Page(rows=page.rows, reach=window, cursor=cursor, is_whole=page.whole or not page.rows)


def _between(densities: dict[int, float], index: int) -> float:
    """The density at that index, on the line between the samples beside it; beyond them that of the last."""
    known = sorted(densities)
    if not known:
        return 0.0
    for low, high in pairwise(known):
        if low <= index <= high:
            share = (index - low) / (high - low)
            return densities[low] + share * (densities[high] - densities[low])
    return densities[min(known, key=lambda each: abs(each - index))]
