"""Senders, and the campaigns and newsletters that use them."""

from typing import Any

from sources.customerio.sandbox.state.rules import senders
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("listSenders")
def list_senders(context: RequestContext) -> dict[str, Any]:
    """Lists senders by id: only the hidden ones with `hidden`, else only the others [live-airbyte].

    `next` is a position, on the last page too: one empty page follows [live-airbyte]. Its live value `MQ==`
    may as well be the last id, which newsletters do not have [live-estuary].
    """
    table = context.workspace.tables["sender_identities"]
    descending = context.query.get("sort") == "desc"
    hidden = context.query.get("hidden", "").lower() == "true"
    rows = sorted((row for row in table if row["hidden"] is hidden), key=_id, reverse=descending)
    limit, ends_full = pages.page_size(context.operation, context.query), context.knobs.next_after_full_only
    page, token = pages.position_page(rows, context.query, limit, ends_full=ends_full)
    return {"sender_identities": [table.show(row) for row in page], "next": token}


@answers("getSender")
def get_sender(context: RequestContext) -> dict[str, Any]:
    """Returns one sender."""
    table = context.workspace.tables["sender_identities"]
    return {"sender_identity": table.show(table.get(context.id("sender_id")))}


@answers("getSenderUsage")
def usage(context: RequestContext) -> dict[str, Any]:
    """Lists the campaigns and newsletters that use a sender; not wrapped, unlike for a segment."""
    return senders.usage(context.workspace, context.id("sender_id"))


def _id(row: dict[str, Any]) -> int:
    return int(row["id"])
