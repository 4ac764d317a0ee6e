"""Transactional sends, a call for each medium."""

from functools import partial
from typing import Any

from sources.customerio.sandbox.state.rules.sends import SEND_CALLS, SendCall, send_transactional
from sources.customerio.sandbox.state.store.errors import BadRequest, Forbidden, TooLarge
from sources.customerio.sandbox.wire.http.error_responses import in_meta
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def send(medium: SendCall, ask: RequestContext) -> dict[str, Any]:
    """Sends one message, at once or at `send_at`."""
    delivery_id, leaves_at = send_transactional(ask.workspace, medium, ask.json(), len(ask.raw_body))
    return {"delivery_id": delivery_id, "queued_at": leaves_at}


HANDLERS: dict[str, Handler] = {
    operation: in_meta(BadRequest, Forbidden, TooLarge)(partial(send, medium))
    for operation, medium in SEND_CALLS.items()
}
