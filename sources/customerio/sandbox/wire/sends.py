"""Transactional sends, a call for each medium."""

from functools import partial
from typing import Any

from sources.customerio.sandbox.state.errors import BadRequest, Forbidden, TooLarge
from sources.customerio.sandbox.state.sends import MEDIA, Medium, send_one
from sources.customerio.sandbox.wire.ask import Ask, Handler
from sources.customerio.sandbox.wire.refusals import in_meta


def send(medium: Medium, ask: Ask) -> dict[str, Any]:
    """Sends one message, at once or at `send_at`."""
    delivery_id, leaves_at = send_one(ask.workspace, medium, ask.json(), len(ask.raw_body))
    return {"delivery_id": delivery_id, "queued_at": leaves_at}


HANDLERS: dict[str, Handler] = {
    operation: in_meta(BadRequest, Forbidden, TooLarge)(partial(send, medium))
    for operation, medium in MEDIA.items()
}
