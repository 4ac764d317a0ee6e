"""Text formats of pages: one for each kind of value, and a dash for a missing one."""

import time
from typing import Any

import pandas as pd
import pytest

from pipelines.html.formats import FILTERS


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", 1234567, "1,234,567"),
        ("number", pd.NA, "–"),
        ("percent", 0.3556, "35.6 %"),
        ("percent", 0.0016, "0.16 %"),
        ("percent", 0.0, "0.0 %"),
        ("percent", 0.00002, "< 0.01 %"),
        ("percent", float("nan"), "–"),
        ("points", -0.0681, "−6.8"),
        ("points", 0.005, "+0.5"),
        ("day", pd.Timestamp("2026-10-05"), "5 Oct 2026"),
        ("moment", pd.Timestamp("2026-10-05 09:07", tz="UTC"), "5 Oct 2026 09:07 UTC"),
        ("moment", pd.NaT, "–"),
        ("clock", pd.Timestamp("2026-10-05 09:07", tz="UTC"), "5 Oct 09:07 UTC"),
        ("change", 0.1234, "▲ 12.3 %"),
        ("change", 0.0001, "unchanged"),
        ("change_in_points", -0.012, "▼ 1.2 points"),
        ("short", 950, "950"),
        ("short", 1_234, "1.2k"),
        ("short", 3_000_000, "3M"),
        ("lag", 90_000, "1 d 1 h"),
        ("second", 1_791_191_220, "2026-10-05 09:07 UTC"),
        ("second", None, "–"),
    ],
)
def test_a_value_is_formatted(name: str, value: Any, expected: str) -> None:
    """Each filter has one format, and a dash for a missing value."""
    assert expected == FILTERS[name](value)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Vienna", "5 Oct 2026 22:30 UTC (6 Oct 00:30 CEST)"),
        ("America/New_York", "5 Oct 2026 22:30 UTC (18:30 EDT)"),
        ("UTC", "5 Oct 2026 22:30 UTC"),
    ],
)
def test_a_moment_has_the_time_of_this_machine_beside(
    monkeypatch: pytest.MonkeyPatch, zone: str, expected: str
) -> None:
    """The time of the machine's zone is beside UTC, with its day if that is another one."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert expected == FILTERS["moment"](pd.Timestamp("2026-10-05 22:30", tz="UTC"))
    finally:
        monkeypatch.undo()
        time.tzset()
