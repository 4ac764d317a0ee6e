"""The reader of deliveries: windows on `created`, read in parallel, and again while their metrics change.

    new ones and those of each age that is due ──> windows ──┐
    older ones that new activities name ──> looked up by id ─┴──> batches

A request may span six months, both bounds included, and answers newest first; a longer one is cut without an
error, so windows are 30 days at most. A window longer than a page is not followed by page tokens,
one after the other, but cut at the oldest second of its first page; what is left is split into parts of a
few pages, and one for the rest, that are read side by side. Parts do not overlap.

A token is a position, which moves while deliveries arrive [live-estuary]. So tokens are followed only below a
second that fills a page, and rows that come again are left out. A window ends at the read's beginning:
its last second may still grow, so it is not covered, and the next read begins with it.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import count, islice
from operator import itemgetter
from typing import Any

from sources.customerio.catalogue import Resource, operation
from sources.customerio.catalogue.resource import DAY
from sources.customerio.client import Client, NotFound, unexpected
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.key_hashes import KeyHashes
from sources.customerio.extract.rows import Row, decoder
from sources.customerio.extract.run_context import PARTS_AHEAD, Options, RunContext, has_passed
from sources.customerio.extract.time_window import Window, sliced

WINDOW_S = 30 * DAY
EMPTY_WINDOWS_BEFORE_HISTORY = 12

# A part's last page is partly filled, so parts are long. But the last parts of a read must not run alone,
# so the rest is cut finer as long as fewer requests are under way than the budget needs:
# 10 a second at up to 0.6 s an answer.
PAGES_A_PART = 6
SIDE_BY_SIDE = 6

# A delivery that is looked up costs what a page of a thousand does. So a sync looks up no more of them than
# it reads pages of the youngest age, and these at least.
LOOKUPS = 2
_LOOKUP = "getMessage"
_MOST_ASKED = 500


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The result of one request for a window: its newest rows, and the window left to read below them."""

    rows: list[Row]
    read: Window
    left: Window | None


