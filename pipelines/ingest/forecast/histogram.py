"""Rows over time, and the requests that reading windows of them takes.

`page_count` plays the reader of windows: a window longer than a page is cut at the oldest second of its first
page, and the rest is split into parts of a few pages each.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from sources.customerio.extract import Window
from sources.customerio.extract.messages import PAGES_A_PART, SIDE_BY_SIDE


class Histogram:
    """Numbers of rows in cells of time, even within a cell.

    `cells` are begin, end (Unix seconds, the end not included) and number of rows; they may overlap.
    """

    def __init__(self, cells: Iterable[tuple[int, int, float]]) -> None:
        steps: defaultdict[int, float] = defaultdict(float)
        for start, end, rows in cells:
            steps[start] += rows / (end - start)
            steps[end] -= rows / (end - start)
        self._edges = sorted(steps)
        rates = accumulate(steps[edge] for edge in self._edges)
        lengths = (end - start for start, end in pairwise(self._edges))
        parts = (max(rate, 0.0) * length for rate, length in zip(rates, lengths, strict=False))
        self._below = list(accumulate(parts, initial=0.0)) if steps else []

    def rows(self, window: Window) -> float:
        """The number of rows in the window."""
        return self._until(window.end + 1) - self._until(window.start)

    def oldest(self, window: Window, rows: float) -> int:
        """The second down to which the newest `rows` rows of the window reach."""
        wanted = self._until(window.end + 1) - rows
        at = bisect_left(self._below, wanted)
        if at == 0 or at == len(self._below):
            return window.start
        low, high = self._below[at - 1], self._below[at]
        share = (wanted - low) / (high - low)
        return max(window.start, int(self._edges[at - 1] + share * (self._edges[at] - self._edges[at - 1])))

    def _until(self, moment: int) -> float:
        at = bisect_right(self._edges, moment)
        if at == 0:
            return 0.0
        if at == len(self._edges):
            return self._below[-1]
        share = (moment - self._edges[at - 1]) / (self._edges[at] - self._edges[at - 1])
        return self._below[at - 1] + share * (self._below[at] - self._below[at - 1])


def page_count(windows: Iterable[Window], rows: Histogram, page: int) -> int:
    """The requests that read those windows, with `page` rows to a page, side by side as the reader does."""
    waiting, requests = deque(windows), 0
    while waiting:
        window = waiting.popleft()
        requests += 1
        if rows.rows(window) <= page:
            continue
        # A page reaches down at least one second.
        oldest = min(rows.oldest(window, page), window.end - 1)
        if oldest >= window.start:
            waiting.extend(_split(Window(start=window.start, end=oldest), window.end - oldest, len(waiting)))
    return requests


def _split(left: Window, read_s: int, running: int) -> Sequence[Window]:
    """The parts of the rest of a window whose first page had `read_s` seconds."""
    pages = -(-left.seconds // read_s)
    parts = max(-(-pages // PAGES_A_PART), min(pages, SIDE_BY_SIDE - running))
    length = -(-left.seconds // parts)
    tops = range(left.end, left.start - 1, -length)[: max(1, SIDE_BY_SIDE - running) + 1]
    bottoms = [*(top + 1 for top in tops[1:]), left.start]
    return [Window(start=bottom, end=top) for top, bottom in zip(tops, bottoms, strict=True)]
