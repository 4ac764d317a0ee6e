"""The periods of Customer.io's metrics: hours, days, weeks from Sunday, months, by a time zone's calendar.

Version 1 of the metrics calls counts back from now in "EST" [spec25], which the newer documents call
"always in Eastern time"; so it is taken for America/New_York, daylight saving included (unverified).
Version 2 takes any time zone, and Eastern time where none is given.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count, takewhile
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Period = Literal["hours", "days", "weeks", "months"]
PERIODS: tuple[Period, ...] = get_args(Period)
"""All periods, from the shortest to the longest."""

EASTERN = ZoneInfo("America/New_York")
"""The time zone of metrics where a call names none."""
UTC = ZoneInfo("UTC")
VERSION_2 = {"version": 2, "tz": UTC.key}
"""The parameters by which version 2 of a metrics call takes a time in UTC."""
HORIZON_S = 10 * 365 * 86_400
"""The seconds that a time of version 2 spans at most [spec25]."""

MOST_STEPS: dict[Period, int] = {"hours": 24, "days": 45, "weeks": 12, "months": 121}
"""The most periods that version 1 counts back, the current one included [spec25]."""

_HOUR = 3600


def latest(period: Period, number: int, now: int, zone: ZoneInfo = EASTERN) -> list[int]:
    """The starts of the last `number` periods, oldest first, in Unix seconds; the last one contains `now`."""
    begin = _begin(period, now, zone)
    return [_unix(_moved(period, begin, -back), zone) for back in reversed(range(number))]


def between(period: Period, first: int, last: int, zone: ZoneInfo) -> list[int]:
    """The starts of the periods from the one with `first` to the one with `last`, in Unix seconds."""
    return list(takewhile(lambda start: start <= last, _onward(period, first, zone)))


def _onward(period: Period, at: int, zone: ZoneInfo) -> Iterator[int]:
    begin = _begin(period, at, zone)
    return (_unix(_moved(period, begin, number), zone) for number in count())


def _begin(period: Period, at: int, zone: ZoneInfo) -> datetime:
    """The wall clock's time at which the period begins that holds `at`; for hours the instant, with its zone.

    Hours have no gap and no repetition where clocks change, so they are counted in instants.
    """
    local = datetime.fromtimestamp(at, zone)
    if period == "hours":
        return datetime.fromtimestamp(at - local.minute * 60 - local.second, zone)
    day = local.replace(hour=0, minute=0, second=0, tzinfo=None)
    if period == "days":
        return day
    if period == "weeks":
        return day - timedelta(days=day.isoweekday() % 7)
    return day.replace(day=1)


def _moved(period: Period, begin: datetime, number: int) -> datetime:
    if period == "hours":
        return datetime.fromtimestamp(begin.timestamp() + number * _HOUR, begin.tzinfo)
    if period == "months":
        year, month = divmod(begin.year * 12 + begin.month - 1 + number, 12)
        return begin.replace(year=year, month=month + 1)
    return begin + timedelta(days=number * (7 if period == "weeks" else 1))


def _unix(begin: datetime, zone: ZoneInfo) -> int:
    return int((begin if begin.tzinfo else begin.replace(tzinfo=zone)).timestamp())
