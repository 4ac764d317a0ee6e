"""Text formats of the report: one for each kind of value, and a dash for a missing one."""

from typing import Any

import pandas as pd
import pytest

from pipelines.report.formats import FILTERS


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", 1234567, "1,234,567"),
        ("number", pd.NA, "–"),
        ("percent", 0.3556, "35.6 %"),
        ("percent", 0.0016, "0.16 %"),
        ("percent", 0.0, "0.0 %"),
        ("percent", float("nan"), "–"),
        ("points", -0.0681, "−6.8"),
        ("points", 0.005, "+0.5"),
        ("day", pd.Timestamp("2026-10-05"), "5 Oct 2026"),
        ("moment", pd.Timestamp("2026-10-05 09:07", tz="UTC"), "5 Oct 2026 09:07 UTC"),
        ("moment", pd.NaT, "–"),
        ("lag", 90_000, "1 d 1 h"),
    ],
)
def test_a_value_is_formatted(name: str, value: Any, expected: str) -> None:
    """Each filter has one format, and a dash for a missing value."""
    assert expected == FILTERS[name](value)
