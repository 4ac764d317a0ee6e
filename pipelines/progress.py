"""The progress of a run: percent, and the sentence that a terminal, a log and a run's page show."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sources.customerio.extract import ResourceSummary, RunSummary

# Some tables tell how much is left only while they are read.
_MOST = 99.0


@dataclass(frozen=True)
class Reached:
    """The progress of a run.

    Attributes:
        percent: From 0 to 100; of the requests that are known to be left, so it may go back.
        words: The counts, and the minutes left once they can be estimated; no full stop.
        reading: The tables that are being read.
    """

    percent: float
    words: str
    reading: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The words, and the tables that are being read."""
        return f"{self.words}; reading {', '.join(self.reading)}." if self.reading else f"{self.words}."


def of(summary: RunSummary) -> Callable[[], Reached]:
    """A function that returns the progress of a run that begins now, from its summary."""
    since = time.monotonic()
    return lambda: reached(summary, time.monotonic() - since)


def reached(summary: RunSummary, seconds: float) -> Reached:
    """The progress of a run that has lasted `seconds`."""
    tallies = list(summary.resources.values())
    ended, made = sum(map(has_ended, tallies)), sum(tally.requests for tally in tallies)
    left, rows = sum(tally.requests_left or 0 for tally in tallies), sum(tally.written for tally in tallies)
    requests = f"{made:,} of at least {made + left:,} requests" if left else f"{made:,} requests"
    words = f"{ended} of {len(tallies)} tables read, {requests}"
    if tallies and ended == len(tallies):
        return Reached(_MOST, f"{words}; writing {rows:,} rows")
    words = f"{words}, {rows:,} rows to write"
    if made and left:
        words = f"{words}; {minutes_left(seconds / made * left)}"
    reading = tuple(tally.resource for tally in tallies if tally.started is not None and not has_ended(tally))
    return Reached(min(100.0 * made / max(made + left, 1), _MOST), words, reading)


def has_ended(tally: ResourceSummary) -> bool:
    """True if the table was read, has failed, or was skipped."""
    return tally.done or tally.error is not None or tally.skipped is not None


def minutes_left(seconds: float) -> str:
    """The time left, in words."""
    return f"about {max(1, round(seconds / 60)):,} min left"
