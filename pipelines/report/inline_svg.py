"""Marks within a line of a table, and how numbers are written."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipelines.times import span

_SPARK_WIDTH, _SPARK_HEIGHT = 96, 22
_RANGE_WIDTH, _RANGE_HEIGHT = 88, 12
NOTHING = "–"


def sparkline(values: Sequence[float], says: str) -> Markup:
    """A line through the values, the last one a dot."""
    if not values:
        return Markup("")
    top = max(*values, 1)
    step = (_SPARK_WIDTH - 6) / max(len(values) - 1, 1)
    points = [
        (3 + step * i, _SPARK_HEIGHT - 3 - (_SPARK_HEIGHT - 6) * value / top)
        for i, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<polyline points="{}"/><circle cx="{:.1f}" cy="{:.1f}" r="2.2"/></svg>'
    ).format(_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_WIDTH, _SPARK_HEIGHT, says, line, x, y)


def interval(rate: Any, low: Any, high: Any, top: float) -> Markup:
    """A rate as a dot on its interval; `top` is the scale's end. Nothing where there is no rate."""
    if missing(rate):
        return Markup("")
    x, begin, end = (3 + (_RANGE_WIDTH - 6) * min(float(value), top) / top for value in (rate, low, high))
    return Markup(
        '<svg class="range" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{} to {}">'
        '<line class="scale" x1="0" x2="{}" y1="6" y2="6"/>'
        '<line class="likely" x1="{:.1f}" x2="{:.1f}" y1="6" y2="6"/><circle cx="{:.1f}" cy="6" r="3"/></svg>'
    ).format(
        _RANGE_WIDTH,
        _RANGE_HEIGHT,
        _RANGE_WIDTH,
        _RANGE_HEIGHT,
        percent(low),
        percent(high),
        _RANGE_WIDTH,
        begin,
        end,
        x,
    )


def missing(value: Any) -> bool:
    """Whether there is no such number."""
    return value is None or bool(pd.isna(value))


def number(value: Any) -> str:
    """A count, with thousands set apart."""
    return NOTHING if missing(value) else f"{int(value):,}"


def percent(value: Any) -> str:
    """A share in percent, with a digit more where it is small."""
    if missing(value):
        return NOTHING
    share = 100 * float(value)
    return f"{share:.2f} %" if 0 < abs(share) < 1 else f"{share:.1f} %"


def points(value: Any) -> str:
    """A difference of shares in percentage points, with its sign."""
    return NOTHING if missing(value) else f"{100 * float(value):+.1f}".replace("-", "−")


def day(value: Any) -> str:
    """A day."""
    return NOTHING if missing(value) else f"{pd.Timestamp(value):%-d %b %Y}"


def moment(value: Any) -> str:
    """A moment, to the minute."""
    return NOTHING if missing(value) else f"{pd.Timestamp(value):%-d %b %Y %H:%M} UTC"


def lag(seconds: Any) -> str:
    """A length of time."""
    return NOTHING if missing(seconds) else span(int(seconds))


FILTERS = {
    "number": number,
    "percent": percent,
    "points": points,
    "day": day,
    "moment": moment,
    "lag": lag,
}
