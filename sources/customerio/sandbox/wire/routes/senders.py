"""Senders, and the campaigns and newsletters that use them."""

import base64
import binascii
from typing import Any

from sources.customerio.sandbox.state.rules import senders
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("listSenders")
def list_senders(context: RequestContext) -> dict[str, Any]:
    """Lists senders by id: only the hidden ones with `hidden`, else only the others [live-airbyte].

    `next` is the last id of the page, on the last page too: one empty page follows [live-airbyte].
    """
    table = context.workspace.tables["sender_identities"]
    descending = context.query.get("sort") == "desc"
    hidden = context.query.get("hidden", "").lower() == "true"
    rows = sorted((row for row in table if row["hidden"] is hidden), key=_id, reverse=descending)
    last = _last_id(context.query.get("start", ""))
    if last is not None:
        rows = [row for row in rows if (row["id"] < last if descending else row["id"] > last)]
    page = rows[: pages.page_size(context.operation, context.query)]
    token = base64.b64encode(str(page[-1]["id"]).encode()).decode() if page else ""
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


def _last_id(token: str) -> int | None:
    if token in ("", pages.FIRST_PAGE):
        return None
    try:
        return int(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise pages.malformed() from None
