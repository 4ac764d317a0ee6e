"""Triggering broadcasts, and what became of it; some of these calls are below campaigns, as in the API."""

from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import orjson

from sources.customerio.sandbox.state.rules import contents, triggers
from sources.customerio.sandbox.state.store.errors import BadRequest, TooLarge
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_TABLE = "broadcast_triggers"
_MOST_BYTES, _MOST_LINE_BYTES = 25_000_000, 2_000_000
_TIMEOUT_S = 5.0


def trigger(ask: RequestContext) -> dict[str, Any]:
    """Queues a broadcast and answers the trigger's id."""
    if len(ask.raw_body) > _MOST_BYTES:
        msg = f"the body is larger than {_MOST_BYTES} bytes"
        raise TooLarge(msg)
    takes_s = ask.knobs.trigger_takes_s
    trigger_id = triggers.trigger(ask.workspace, ask.id("broadcast_id"), ask.json(), _lines, takes_s)
    return {"id": trigger_id}


def list_triggers(ask: RequestContext) -> dict[str, Any]:
    """Every time that a broadcast was triggered."""
    rows = contents.children(ask.workspace, _TABLE, ask.id("broadcast_id"))
    return {"triggers": [contents.shown(ask.workspace, _TABLE, row) for row in rows]}


def status(ask: RequestContext) -> dict[str, Any]:
    """One trigger, not wrapped in anything."""
    row = contents.child(ask.workspace, _TABLE, ask.id("broadcast_id"), ask.id("trigger_id"))
    return contents.shown(ask.workspace, _TABLE, row)


def errors(ask: RequestContext) -> dict[str, Any]:
    """What was wrong with a trigger: plain texts, where other answers have errors as objects."""
    rows = triggers.errors(ask.workspace, ask.id("broadcast_id"), ask.id("trigger_id"))
    at = pages.place(ask.query)
    first = at[1] if at else 0
    behind = first + pages.size(ask.operation, ask.query)
    return {"errors": rows[first:behind], "next": pages.token(0, behind) if behind < len(rows) else ""}


def _lines(url: str) -> list[object]:
    """The JSON lines behind a URL."""
    if urlsplit(url).scheme not in ("http", "https"):
        msg = "data_file_url must be http or https"
        raise BadRequest(msg)
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 -- the scheme is checked
            lines = [line for line in answer if line.strip()]
    except (URLError, OSError, ValueError):
        msg = "data_file_url cannot be fetched"
        raise BadRequest(msg) from None
    if any(len(line) > _MOST_LINE_BYTES for line in lines):
        msg = f"a line of the file is larger than {_MOST_LINE_BYTES} bytes"
        raise BadRequest(msg)
    try:
        return [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        msg = "a line of the file is no JSON"
        raise BadRequest(msg) from None


HANDLERS: dict[str, Handler] = {
    "triggerBroadcast": trigger,
    "listBroadcastTriggers": list_triggers,
    "broadcastStatus": status,
    "broadcastErrors": errors,
}
