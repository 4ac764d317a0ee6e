"""Windows of time, their union, the gaps between them, and slices of them."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Window:
    """Unix seconds, both included."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """The number of seconds in it."""
        return self.end - self.start + 1


def union(windows: Iterable[Window]) -> list[Window]:
    """The same seconds in the fewest windows, oldest first."""
    joined: list[Window] = []
    for window in sorted(windows):
        if joined and window.start <= joined[-1].end + 1:
            joined[-1] = Window(start=joined[-1].start, end=max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return joined


def left_out(whole: Window, windows: Iterable[Window]) -> list[Window]:
    """The seconds of `whole` that lie in none of the windows, oldest first."""
    gaps: list[Window] = []
    start = whole.start
    for window in union(windows):
        if window.start > start:
            gaps.append(Window(start=start, end=min(window.start - 1, whole.end)))
        start = max(start, window.end + 1)
        if start > whole.end:
            break
    if start <= whole.end:
        gaps.append(Window(start=start, end=whole.end))
    return [gap for gap in gaps if gap.start <= gap.end]


def sliced(whole: Window, length_s: int) -> list[Window]:
    """`whole` in windows of at most `length_s` seconds that meet without overlapping, newest first."""
    tops = range(whole.end, whole.start - 1, -length_s)
    return [Window(start=max(whole.start, top - length_s + 1), end=top) for top in tops]
