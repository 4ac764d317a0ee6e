"""Charts of the report: SVG that is a valid part of the page and has a description."""

import re
from xml.etree import ElementTree

import pandas as pd

from pipelines.report import charts


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
    assert "sent-title sent-description" == svg.attrib["aria-labelledby"]
    assert "435 messages were sent in these 30 days." == picture.description
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
