"""Time ranges of requests for deliveries."""

from sources.customerio.sandbox.state.store.lookback import NEWSLETTER, WORKSPACE, add_months


def test_months_are_calendar_months() -> None:
    """Half a year before 31 August is the end of February."""
    end_of_august = 1_788_134_400  # 2026-08-31T00:00:00Z
    end_of_february = 1_772_236_800  # 2026-02-28T00:00:00Z

    assert add_months(end_of_august, -6) == end_of_february
    assert add_months(end_of_february, 12) - end_of_february == 365 * 86_400


def test_strange_bounds_are_ranges() -> None:
    """Zero, negative and far-away bounds are ranges like any other."""
    now = 1_792_058_400

    assert WORKSPACE.bounds(start_ts=0, end_ts=0, now=now, first=None)[1] == 0
    assert WORKSPACE.bounds(start_ts=-5, end_ts=2**40, now=now, first=None)[1] == 2**40
    assert NEWSLETTER.bounds(start_ts=None, end_ts=None, now=now, first=None) == (add_months(now, -6), now)
