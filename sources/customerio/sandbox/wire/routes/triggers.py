"""Triggers of broadcasts, their status and errors; the paths of some are below campaigns, as in the API."""

from typing import Any

import orjson

from sources.customerio.sandbox.state.rules import contents, triggers
from sources.customerio.sandbox.state.store.errors import BadRequest, TooLarge
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.fetch_url import fetch_url
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

_TABLE = "broadcast_triggers"
_MOST_BYTES, _MOST_LINE_BYTES = 25_000_000, 2_000_000


@answers("triggerBroadcast")
def trigger(context: RequestContext) -> dict[str, Any]:
    """Triggers a broadcast and returns the trigger's id."""
    if len(context.raw_body) > _MOST_BYTES:
        msg = f"the body is larger than {_MOST_BYTES} bytes"
        raise TooLarge(msg)
    takes_s = context.knobs.trigger_takes_s
    trigger_id = triggers.trigger(
        context.workspace, context.id("broadcast_id"), context.json(), _lines, takes_s
    )
    return {"id": trigger_id}


@answers("listBroadcastTriggers")
def list_triggers(context: RequestContext) -> dict[str, Any]:
    """Lists the triggers of a broadcast on one page."""
    rows = contents.children(context.workspace, _TABLE, context.id("broadcast_id"))
    return {"triggers": [contents.shown(context.workspace, _TABLE, row) for row in rows]}


@answers("broadcastStatus")
def status(context: RequestContext) -> dict[str, Any]:
    """Returns one trigger, unwrapped."""
    row = contents.child(context.workspace, _TABLE, context.id("broadcast_id"), context.id("trigger_id"))
    return contents.shown(context.workspace, _TABLE, row)


@answers("broadcastErrors")
def errors(context: RequestContext) -> dict[str, Any]:
    """Lists the errors of a trigger as plain text, in pages."""
    rows = triggers.errors(context.workspace, context.id("broadcast_id"), context.id("trigger_id"))
    page, token = pages.offset_page(rows, context.query, pages.page_size(context.operation, context.query))
    return {"errors": page, "next": token}


def _lines(url: str) -> list[object]:
    """The JSON lines behind a URL; BadRequest if one is too large or is not JSON."""
    fetched = fetch_url(url, field="data_file_url")
    lines = [line for line in fetched.body.split(b"\n") if line.strip()]
    if any(len(line) > _MOST_LINE_BYTES for line in lines):
        msg = f"a line of the file is larger than {_MOST_LINE_BYTES} bytes"
        raise BadRequest(msg)
    try:
        return [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        msg = "a line of the file is not JSON"
        raise BadRequest(msg) from None
