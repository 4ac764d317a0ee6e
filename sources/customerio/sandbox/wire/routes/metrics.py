"""Metrics of campaigns, broadcasts, newsletters and transactional messages, of their parts and their links.

There are two versions of the parameters. Version 1 counts periods back from now, in Eastern time. Version 2,
for campaigns and their actions, takes a window, a resolution and a time zone. The default is version 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sources.customerio.catalogue.periods import EASTERN, MOST_STEPS, PERIODS, Period, between, latest
from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.journeys import journeys
from sources.customerio.sandbox.state.store.links import clicks
from sources.customerio.sandbox.state.store.metrics import (
    HUMAN_AND_MACHINE_SERIES,
    WEBHOOK_SERIES,
    Parent,
    series,
)
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

_YEAR = 366 * DAY
_MOST_YEARS = 10
_LEAST_STEPS = 2
# How many periods the series has without `steps` [spec25].
_DEFAULT_STEPS: dict[Period, int] = {**MOST_STEPS, "months": 12}
# In version 1, campaigns have fewer months than other parents [spec25].
_CAMPAIGN_MONTHS = 120
_ALIASES = {"hourly": "hours", "daily": "days", "weekly": "weeks", "monthly": "months"}

FindParent = Callable[[RequestContext], Parent]


@dataclass(frozen=True, kw_only=True)
class Window:
    """The periods of a request; `since` and `until` cut the first and the last one short."""

    period: Period
    starts: list[int]
    since: int
    until: int
    zone: ZoneInfo


def _parent(context: RequestContext, table: str) -> Parent:
    """The record that the first id of the path names, by its key in deliveries; NotFound if there is none."""
    rows, (first, *_) = context.workspace.tables[table], context.operation.path_parameters
    return {str(rows.kind.source_key): rows.get(context.id(first.name))["id"]}


def _child(context: RequestContext, table: str, find: FindParent) -> Parent:
    """The record that the second id of the path names; NotFound unless it belongs to the first."""
    parent, rows, second = (
        find(context),
        context.workspace.tables[table],
        context.operation.path_parameters[1],
    )
    row = rows.get(context.id(second.name))
    if any(row[name] != value for name, value in parent.items()):
        msg = f"{rows.kind.noun} with id {row['id']} does not exist"
        raise NotFound(msg)
    return {**parent, str(rows.kind.source_key): row["id"]}


_campaign = partial(_parent, table="campaigns")
_campaign_action = partial(_child, table="campaign_actions", find=_campaign)
_broadcast = partial(_parent, table="broadcasts")
_broadcast_action = partial(_child, table="broadcast_actions", find=_broadcast)
_newsletter = partial(_parent, table="newsletters")
_content = partial(_child, table="newsletter_contents", find=_newsletter)
_transactional = partial(_parent, table="transactional_messages")


@answers("campaignMetrics", find=_campaign)
@answers("campaignActionMetrics", find=_campaign_action)
def campaign_series(context: RequestContext, find: FindParent) -> dict[str, Any]:
    """Returns the series of a campaign or an action.

    Version 1 has no separate metrics for people and machines [spec25].
    """
    parent = find(context)
    if context.query.get("version") != "2":
        window = _counted_back(context, _CAMPAIGN_MONTHS)
        return {"metric": {"series": _series(context, parent, window, HUMAN_AND_MACHINE_SERIES)}}
    window = _window_from_query(context, context.query.get("res") or "days")
    # `start`, `end` and `res` came in 2026 [spec26]; where in the answer they stand is unverified.
    begin, end = (datetime.fromtimestamp(at, window.zone) for at in (window.starts[0], window.until))
    found = _series(context, parent, window)
    return {
        "metric": {
            "start": begin.isoformat(),
            "end": end.isoformat(),
            "res": window.period,
            "series": found,
        }
    }


@answers("broadcastMetrics", find=_broadcast)
@answers("broadcastActionMetrics", find=_broadcast_action)
@answers("getNewsletterMetrics", find=_newsletter)
@answers("getVariantMetrics", find=_content)
def plain_series(context: RequestContext, find: FindParent) -> dict[str, Any]:
    """Returns the series of a broadcast or a newsletter, or of an action or a variant of it."""
    parent = find(context)
    return {"metric": {"series": _series(context, parent, _counted_back(context))}}


@answers("transactionalMetrics", find=_transactional)
def transactional_series(context: RequestContext, find: FindParent) -> dict[str, Any]:
    """Returns the series of a transactional message; without webhook response metrics [spec25]."""
    parent = find(context)
    return {"metric": {"series": _series(context, parent, _counted_back(context), WEBHOOK_SERIES)}}


@answers("campaignLinkMetrics", find=_campaign)
@answers("campaignActionLinks", find=_campaign_action)
@answers("broadcastLinks", find=_broadcast)
@answers("broadcastActionLinks", find=_broadcast_action)
@answers("getNewsletterLinks", find=_newsletter)
@answers("getVariantLinks", find=_content)
@answers("transactionalLinks", find=_transactional)
def links(context: RequestContext, find: FindParent) -> dict[str, Any]:
    """Returns the clicks on every link of a parent: all clicks, or with `unique` one for each message."""
    parent, unique = _of_type(context, find(context)), context.query.get("unique") == "true"
    found = clicks(context.workspace.deliveries, parent, _counted_back(context).starts, now=context.now)
    return {
        "links": [
            {
                "link": {"id": one.link.id, "href": one.link.href},
                "metric": {"series": {"clicked": one.unique if unique else one.total}},
            }
            for one in found
        ]
    }


@answers("campaignJourneyMetrics", find=_campaign)
def journey_metrics(context: RequestContext, find: FindParent) -> dict[str, Any]:
    """Returns the journeys that started in each period, by outcome; no parameter has a default.

    The resolution is `res` [spec25] or `resolution` [spec26]; its periods are Eastern time's (unverified).
    """
    parent, res = find(context), context.query.get("resolution") or context.query.get("res")
    missing = [name for name in ("start", "end") if not context.query.get(name)]
    missing += [] if res else ["resolution"]
    if missing:
        msg = f"{', '.join(missing)} must be given"
        raise BadRequest(msg)
    window = _window_from_query(context, str(res))
    found = journeys(
        context.workspace.deliveries,
        parent,
        window.starts,
        since=window.since,
        until=window.until,
        now=context.now,
    )
    return {"journey_metric": found}


def _series(
    context: RequestContext, parent: Parent, window: Window, without: frozenset[str] = frozenset()
) -> dict[str, list[int]]:
    found = series(
        context.workspace.deliveries,
        _of_type(context, parent),
        window.starts,
        now=context.now,
        since=window.since,
        until=window.until,
    )
    return {name: numbers for name, numbers in found.items() if name not in without}


def _of_type(context: RequestContext, parent: Parent) -> Parent:
    """The parent, narrowed to the channel in `type` if there is one."""
    channel = context.query.get("type")
    return {**parent, "channel": channel} if channel else parent


def _counted_back(context: RequestContext, months: int = MOST_STEPS["months"]) -> Window:
    """Version 1: `steps` periods back from now, at least two; 0 means the most [spec25]."""
    period, steps = _period(context.query.get("period") or "days"), pages.integer(context.query, "steps")
    most = months if period == "months" else MOST_STEPS[period]
    steps = _DEFAULT_STEPS[period] if steps is None else steps
    starts = latest(period, max(_LEAST_STEPS, min(steps, most) if steps > 0 else most), context.now)
    return Window(period=period, starts=starts, since=starts[0], until=context.now, zone=EASTERN)


def _window_from_query(context: RequestContext, res: str) -> Window:
    """Version 2: from `start` to `end`, inclusive; the defaults are those of version 1 (unverified)."""
    period, zone = _period(_ALIASES.get(res, res)), _zone(context)
    until = pages.integer(context.query, "end")
    until = context.now if until is None else until
    since = pages.integer(context.query, "start")
    since = latest(period, _DEFAULT_STEPS[period], until, zone)[0] if since is None else since
    if not 0 <= since <= until:
        msg = "start must not be after end"
        raise BadRequest(msg)
    if until - since > _MOST_YEARS * _YEAR:
        msg = f"end is limited to {_MOST_YEARS} years from start"
        raise BadRequest(msg)
    starts = between(period, since, until, zone)
    return Window(period=period, starts=starts, since=since, until=until, zone=zone)


def _period(given: str) -> Period:
    for period in PERIODS:
        if period == given:
            return period
    msg = f"{given!r} is none of {', '.join(PERIODS)}"
    raise BadRequest(msg)


def _zone(context: RequestContext) -> ZoneInfo:
    try:
        return ZoneInfo(context.query["tz"]) if context.query.get("tz") else EASTERN
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "tz is not a time zone"
        raise BadRequest(msg) from None
