"""Transactional sends, one operation for each medium."""

from typing import Any

from sources.customerio.sandbox.state.rules.sends import SEND_CALLS, send_transactional
from sources.customerio.sandbox.state.store.errors import BadRequest, Forbidden, TooLarge
from sources.customerio.sandbox.wire.http.error_responses import errors_in_meta
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("sendEmail")
@answers("sendPush")
@answers("sendSMS")
@answers("sendWhatsApp")
@answers("sendInApp")
@answers("sendInboxMessage")
@errors_in_meta(BadRequest, Forbidden, TooLarge)
def send(context: RequestContext) -> dict[str, Any]:
    """Sends one message, immediately or at `send_at`."""
    medium = SEND_CALLS[context.operation.id]
    delivery_id, leaves_at = send_transactional(
        context.workspace,
        medium,
        context.json(),
        len(context.raw_body),
        creates=context.knobs.sends_create,
    )
    return {"delivery_id": delivery_id, "queued_at": leaves_at}
