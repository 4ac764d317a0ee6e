"""Text formats of numbers and times on pages; they are the templates' filters."""

from typing import Any

import pandas as pd

from pipelines.times import span, utc

NOTHING = "–"
"""The text for a missing value."""
_LEAST_PERCENT = 0.01


def missing(value: Any) -> bool:
    """True for None and for pandas' missing values."""
    return value is None or bool(pd.isna(value))


def number(value: Any) -> str:
    """A count with thousands separators, such as 12,345."""
    return NOTHING if missing(value) else f"{int(value):,}"


def percent(value: Any) -> str:
    """A share in percent with one digit; two digits below 1 %, and no fewer than 0.01 %."""
    if missing(value):
        return NOTHING
    share = 100 * float(value)
    if 0 < share < _LEAST_PERCENT:
        return f"< {_LEAST_PERCENT} %"
    return f"{share:.2f} %" if 0 < abs(share) < 1 else f"{share:.1f} %"


def points(value: Any) -> str:
    """A difference of shares in percentage points, with its sign."""
    return NOTHING if missing(value) else f"{100 * float(value):+.1f}".replace("-", "−")


def change(value: Any) -> str:
    """A relative change with an arrow, such as ▲ 12.0 %; none if it is too small to be shown."""
    return NOTHING if missing(value) else _with_arrow(100 * float(value), "%")


def change_in_points(value: Any) -> str:
    """A difference of shares with an arrow, such as ▼ 1.2 points."""
    return NOTHING if missing(value) else _with_arrow(100 * float(value), "points")


def _with_arrow(value: float, unit: str) -> str:
    shown = f"{abs(value):.1f}"
    if float(shown) == 0:
        return "unchanged"
    return f"{'▲' if value > 0 else '▼'} {shown} {unit}"


def short(value: Any) -> str:
    """A count in few characters, such as 950, 1.2k or 3.4M."""
    if missing(value):
        return NOTHING
    count = float(value)
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + unit
    return f"{count:.0f}"


def day(value: Any) -> str:
    """A date, such as 3 Jan 2026."""
    return NOTHING if missing(value) else f"{pd.Timestamp(value):%-d %b %Y}"


def moment(value: Any) -> str:
    """A UTC time to the minute, with that of this machine's time zone: 3 Jan 2026 14:05 UTC (15:05 CET)."""
    if missing(value):
        return NOTHING
    utc = pd.Timestamp(value)
    text = f"{utc:%-d %b %Y %H:%M} UTC"
    if utc.tzinfo is None:
        return text
    local = utc.to_pydatetime().astimezone()
    if not local.utcoffset():
        return text
    on = "" if local.date() == utc.date() else f"{local:%-d %b} "
    return f"{text} ({on}{local:%H:%M %Z})"


def clock(value: Any) -> str:
    """A UTC time of the last days, such as 3 Jan 14:05 UTC."""
    return NOTHING if missing(value) else f"{pd.Timestamp(value):%-d %b %H:%M} UTC"


def second(value: Any) -> str:
    """Unix seconds as the time that the command line prints: 2026-01-03 14:05 UTC."""
    return NOTHING if missing(value) else utc(int(value))


def lag(seconds: Any) -> str:
    """A duration in its two largest units, such as 2 h 5 min."""
    return NOTHING if missing(seconds) else span(int(seconds))


FILTERS = {
    "number": number,
    "percent": percent,
    "points": points,
    "change": change,
    "change_in_points": change_in_points,
    "short": short,
    "day": day,
    "moment": moment,
    "clock": clock,
    "second": second,
    "lag": lag,
}
"""The formats by their names in the templates."""
