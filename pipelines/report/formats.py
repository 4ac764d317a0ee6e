"""Text formats of numbers and times on the page; they are the template's filters."""

from typing import Any

import pandas as pd

from pipelines.times import span

NOTHING = "–"
"""The text for a missing value."""


def missing(value: Any) -> bool:
    """True for None and for pandas' missing values."""
    return value is None or bool(pd.isna(value))


def number(value: Any) -> str:
    """A count with thousands separators, such as 12,345."""
    return NOTHING if missing(value) else f"{int(value):,}"


def percent(value: Any) -> str:
    """A share in percent with one digit; two digits below 1 %."""
    if missing(value):
        return NOTHING
    share = 100 * float(value)
    return f"{share:.2f} %" if 0 < abs(share) < 1 else f"{share:.1f} %"


def points(value: Any) -> str:
    """A difference of shares in percentage points, with its sign."""
    return NOTHING if missing(value) else f"{100 * float(value):+.1f}".replace("-", "−")


def day(value: Any) -> str:
    """A date, such as 3 Jan 2026."""
    return NOTHING if missing(value) else f"{pd.Timestamp(value):%-d %b %Y}"


def moment(value: Any) -> str:
    """A UTC time to the minute, such as 3 Jan 2026 14:05 UTC."""
    return NOTHING if missing(value) else f"{pd.Timestamp(value):%-d %b %Y %H:%M} UTC"


def lag(seconds: Any) -> str:
    """A duration in its two largest units, such as 2 h 5 min."""
    return NOTHING if missing(seconds) else span(int(seconds))


FILTERS = {
    "number": number,
    "percent": percent,
    "points": points,
    "day": day,
    "moment": moment,
    "lag": lag,
}
"""The formats by their names in the template."""
