"""Cohort days begin where Customer.io begins them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pipelines.reconcile.days import days
from pipelines.times import HOUR

EASTERN = ZoneInfo("America/New_York")


def test_days_follow_the_clock_of_eastern_time() -> None:
    """The day on which clocks change has 25 hours, and the last day contains the given time."""
    now = int(datetime(2026, 11, 2, 4, 59, tzinfo=UTC).timestamp())
    *_, saturday, sunday = days(now, 3, EASTERN)

    assert (date(2026, 10, 31), date(2026, 11, 1)) == (saturday.date, sunday.date)
    assert (24 * HOUR, 25 * HOUR) == (saturday.end - saturday.start, sunday.end - sunday.start)
    assert sunday.start <= now < sunday.end
    assert date(2026, 11, 2) == days(now + 60, 1, EASTERN)[0].date


def test_a_day_is_a_calendar_day() -> None:
    """Cohort days follow each other without a gap."""
    span = days(1_792_058_400, 45, EASTERN)
    assert all(
        one.end == other.start and one.date + timedelta(days=1) == other.date for one, other in pairwise(span)
    )
