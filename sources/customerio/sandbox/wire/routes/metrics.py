"""Metrics of campaigns, broadcasts, newsletters and transactional messages, of their parts and their links.

Two versions ask in two ways. Version 1 counts periods back from now, in Eastern time; version 2, of campaigns
and their actions, takes a window, a resolution and a time zone. Whatever is not `version=2` is version 1.
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
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_YEAR = 366 * DAY
_MOST_YEARS = 10
_LEAST_STEPS = 2
# As many periods as are told if nobody says how many [spec25].
_UNASKED: dict[Period, int] = {**MOST_STEPS, "months": 12}
# Campaigns' months end a little earlier in version 1 than everybody else's [spec25].
_CAMPAIGN_MONTHS = 120
_ALIASES = {"hourly": "hours", "daily": "days", "weekly": "weeks", "monthly": "months"}

FindParent = Callable[[RequestContext], Parent]


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a request asks for: the periods, cut short at both ends."""

    period: Period
    starts: list[int]
    since: int
    until: int
    zone: ZoneInfo


def of_campaign(find: FindParent, ask: RequestContext) -> dict[str, Any]:
    """A campaign's or an action's series; version 1 does not tell people and machines apart [spec25]."""
    parent = find(ask)
    if ask.query.get("version") != "2":
        return {
            "metric": {
                "series": _series(ask, parent, _counted_back(ask, _CAMPAIGN_MONTHS), HUMAN_AND_MACHINE_SERIES)
            }
        }
    window = _asked_for(ask, ask.query.get("res") or "days")
    # `start`, `end` and `res` came in 2026 [spec26]; where in the answer they stand is unverified.
    begin, end = (datetime.fromtimestamp(at, window.zone) for at in (window.starts[0], window.until))
    found = _series(ask, parent, window)
    return {
        "metric": {
            "start": begin.isoformat(),
            "end": end.isoformat(),
            "res": window.period,
            "series": found,
        }
    }


def of_others(find: FindParent, ask: RequestContext) -> dict[str, Any]:
    """A broadcast's or a newsletter's series, or those of a part of it."""
    parent = find(ask)
    return {"metric": {"series": _series(ask, parent, _counted_back(ask))}}


def of_transactional(find: FindParent, ask: RequestContext) -> dict[str, Any]:
    """A transactional message's series; none tells what webhooks answered [spec25]."""
    parent = find(ask)
    return {"metric": {"series": _series(ask, parent, _counted_back(ask), WEBHOOK_SERIES)}}


def of_links(find: FindParent, ask: RequestContext) -> dict[str, Any]:
    """Clicks on every link of a parent: all of them, or with `unique` one a message."""
    parent, unique = _of_type(ask, find(ask)), ask.query.get("unique") == "true"
    found = clicks(ask.workspace.deliveries, parent, _counted_back(ask).starts, now=ask.now)
    return {
        "links": [
            {
                "link": {"id": one.link.id, "href": one.link.href},
                "metric": {"series": {"clicked": one.unique if unique else one.total}},
            }
            for one in found
        ]
    }


def of_journeys(find: FindParent, ask: RequestContext) -> dict[str, Any]:
    """Journeys that started in each period, by what became of them; everything must be asked for.

    The resolution is `res` [spec25] or `resolution` [spec26]; its periods are Eastern time's (unverified).
    """
    parent, res = find(ask), ask.query.get("resolution") or ask.query.get("res")
    missing = [name for name in ("start", "end") if not ask.query.get(name)] + ([] if res else ["resolution"])
    if missing:
        msg = f"{', '.join(missing)} must be given"
        raise BadRequest(msg)
    window = _asked_for(ask, str(res))
    found = journeys(
        ask.workspace.deliveries, parent, window.starts, since=window.since, until=window.until, now=ask.now
    )
    return {"journey_metric": found}


