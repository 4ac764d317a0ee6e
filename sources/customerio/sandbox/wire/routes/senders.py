"""Senders and what uses them."""

import base64
import binascii
from typing import Any

from sources.customerio.sandbox.state.rules import senders
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_senders(ask: RequestContext) -> dict[str, Any]:
    """Senders by id: with `hidden` the hidden ones alone, else the others alone [live-airbyte].

    A page's `next` is its last id, also on the last page, behind which there is an empty one [live-airbyte].
    """
    table = ask.workspace.tables["sender_identities"]
    descending = ask.query.get("sort") == "desc"
    hidden = ask.query.get("hidden", "").lower() == "true"
    rows = sorted((row for row in table if row["hidden"] is hidden), key=_id, reverse=descending)
    last = _last_id(ask.query.get("start", ""))
    if last is not None:
        rows = [row for row in rows if (row["id"] < last if descending else row["id"] > last)]
    page = rows[: pages.size(ask.operation, ask.query)]
    token = base64.b64encode(str(page[-1]["id"]).encode()).decode() if page else ""
    return {"sender_identities": [table.show(row) for row in page], "next": token}


def get_sender(ask: RequestContext) -> dict[str, Any]:
    """One sender."""
    table = ask.workspace.tables["sender_identities"]
    return {"sender_identity": table.show(table.get(ask.id("sender_id")))}


def used_by(ask: RequestContext) -> dict[str, Any]:
    """What uses a sender; not wrapped, unlike what uses a segment."""
    return senders.usage(ask.workspace, ask.id("sender_id"))


def _id(row: dict[str, Any]) -> int:
    return int(row["id"])


def _last_id(token: str) -> int | None:
    if token in ("", pages.BEGINNING):
        return None
    try:
        return int(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        msg = "start is not a page token"
        raise BadRequest(msg) from None


HANDLERS: dict[str, Handler] = {
    "listSenders": list_senders,
    "getSender": get_sender,
    "getSenderUsage": used_by,
}