def windows(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read new deliveries, and those of each age that is due again; then note when each age was read."""
    reader = _Reader(run, resource)
    if run.options.only is not None:
        yield from reader.read(sliced(run.options.only, WINDOW_S))
        return
    now = run.now()
    if run.options.full or not has_passed(state.get("read_to"), now):
        yield from _history(reader, run.options, now)
        state.update(read_to=now, bands={str(band.max_age_s): now for band in run.options.bands})
        return
    due = due_windows(run.options, state, now)
    youngest, lately, read = now - run.options.bands[0].max_age_s, 0, KeyHashes()
    for batch in reader.read(part for window in due.values() for part in sliced(window, WINDOW_S)):
        read.add([row["id"] for row in batch.rows])
        lately += sum(row["created"] >= youngest for row in batch.rows)
        yield batch
    told = _told(run, resource, read)
    yield from reader.look_up(told[: most_lookups(lately)])
    state.update(read_to=now, bands={**state["bands"], **dict.fromkeys(due, now)})


def most_lookups(lately: int) -> int:
    """The most deliveries that a sync looks up which read so many of the youngest age."""
    return max(LOOKUPS, -(-lately // (operation("listMessages").page_max or 1)))


def _told(run: RunContext, resource: Resource, read: KeyHashes) -> list[str]:
    """The ids of held deliveries of which new activities tell and that were not read, the newest first.

    One that is not held is none that the list has, such as a draft. Where a delivery is not looked up, the
    next reading of its age has the metric.
    """
    told = sorted(run.told_deliveries())
    before = set(read.known(told))
    held = run.held(resource, [name for name in told if name not in before][:_MOST_ASKED])
    return [row["id"] for row in sorted(held, key=itemgetter("created"), reverse=True)]


def due_windows(options: Options, state: dict[str, Any], now: int) -> dict[str, Window]:
    """The windows to read again at `now` (Unix seconds), youngest first, by the age's name in the state.

    The youngest reaches back to the end of the last sync, even if that is long ago. The oldest reaches back
    to the deliveries that were within its age when it was last read: so every delivery is read once more
    after the highest age, when nothing about it changes any more.
    """
    due: dict[str, Window] = {}
    newest = now
    for index, band in enumerate(options.bands):
        name = str(band.max_age_s)
        oldest = now - band.max_age_s
        if index == 0:
            oldest = min(oldest, state["read_to"])
        if index == len(options.bands) - 1:
            oldest = min(oldest, state["bands"].get(name, now) - band.max_age_s)
        oldest = max(oldest, options.start or 0)
        if oldest <= newest and now - state["bands"].get(name, 0) >= band.every_s:
            due[name] = Window(start=oldest, end=newest)
        newest = min(newest, oldest - 1)
    return due


def _history(reader: "_Reader", options: Options, now: int) -> Iterator[Batch]:
    """All deliveries since the start; without a start, back to a year of empty windows."""
    if options.start is not None:
        yield from reader.read(sliced(Window(start=options.start, end=now), WINDOW_S))
        return
    empty = 0
    ends = count(now, -WINDOW_S)
    while empty < EMPTY_WINDOWS_BEFORE_HISTORY:
        year = [
            Window(start=max(end - WINDOW_S + 1, 0), end=end)
            for end in islice(ends, EMPTY_WINDOWS_BEFORE_HISTORY)
            if end >= 0
        ]
        if not year:
            return
        filled = set()
        for batch in reader.read(year):
            filled.add(next((window for window in year if _inside(batch, window)), None))
            yield batch
        for window in year:
            empty = 0 if window in filled else empty + 1


def _inside(batch: Batch, window: Window) -> bool:
    return batch.scope is not None and window.start <= batch.scope.low and batch.scope.high <= window.end


class _Reader:
    """Reads windows side by side, splitting the long ones."""

    def __init__(self, run: RunContext, resource: Resource) -> None:
        self._run = run
        self._client: Client = run.client_for(resource.table)
        self._summary = run.summary_of(resource.table)
        self._table = resource.table
        self._began = run.now()
        self._operation = resource.operation
        self._page_max = operation(resource.operation).page_max
        (self._asked,) = resource.asked
        self._cursor = str(resource.cursor)
        (self._key,) = resource.key
        self._decode = decoder(resource, run.added_fields(resource).placed)

    def read(self, windows: Iterable[Window]) -> Iterator[Batch]:
        """Batches of all rows in `windows`, in no order."""
        left: deque[Window] = deque()
        running: set[Future[_Part]] = set()
        try:
            self._start(windows, left, running)
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                future = done.pop()
                running.remove(future)
                part = future.result()
                self._start(self._split(part, len(running) + len(left)), left, running)
                if part.rows:
                    scope = Scope(column=self._cursor, low=part.read.start, high=part.read.end)
                    yield Batch(rows=part.rows, scope=scope, last=True)
                self._run.coverage.add(self._table, part.read, self._began)
        finally:
            for future in running:
                future.cancel()

    def look_up(self, names: Collection[str]) -> Iterator[Batch]:
        """Deliveries by their ids, one request each; one that is gone is left out."""
        self._summary.expect(len(names))
        for rows in self._run.map(self._looked_up, names):
            for row in rows:
                at = int(row[self._cursor])
                yield Batch(rows=[row], scope=Scope(column=self._cursor, low=at, high=at), last=True)

    def _looked_up(self, name: str) -> list[Row]:
        try:
            answer = self._client.call(_LOOKUP, path={"message_id": name}, query=self._asked)
        except NotFound:
            return []
        row = answer.field("message")
        if not isinstance(row, dict) or row.get(self._key) != name:
            raise unexpected(operation(_LOOKUP), "another delivery than was asked for")
        return self._run.fitting(self._operation, [row], self._table)

    def _start(self, windows: Iterable[Window], left: deque[Window], running: set[Future[_Part]]) -> None:
        """Add windows to those that are left, and read as many of these as may be ahead.

        The rows of a part stay in memory until they are taken.
        """
        added = list(windows)
        self._summary.expect(len(added))
        left.extend(added)
        while left and len(running) < PARTS_AHEAD:
            running.add(self._run.submit(self._newest, left.popleft()))

    def _newest(self, window: Window) -> _Part:
        """The first page of a window, less its oldest second if there is more: it may continue below."""
        query = {**self._asked, "start_ts": window.start, "end_ts": window.end, "limit": self._page_max}
        pages = self._client.pages(self._operation, query=query, decode=self._decode)
        rows: list[Row] = []
        seen: set[object] = set()
        for page in pages:
            self._check_times(page.records, window)
            # Rows that arrived meanwhile moved rows of the page before onto this one.
            rows += [row for row in page.records if row[self._key] not in seen]
            seen.update(row[self._key] for row in page.records if page.next)
            if not page.next:
                return _Part(rows=rows, read=window, left=None)
            oldest = min((row[self._cursor] for row in rows), default=window.end)
            kept = [row for row in rows if row[self._cursor] > oldest]
            if kept:
                read = Window(start=oldest + 1, end=window.end)
                left = Window(start=window.start, end=oldest)
                return _Part(rows=kept, read=read, left=left)
            # A single second fills the page: only its token leads on.
        msg = "the pages of a window ended without saying so"
        raise AssertionError(msg)

    def _check_times(self, rows: Iterable[Row], window: Window) -> None:
        """Check that the rows are of the window that was asked for.

        Raises:
            BadAnswer: one is not, so rows of the window may be missing too: it does not count as read.
        """
        outside = sum(not window.start <= row[self._cursor] <= window.end for row in rows)
        if outside:
            found = f"{outside:,} rows whose `{self._cursor}` is outside of the time that was asked for"
            raise unexpected(operation(self._operation), found)

    def _split(self, part: _Part, running: int) -> list[Window]:
        """Parts of the rest, assuming that deliveries go on as densely as in the page that was read.

        The last part takes all the rest: a newsletter is sent within seconds, and if the days below it were
        cut as finely, they would cost thousands of requests for nothing.
        """
        left = part.left
        if left is None:
            return []
        seconds = left.seconds
        pages = -(-seconds // part.read.seconds)
        parts = max(-(-pages // PAGES_A_PART), min(pages, SIDE_BY_SIDE - running))
        length = -(-seconds // parts)
        tops = range(left.end, left.start - 1, -length)[: max(1, SIDE_BY_SIDE - running) + 1]
        bottoms = [*(top + 1 for top in tops[1:]), left.start]
        return [Window(start=bottom, end=top) for top, bottom in zip(tops, bottoms, strict=True)]
