"""The report's marks and charts: numbers as people write them, pictures that say what they show."""

import re
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from pipelines.report import charts, marks
from tests.pipelines.conftest import Shell


@pytest.mark.parametrize(
    ("written", "value", "expected"),
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
def test_numbers_are_written_as_people_do(written: str, value: Any, expected: str) -> None:
    """Each kind of value has one way to be written, and a dash where there is none."""
    assert expected == marks.FILTERS[written](value)


def test_an_interval_is_drawn_to_scale() -> None:
    """Half of the scale is the middle of the mark; what lies beyond the scale ends at its end."""
    drawn = marks.interval(0.25, 0.2, 0.9, 0.5)

    assert 'cx="44.0"' in drawn
    assert 'x1="35.8" x2="85.0"' in drawn
    assert 'aria-label="20.0 % to 90.0 %"' in drawn
    assert "" == marks.interval(None, None, None, 0.5)


def test_a_sparkline_begins_and_ends_with_its_values() -> None:
    """The highest value is at the top, zero at the bottom, the last one a dot."""
    drawn = marks.sparkline([0, 10, 5], "sent")

    assert 'points="3.0,19.0 48.0,3.0 93.0,11.0"' in drawn
    assert 'cx="93.0" cy="11.0"' in drawn
    assert 'aria-label="sent"' in drawn
    assert "3.0,19.0 93.0,19.0" in marks.sparkline([0, 0], "nothing")


def _days(number: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": pd.date_range("2026-08-01", periods=number),
            "source_type": ["campaign"] * number,
            "sent": list(range(number)),
        }
    )


def test_a_chart_is_a_part_of_a_page() -> None:
    """It is well-formed, scales with the page, has ids of its own and says what it shows."""
    picture = charts.sent_daily(_days(30))
    svg = ElementTree.fromstring(picture.svg)  # noqa: S314 -- our own

    assert {"width", "height"}.isdisjoint(svg.attrib)
    assert "sent-title sent-says" == svg.attrib["aria-labelledby"]
    assert "435 messages were sent in these 30 days." == picture.says
    ids = re.findall(r'\bid="([^"]+)"', picture.svg)
    assert ids
    assert all(name.startswith("sent-") for name in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", picture.svg)) <= set(ids)


def test_young_weeks_are_hollow() -> None:
    """A week too young to be compared is marked, the others are not."""
    weeks = pd.DataFrame(
        {
            "week": pd.date_range("2026-08-03", periods=3, freq="7D"),
            "is_mature": pd.array([True, True, False], dtype="boolean"),
            "what": ["opened by a person"] * 3,
            "rate": [0.3, 0.4, 0.2],
            "low": [0.2, 0.3, 0.1],
            "high": [0.4, 0.5, 0.3],
        }
    )
    mature = weeks.assign(is_mature=pd.array([True] * 3, dtype="boolean"))

    assert 1 == charts.rates_weekly(weeks).svg.count('fill="white" stroke="#0b7a75"')
    assert 0 == charts.rates_weekly(mature).svg.count('fill="white" stroke="#0b7a75"')


def test_without_a_warehouse_the_way_to_one_is_told(shell: Shell) -> None:
    """Nothing to report on: a sentence."""
    shell.refused(shell.run("report"), 2, "There is no warehouse", "cio-elt sync")
