"""Small SVG charts within a table row: a sparkline, and a rate with its interval."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from pipelines.html.formats import missing, percent, short

_SPARK_WIDTH, _SPARK_HEIGHT = 96, 22
_RANGE_WIDTH, _RANGE_HEIGHT = 88, 12


def sparkline(values: Sequence[float], description: str) -> Markup:
    """A line through the values above an axis at zero, with a dot at the last and the highest value beside.

    `description` is its text for screen readers.
    """
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
        '<span class="spark"><svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" '
        'aria-label="{}, at most {}"><path class="axis" d="M3 3V{}H{}"/><polyline points="{}"/>'
        '<circle cx="{:.1f}" cy="{:.1f}" r="2.2"/></svg>'
        '<span class="top" aria-hidden="true">{}</span></span>'
    ).format(
        _SPARK_WIDTH,
        _SPARK_HEIGHT,
        _SPARK_WIDTH,
        _SPARK_HEIGHT,
        description,
        short(top),
        _SPARK_HEIGHT - 3,
        _SPARK_WIDTH - 3,
        line,
        x,
        y,
        short(top),
    )


def interval(rate: Any, low: Any, high: Any, top: float) -> Markup:
    """A rate as a dot on its interval; `top` is the end of the scale. Empty if there is no rate."""
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
