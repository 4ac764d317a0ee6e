"""Periods begin where Customer.io's calendar says, in winter and in summer."""

from datetime import UTC as Z
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sources.customerio.catalogue.periods import EASTERN, MOST_STEPS, PERIODS, UTC, Period, between, latest


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _texts(starts: list[int]) -> list[str]:
    return [datetime.fromtimestamp(start, Z).strftime("%Y-%m-%d %H:%M") for start in starts]


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        ("hours", ["2026-11-01 05:00", "2026-11-01 06:00", "2026-11-01 07:00"]),
        ("days", ["2026-10-30 04:00", "2026-10-31 04:00", "2026-11-01 04:00"]),
        ("weeks", ["2026-10-18 04:00", "2026-10-25 04:00", "2026-11-01 04:00"]),
        ("months", ["2026-09-01 04:00", "2026-10-01 04:00", "2026-11-01 04:00"]),
    ],
)
def test_the_latest_periods_end_with_the_one_that_is_now(period: Period, starts: list[str]) -> None:
    """On the Sunday in November on which New York's clocks go back, at its second half past two."""
    assert starts == _texts(latest(period, 3, _at("2026-11-01T07:30:00+00:00")))


def test_days_follow_the_wall_clock_when_it_changes() -> None:
    """A day is 25 hours long in autumn and 23 in spring; the next one begins at midnight all the same."""
    autumn = latest("days", 2, _at("2026-11-02T12:00:00+00:00"))
    spring = latest("days", 2, _at("2026-03-09T12:00:00+00:00"))

    assert (25, 23) == tuple((last - first) // 3600 for first, last in (autumn, spring))


def test_a_period_holds_its_first_second_and_not_the_next_one_s() -> None:
    """Midnight in New York belongs to the new day, the second before to the old one."""
    midnight = _at("2026-07-01T00:00:00-04:00")

    for period in ("days", "months"):
        assert [midnight] == latest(period, 1, midnight)
        assert [midnight] != latest(period, 1, midnight - 1)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Europe/London"])
@pytest.mark.parametrize("period", PERIODS)
def test_periods_meet_and_cover_the_window(period: Period, zone: str) -> None:
    """Each period begins behind the one before, the first one before the window, the last one in it."""
    first, last = _at("2026-02-11T10:10:10+00:00"), _at("2026-06-03T03:03:03+00:00")

    starts = between(period, first, last, ZoneInfo(zone))

    assert starts == sorted(set(starts))
    assert starts[0] <= first < starts[1]
    assert starts[-1] <= last
    assert starts[-1] == latest(period, 1, last, ZoneInfo(zone))[0]


def test_counting_back_and_a_window_agree() -> None:
    """The latest periods are those of the window from the first of them to now."""
    now = _at("2026-10-15T10:00:00+00:00")

    for period in PERIODS:
        starts = latest(period, MOST_STEPS[period], now)
        assert starts == between(period, starts[0], now, EASTERN)
    assert [_at("2026-10-15T00:00:00+00:00")] == between("days", now, now, UTC)