def _series(
    ask: RequestContext, parent: Parent, window: Window, without: frozenset[str] = frozenset()
) -> dict[str, list[int]]:
    found = series(
        ask.workspace.deliveries,
        _of_type(ask, parent),
        window.starts,
        now=ask.now,
        since=window.since,
        until=window.until,
    )
    return {name: numbers for name, numbers in found.items() if name not in without}


def _of_type(ask: RequestContext, parent: Parent) -> Parent:
    """The parent, or what it sends through one channel."""
    channel = ask.query.get("type")
    return {**parent, "channel": channel} if channel else parent


def _counted_back(ask: RequestContext, months: int = MOST_STEPS["months"]) -> Window:
    """Version 1: no fewer than two periods, no more than the most; 0 asks for the most [spec25]."""
    period, steps = _period(ask.query.get("period") or "days"), pages.integer(ask.query, "steps")
    most = months if period == "months" else MOST_STEPS[period]
    steps = _UNASKED[period] if steps is None else steps
    starts = latest(period, max(_LEAST_STEPS, min(steps, most) if steps > 0 else most), ask.now)
    return Window(period=period, starts=starts, since=starts[0], until=ask.now, zone=EASTERN)


def _asked_for(ask: RequestContext, res: str) -> Window:
    """From `start` to `end`, both included; without them as version 1 without steps (unverified)."""
    period, zone = _period(_ALIASES.get(res, res)), _zone(ask)
    until = pages.integer(ask.query, "end")
    until = ask.now if until is None else until
    since = pages.integer(ask.query, "start")
    since = latest(period, _UNASKED[period], until, zone)[0] if since is None else since
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


def _zone(ask: RequestContext) -> ZoneInfo:
    try:
        return ZoneInfo(ask.query["tz"]) if ask.query.get("tz") else EASTERN
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "tz is no time zone"
        raise BadRequest(msg) from None


def _whole(table: str, ask: RequestContext) -> Parent:
    """What the first id of the path names, as deliveries name it; NotFound if it is gone."""
    rows, (first, *_) = ask.workspace.tables[table], ask.operation.path_parameters
    return {str(rows.kind.source_key): rows.get(ask.id(first.name))["id"]}


def _part(table: str, find: FindParent, ask: RequestContext) -> Parent:
    """What the second id of the path names below the first, and nowhere else."""
    above, rows, second = find(ask), ask.workspace.tables[table], ask.operation.path_parameters[1]
    row = rows.get(ask.id(second.name))
    if any(row[name] != value for name, value in above.items()):
        msg = f"{rows.kind.noun} with id {row['id']} does not exist"
        raise NotFound(msg)
    return {**above, str(rows.kind.source_key): row["id"]}


_campaign = partial(_whole, "campaigns")
_campaign_action = partial(_part, "campaign_actions", _campaign)
_broadcast = partial(_whole, "broadcasts")
_broadcast_action = partial(_part, "broadcast_actions", _broadcast)
_newsletter = partial(_whole, "newsletters")
_content = partial(_part, "newsletter_contents", _newsletter)
_transactional = partial(_whole, "transactional_messages")

HANDLERS: dict[str, Handler] = {
    "campaignMetrics": partial(of_campaign, _campaign),
    "campaignActionMetrics": partial(of_campaign, _campaign_action),
    "campaignLinkMetrics": partial(of_links, _campaign),
    "campaignActionLinks": partial(of_links, _campaign_action),
    "campaignJourneyMetrics": partial(of_journeys, _campaign),
    "broadcastMetrics": partial(of_others, _broadcast),
    "broadcastActionMetrics": partial(of_others, _broadcast_action),
    "broadcastLinks": partial(of_links, _broadcast),
    "broadcastActionLinks": partial(of_links, _broadcast_action),
    "getNewsletterMetrics": partial(of_others, _newsletter),
    "getNewsletterLinks": partial(of_links, _newsletter),
    "getVariantMetrics": partial(of_others, _content),
    "getVariantLinks": partial(of_links, _content),
    "transactionalMetrics": partial(of_transactional, _transactional),
    "transactionalLinks": partial(of_links, _transactional),
}
