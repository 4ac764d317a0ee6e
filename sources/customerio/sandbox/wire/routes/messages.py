"""Deliveries: the workspace's, those of one parent, a person's.

The calls differ in what they filter by and in how far one request reaches; the lists are the same.
"""

from dataclasses import replace
from typing import Any

from sources.customerio.sandbox.state.rules.triggers import first_triggered
from sources.customerio.sandbox.state.store import lookback
from sources.customerio.sandbox.state.store.deliveries import DeliveryFilter
from sources.customerio.sandbox.state.store.errors import NotFound
from sources.customerio.sandbox.state.store.lookback import Lookback
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_messages(ask: RequestContext) -> dict[str, Any]:
    """Deliveries of the whole workspace."""
    wanted = DeliveryFilter(
        start=0,
        end=0,
        campaign_id=pages.integer(ask.query, "campaign_id"),
        newsletter_id=pages.integer(ask.query, "newsletter_id"),
        action_id=pages.integer(ask.query, "action_id"),
    )
    return _page(ask, wanted, lookback.WORKSPACE)


def get_message(ask: RequestContext) -> dict[str, Any]:
    """One delivery, a draft too."""
    return {"message": ask.workspace.delivery_view.record(row_of(ask), ask.now)}


def row_of(ask: RequestContext) -> int:
    """The row of the delivery that the path names; NotFound if there is none."""
    seq = ask.workspace.ids.seq(ask.path["message_id"])
    row = None if seq is None else ask.workspace.deliveries.position(seq, ask.now)
    if row is None:
        msg = "message not found"
        raise NotFound(msg)
    return row


def of_campaign(ask: RequestContext) -> dict[str, Any]:
    """Deliveries of one campaign."""
    campaign_id = ask.id("campaign_id")
    ask.workspace.tables["campaigns"].get(campaign_id)
    return _page(ask, DeliveryFilter(start=0, end=0, campaign_id=campaign_id), lookback.CAMPAIGN)


def of_broadcast(ask: RequestContext) -> dict[str, Any]:
    """Deliveries of one broadcast; without bounds, those of the month behind its first trigger."""
    broadcast_id = ask.id("broadcast_id")
    first = first_triggered(ask.workspace, broadcast_id)
    return _page(ask, DeliveryFilter(start=0, end=0, broadcast_id=broadcast_id), lookback.BROADCAST, first)


def of_newsletter(ask: RequestContext) -> dict[str, Any]:
    """Deliveries of one newsletter; without bounds, those of six months from the first one."""
    newsletter_id = ask.id("newsletter_id")
    ask.workspace.tables["newsletters"].get(newsletter_id)
    wanted = DeliveryFilter(start=0, end=0, newsletter_id=newsletter_id)
    return _page(ask, wanted, lookback.NEWSLETTER, ask.workspace.deliveries.first_created(wanted, ask.now))


def of_transactional(ask: RequestContext) -> dict[str, Any]:
    """Deliveries of one transactional message."""
    template_id = ask.id("transactional_id")
    ask.workspace.tables["transactional_messages"].get(template_id)
    return _page(ask, DeliveryFilter(start=0, end=0, transactional_message_id=template_id), lookback.CAMPAIGN)


def of_person(ask: RequestContext) -> dict[str, Any]:
    """Deliveries to one person."""
    person = ask.person()
    return _page(ask, DeliveryFilter(start=0, end=0, person=person.number), lookback.PERSON)


def _page(
    ask: RequestContext, wanted: DeliveryFilter, reach: Lookback, first: int | None = None
) -> dict[str, Any]:
    """Newest first, both bounds inclusive on `created` [live-airbyte]; `first` is where a parent began."""
    deliveries, now, limit = ask.workspace.deliveries, ask.now, pages.size(ask.operation, ask.query)
    start, end = reach.bounds(
        start_ts=pages.integer(ask.query, "start_ts"),
        end_ts=pages.integer(ask.query, "end_ts"),
        now=now,
        first=first,
    )
    wanted = replace(
        wanted,
        start=start,
        end=end,
        drafts=ask.query.get("drafts") == "true" or ask.query.get("state") == "drafted",
        channel=ask.query.get("type") or None,
        metric=ask.query.get("metric") or ask.query.get("state") or None,
    )
    at = pages.place(ask.query)
    rows = deliveries.newest(wanted, now, before=at[1] if at else None, limit=limit + 1)
    records = ask.workspace.delivery_view.records(rows[:limit], now)
    last = int(deliveries.columns["seq"][rows[limit - 1]]) if len(rows) > limit else None
    return {"messages": records, "next": "" if last is None else pages.token(records[-1]["created"], last)}


HANDLERS: dict[str, Handler] = {
    "listMessages": list_messages,
    "getMessage": get_message,
    "getCampaignMessages": of_campaign,
    "broadcastMessages": of_broadcast,
    "getNewsletterMsgMeta": of_newsletter,
    "transactionalMessages": of_transactional,
    "getPersonMessages": of_person,
}
