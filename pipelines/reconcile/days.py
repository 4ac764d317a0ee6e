"""Cohort days: by which clock Customer.io sums up a message's metrics, and when its days begin.

A metric counts for the day on which its message was made, whenever it came. Version 2 of the metrics takes
a time zone; version 1 knows only Eastern time.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipelines.times import HOUR
from sources.customerio.catalogue.periods import latest

# No day is longer, with the hour that autumn repeats.
_INTO_THE_NEXT_S = 26 * HOUR


@dataclass(frozen=True)
class Day:
    """One day; `start` and `end` are Unix seconds, the end is the next day's start."""

    date: date
    start: int
    end: int


def days(now: int, number: int, clock: ZoneInfo) -> list[Day]:
    """The last `number` days of that clock, oldest first; the last one is the day that `now` is in."""
    starts = latest("days", number, now, clock)
    ends = [*starts[1:], *latest("days", 1, starts[-1] + _INTO_THE_NEXT_S, clock)]
    return [
        Day(datetime.fromtimestamp(start, clock).date(), start, end)
        for start, end in zip(starts, ends, strict=True)
    ]
