"""Deliveries, which the API calls messages: of the workspace, of one parent, of one person.

The operations differ in their filter and in how far back one request goes (`lookback`).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.rules.triggers import first_triggered, processing
from sources.customerio.sandbox.state.store import lookback
from sources.customerio.sandbox.state.store.deliveries import DeliveryFilter
from sources.customerio.sandbox.state.store.errors import NotFound
from sources.customerio.sandbox.state.store.lookback import Lookback
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("listMessages")
def list_messages(context: RequestContext) -> dict[str, Any]:
    """Lists the deliveries of the whole workspace.

    `trigger_id` counts only together with `campaign_id`, which is the id of a broadcast then
    [sdk node].
    """
    query = context.query
    wanted = DeliveryFilter(
        start=0,
        end=0,
        campaign_id=pages.integer(query, "campaign_id"),
        newsletter_id=pages.integer(query, "newsletter_id"),
        action_id=pages.integer(query, "action_id"),
        transactional_message_id=pages.integer(query, "transactional_id"),
        template_id=pages.integer(query, "template_id"),
        content_id=pages.integer(query, "content_id"),
    )
    trigger_id = pages.integer(query, "trigger_id")
    between = None
    if trigger_id is not None and wanted.campaign_id is not None:
        between = processing(context.workspace, wanted.campaign_id, trigger_id)
        wanted = replace(wanted, campaign_id=None, broadcast_id=wanted.campaign_id)
    answer = _listed(context, wanted, lookback.WORKSPACE, between=between)
    return {**answer, **_associations(context, answer["messages"])}


@answers("getMessage")
def get_message(context: RequestContext) -> dict[str, Any]:
    """Returns one delivery; drafts too."""
    (record,) = _records(context, np.array([row_of(context)]))
    return {"message": record, **_associations(context, [record])}


_ASSOCIATED = (
    ("campaigns", "campaign_id", ("campaigns",)),
    ("actions", "action_id", ("campaign_actions", "broadcast_actions")),
    ("newsletters", "newsletter_id", ("newsletters",)),
    ("contents", "content_id", ("newsletter_contents",)),
)


def _associations(context: RequestContext, records: list[Record]) -> dict[str, Any]:
    """The parents of the deliveries, with `associations=true`; their fields are unverified [sdk node]."""
    if context.query.get("associations") != "true":
        return {}
    found: dict[str, Any] = {}
    for key, field, tables in _ASSOCIATED:
        ids = {row[field] for row in records if row[field] is not None}
        rows = (row for table in tables for row in context.workspace.tables[table] if row["id"] in ids)
        found[key] = [{"id": row["id"], "name": row["name"]} for row in rows]
    return found


def _records(context: RequestContext, rows: NDArray[np.int64]) -> list[Record]:
    """The records of the rows, with their tracked responses if `get_tracked_responses` is true."""
    responses = context.query.get("get_tracked_responses") == "true"
    return context.workspace.delivery_view.records(rows, context.now, responses=responses)


def row_of(context: RequestContext) -> int:
    """The row of the delivery that the path names; NotFound if there is none."""
    seq = context.workspace.ids.seq(context.path["message_id"])
    row = None if seq is None else context.workspace.deliveries.position(seq, context.now)
    if row is None:
        msg = "message not found"
        raise NotFound(msg)
    return row


@answers("getCampaignMessages")
def of_campaign(context: RequestContext) -> dict[str, Any]:
    """Lists the deliveries of one campaign."""
    campaign_id = context.id("campaign_id")
    context.workspace.tables["campaigns"].get(campaign_id)
    return _listed(context, DeliveryFilter(start=0, end=0, campaign_id=campaign_id), lookback.CAMPAIGN)


@answers("broadcastMessages")
def of_broadcast(context: RequestContext) -> dict[str, Any]:
    """Lists the deliveries of one broadcast; without bounds, of the month after its first trigger."""
    broadcast_id = context.id("broadcast_id")
    first = first_triggered(context.workspace, broadcast_id)
    return _listed(
        context, DeliveryFilter(start=0, end=0, broadcast_id=broadcast_id), lookback.BROADCAST, first
    )


@answers("getNewsletterMsgMeta")
def of_newsletter(context: RequestContext) -> dict[str, Any]:
    """Lists the deliveries of one newsletter; without bounds, of six months after the first one."""
    newsletter_id = context.id("newsletter_id")
    context.workspace.tables["newsletters"].get(newsletter_id)
    wanted = DeliveryFilter(start=0, end=0, newsletter_id=newsletter_id)
    first = context.workspace.deliveries.first_created(wanted, context.now)
    return _listed(context, wanted, lookback.NEWSLETTER, first)


@answers("transactionalMessages")
def of_transactional(context: RequestContext) -> dict[str, Any]:
    """Lists the deliveries of one transactional message."""
    template_id = context.id("transactional_id")
    context.workspace.tables["transactional_messages"].get(template_id)
    return _listed(
        context, DeliveryFilter(start=0, end=0, transactional_message_id=template_id), lookback.CAMPAIGN
    )


@answers("getPersonMessages")
def of_person(context: RequestContext) -> dict[str, Any]:
    """Lists the deliveries to one person; the last page has no `next` [live-estuary]."""
    wanted = DeliveryFilter(start=0, end=0, person=context.person().number)
    restarts = context.knobs.person_pages_restart
    records, token = _page(context, wanted, lookback.PERSON, restarts=restarts)
    return {"messages": records, **({"next": token} if token else {})}


def _listed(
    context: RequestContext,
    wanted: DeliveryFilter,
    reach: Lookback,
    first: int | None = None,
    *,
    between: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """A page; `next` is "" on the last one, and on an empty one [live-estuary]."""
    restarts = context.knobs.messages_restart
    records, token = _page(context, wanted, reach, first, between=between, restarts=restarts)
    return {"messages": records, "next": token}


def _page(
    context: RequestContext,
    wanted: DeliveryFilter,
    reach: Lookback,
    first: int | None = None,
    *,
    between: tuple[int, int] | None = None,
    restarts: bool = True,
) -> tuple[list[Record], str]:
    """A page, newest first, and the token of the next one; both bounds are inclusive [live-airbyte].

    The token says a position among the rows that match, counted from the newest: rows that arrive between two
    requests move the others down [live-estuary].

    `first` is the time of the parent's first delivery or trigger, from which `reach` counts. `between` are
    further bounds.
    """
    deliveries, now, query = context.workspace.deliveries, context.now, context.query
    limit = pages.page_size(context.operation, query)
    start, end = reach.bounds(
        start_ts=pages.integer(query, "start_ts"),
        end_ts=pages.integer(query, "end_ts"),
        now=now,
        first=first,
    )
    if between is not None:
        start, end = max(start, between[0]), min(end, between[1])
    wanted = replace(
        wanted,
        start=start,
        end=end,
        drafts=query.get("drafts") == "true" or query.get("state") == "drafted",
        channel=query.get("type") or None,
        metric=query.get("metric") or query.get("state") or None,
    )
    at = pages.position(pages.MESSAGES, query)
    rows = deliveries.newest(wanted, now, limit=at + limit + 1)
    if at and at >= len(rows):
        # A position past the end is no error: it leads back to the first page [live-estuary].
        at = 0 if restarts else at
    records = _records(context, rows[at : at + limit])
    return records, pages.position_token(pages.MESSAGES, at + limit) if len(rows) > at + limit else ""
