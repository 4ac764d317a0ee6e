"""The charts of the page: Altair describes them, vl-convert renders SVG, without a browser or a network."""

import re
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import altair as alt
import pandas as pd
import vl_convert as vlc

INK: Final = "#1c2b33"
MUTED: Final = "#5a6872"
GRID: Final = "#e4e9ec"
TEAL: Final = "#0b7a75"
ORANGE: Final = "#c9620a"
BLUE: Final = "#2f6fb2"
PLUM: Final = "#7c4d8f"

_WIDTH, _HEIGHT = 470, 210
_FONT = "Helvetica Neue, Helvetica, Arial, sans-serif"
_SOURCES = {"campaign": TEAL, "newsletter": BLUE, "broadcast": ORANGE, "transactional": PLUM}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# The smallest number of messages for which a rate is drawn.
_MIN_MESSAGES = 20
_CLOCKS = {"cohort": "by the day it was made", "event": "by the day it happened"}

_STYLE: dict[str, Any] = {
    "font": _FONT,
    "background": "transparent",
    # The reader's fonts may be wider than those of this machine.
    "padding": {"left": 14, "right": 4, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFlush": False,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 13,
        "symbolType": "circle",
        "symbolOpacity": 1,
        "symbolStrokeWidth": 3,
        "columnPadding": 34,
        "labelLimit": 260,
    },
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart as SVG that scales with the page; it contains `description` for screen readers."""

    title: str
    description: str
    svg: str


def sent_daily(rows: pd.DataFrame) -> Picture:
    """Messages sent per day, stacked by what sent them; `rows` has day, source_type and sent."""
    present = [name for name in _SOURCES if name in set(rows["source_type"])]
    chart = (
        alt.Chart(rows)
        .mark_bar(width=4)
        .encode(
            alt.X("day:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6, grid=False)),
            alt.Y("sent:Q", title="sent", axis=alt.Axis(format="~s", tickCount=4)),
            alt.Color("source_type:N", scale=_colours({name: _SOURCES[name] for name in present})),
            order=alt.Order("source_type:N"),
        )
    )
    description = f"{_total(rows['sent'])} messages were sent in these {rows['day'].nunique()} days."
    return _picture("sent", "Messages sent per day", description, chart)


def engaged_daily(rows: pd.DataFrame) -> Picture:
    """Opens and clicks by people, on both clocks; `rows` has day, clock, what and engaged."""
    shown = rows.assign(clock=rows["clock"].map(_CLOCKS))
    chart = (
        alt.Chart(shown)
        .mark_line(strokeWidth=1.8)
        .encode(
            alt.X("day:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6, grid=False)),
            alt.Y("engaged:Q", title="messages", axis=alt.Axis(format="~s", tickCount=3)),
            alt.Color("clock:N", scale=_colours({_CLOCKS["cohort"]: TEAL, _CLOCKS["event"]: ORANGE})),
            alt.Row(
                "what:N",
                title=None,
                sort=["opened by a person", "clicked by a person"],
                header=alt.Header(labelOrient="top", labelAnchor="start", labelColor=MUTED, labelFontSize=13),
            ),
        )
        .properties(width=_WIDTH, height=_HEIGHT // 2 - 12)
        .resolve_scale(y="independent")
    )
    description = (
        "By the day on which the message was made, as Customer.io's own pages count, the newest days still "
        "grow; by the day on which it happened they are complete."
    )
    return _picture("engaged", "Opens and clicks by people, on both clocks", description, chart)


def rates_weekly(rows: pd.DataFrame) -> Picture:
    """Rates of weekly cohorts with their intervals; `rows` has week, what, rate, low, high and is_mature."""
    base = alt.Chart(rows).encode(
        alt.X("week:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6, grid=False)),
        alt.Color("what:N", scale=_colours({"opened by a person": TEAL, "clicked by a person": ORANGE})),
    )
    axis = alt.Axis(format="~%", tickCount=4)
    band = base.mark_area(opacity=0.16).encode(alt.Y("low:Q", title=None, axis=axis), alt.Y2("high:Q"))
    line = base.mark_line(strokeWidth=1.8).encode(alt.Y("rate:Q"))
    young = (
        base.mark_point(filled=False, fill="white", strokeWidth=1.8, size=46, opacity=1)
        .encode(alt.Y("rate:Q"))
        .transform_filter("!datum.is_mature")
    )
    description = (
        "Shares of the messages that reached a person, per week in which they were made, with 95 % "
        "intervals. Hollow points are weeks too young to be compared."
    )
    return _picture("rates", "Open and click rates, people only", description, alt.layer(band, line, young))


def domains(rows: pd.DataFrame) -> Picture:
    """Bounce rates of the largest domains; `rows` has recipient_domain, and bounce_rate with its counts."""
    shown = rows[rows["bounce_rate_denominator"] >= _MIN_MESSAGES].head(10)
    base = alt.Chart(shown).encode(alt.Y("recipient_domain:N", title=None, sort=None))
    axis = alt.Axis(format="~%", tickCount=5)
    rule = base.mark_rule(strokeWidth=3, color=BLUE, opacity=0.35).encode(
        alt.X("bounce_rate_low:Q", title="bounced / sent", axis=axis), alt.X2("bounce_rate_high:Q")
    )
    point = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(alt.X("bounce_rate:Q"))
    description = (
        "Bounces per message sent in the last 28 days, with 95 % intervals; the largest domains first."
    )
    chart = alt.layer(rule, point).properties(height=max(60, 26 * len(shown)))
    return _picture("domains", "Bounce rate by domain", description, chart)


def heatmap(rows: pd.DataFrame) -> Picture:
    """Open rates by the hour of sending; `rows` has weekday (1 is Monday), hour, rate and reached."""
    shown = rows.assign(weekday=rows["weekday"].map(lambda day: _WEEKDAYS[int(day) - 1]))
    shown = shown[shown["reached"] >= _MIN_MESSAGES]
    chart = (
        alt.Chart(shown)
        .mark_rect(cornerRadius=2)
        .encode(
            alt.X("hour:O", title="hour (UTC)", axis=alt.Axis(labelAngle=0, values=[*range(0, 24, 3)])),
            alt.Y("weekday:N", title=None, sort=list(_WEEKDAYS)),
            alt.Color(
                "rate:Q",
                scale=alt.Scale(range=["#eef5f4", TEAL]),
                legend=alt.Legend(format="~%", gradientLength=180, gradientThickness=10, tickCount=3),
            ),
        )
    )
    description = (
        "Share of emails that a person opened, by the weekday and hour in which they were sent. Fields of "
        f"fewer than {_MIN_MESSAGES} emails are left empty."
    )
    return _picture("hours", "When emails get opened", description, chart)


def _colours(given: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(given), range=list(given.values()))


def _total(numbers: "pd.Series[int]") -> str:
    return f"{int(numbers.sum()):,}"


def _picture(key: str, title: str, description: str, chart: Any) -> Picture:
    sized = chart if isinstance(chart, alt.FacetChart) else _sized(chart)
    document = sized.configure(**_STYLE).to_dict()
    if "config" in document:
        document["config"].pop("params", None)
    drawn = vlc.vegalite_to_svg(document)
    return Picture(title=title, description=description, svg=_embedded(drawn, key, title, description))


def _sized(chart: Any) -> Any:
    wide = chart.properties(width=_WIDTH)
    return wide if wide.to_dict().get("height") else wide.properties(height=_HEIGHT)


def _embedded(svg: str, key: str, title: str, description: str) -> str:
    """The SVG as a part of the page: unique ids, the page's width, a description for screen readers."""
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{key}-", svg)
    # The outermost group is the picture; a screen reader would read out each mark inside.
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
    found = re.match(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>', svg)
    if found is None:
        msg = "vl-convert drew no SVG that begins with its size"
        raise AssertionError(msg)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {found[1]} {found[2]}" role="img" '
        f'aria-labelledby="{key}-title {key}-description"><title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-description">{escape(description)}</desc>'
    )
    return head + svg[found.end() :]
