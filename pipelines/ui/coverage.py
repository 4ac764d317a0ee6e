"""The page of the coverage: a calendar of the days that were read completely, for each table with a ledger.

    stretch and gaps of a table -> seconds that a day lacks -> days -> months -> years

Days are those of UTC. The first and the last day of a stretch are rarely whole; their missing part is no gap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from pipelines.ingest.status import TableStatus, warehouse_status
from pipelines.settings import Settings
from pipelines.times import DAY, span
from sources.customerio.extract import Window

State = Literal["full", "part", "none", "edge"]
"""A day was read completely, in part, or not at all; `edge` is the first or last day, read without a gap."""
_SAID: dict[State, str] = {
    "full": "read completely",
    "part": "read in part",
    "none": "not read",
    "edge": "first or last day, read without a gap",
}


@dataclass(frozen=True, kw_only=True)
class CalendarDay:
    """A day of a calendar; `lacks_s` are the seconds of it that lie in gaps."""

    day: date
    state: State
    lacks_s: int

    @property
    def said(self) -> str:
        """The day in words."""
        lacks = f": {span(self.lacks_s)} missing" if self.state == "part" else ""
        return f"{self.day:%-d %B %Y}: {_SAID[self.state]}{lacks}"

    @property
    def column(self) -> int:
        """Its column in the month: 0 is Monday."""
        return self.day.weekday()

    @property
    def row(self) -> int:
        """Its week in the month: 0 is the first."""
        return (self.day.day - 1 + self.day.replace(day=1).weekday()) // 7


@dataclass(frozen=True, kw_only=True)
class Month:
    """The days of a month that lie in the stretch."""

    first: date
    days: tuple[CalendarDay, ...]

    @property
    def said(self) -> str:
        """The month in words: its days by state."""
        counts = ", ".join(f"{number} {_SAID[state]}" for state, number in by_state(self.days).items())
        return f"{self.first:%B %Y}, days: {counts}"


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The calendar of a table: its stretch, the gaps in it, its days by state, and its months by year."""

    table: str
    covered: Window
    gaps: Sequence[Window]
    states: dict[State, int]
    years: dict[int, list[Month]]


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page.

    Raises:
        ConfigError, WarehouseError: there is no warehouse yet, or it cannot be read.
    """
    tables = warehouse_status(settings).tables
    return {
        "calendars": [made for row in tables if (made := calendar(row)) is not None],
        "missing_history": [row.table for row in tables if row.history_missing],
        "words": _SAID,
    }


def calendar(table: TableStatus) -> Calendar | None:
    """The calendar of a table; None without coverage."""
    if table.covered is None:
        return None
    days = list(_days(table.covered, table.gaps))
    months = [
        Month(first=first, days=tuple(found))
        for first, found in groupby(days, key=lambda each: each.day.replace(day=1))
    ]
    years = {year: list(found) for year, found in groupby(months, key=lambda month: month.first.year)}
    return Calendar(
        table=table.table,
        covered=table.covered,
        gaps=table.gaps,
        states=by_state(days),
        years=years,
    )


def by_state(days: Sequence[CalendarDay]) -> dict[State, int]:
    """The number of days by state, without states that no day has."""
    counts: dict[State, int] = {state: sum(day.state == state for day in days) for state in _SAID}
    return {state: number for state, number in counts.items() if number}


def _days(covered: Window, gaps: Sequence[Window]) -> Iterator[CalendarDay]:
    """The days from the first second that is covered or lacks, to the last that is covered."""
    lacking = _lacking(gaps)
    start = min([covered.start, *(gap.start for gap in gaps)])
    first, last = start // DAY, covered.end // DAY
    for number in range(first, last + 1):
        lacks = lacking.get(number, 0)
        known = min((number + 1) * DAY, covered.end + 1) - max(number * DAY, start)
        yield CalendarDay(day=_date(number), state=_state(lacks, known), lacks_s=lacks)


def _state(lacks: int, known: int) -> State:
    if lacks:
        return "none" if lacks >= known else "part"
    return "full" if known == DAY else "edge"


def _lacking(gaps: Sequence[Window]) -> dict[int, int]:
    """The seconds that lie in gaps, by the number of the day since 1970."""
    lacking: dict[int, int] = {}
    for gap in gaps:
        for number in range(gap.start // DAY, gap.end // DAY + 1):
            part = min((number + 1) * DAY - 1, gap.end) - max(number * DAY, gap.start) + 1
            lacking[number] = lacking.get(number, 0) + part
    return lacking


def _date(number: int) -> date:
    return datetime(1970, 1, 1, tzinfo=UTC).date() + timedelta(days=number)
