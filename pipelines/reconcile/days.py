"""Cohort days: the days, in Customer.io's time zone, by which it sums up metrics.

A metric counts for the day on which its message was created. Version 2 of the metrics takes a time zone;
version 1 always uses Eastern time.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipelines.times import HOUR
from sources.customerio.catalogue.periods import latest

# Longer than any day, also one of 25 hours in autumn.
_INTO_THE_NEXT_S = 26 * HOUR


@dataclass(frozen=True)
class Day:
    """One day; `start` and `end` are Unix seconds, `end` is the next day's start."""

    date: date
    start: int
    end: int


def days(now: int, number: int, clock: ZoneInfo) -> list[Day]:
    """The last `number` days in that time zone, oldest first; the last one contains `now`."""
    starts = latest("days", number, now, clock)
    ends = [*starts[1:], *latest("days", 1, starts[-1] + _INTO_THE_NEXT_S, clock)]
    return [
        Day(datetime.fromtimestamp(start, clock).date(), start, end)
        for start, end in zip(starts, ends, strict=True)
    ]
