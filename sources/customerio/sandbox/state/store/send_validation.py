"""What the body of a transactional send must be.

Refusals are in the API's words where those are known [spec25]; the other texts are ours (unverified).
"""

import re
from collections.abc import Sequence

from sources.customerio.sandbox.state.rules.content_edits import headers
from sources.customerio.sandbox.state.store import attachments
from sources.customerio.sandbox.state.store.errors import BadRequest, TooLarge
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, Record

MOST_BYTES = 1_000_000
MOST_RECIPIENTS = 15
LATEST_S = 90 * 86_400
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_TEXTS = (
    *("body", "body_plain", "subject", "from", "to", "bcc", "reply_to", "preheader"),
    *("language", "title", "message"),
)
_FLAGS = ("queue_draft", "disable_message_retention", "send_to_unsubscribed", "fake_bcc", "tracked")


def check(body: Record, size: int, needs: Sequence[str], now: int) -> None:
    """BadRequest, Forbidden or TooLarge if a body of that size in bytes cannot be sent."""
    for name in needs:
        if not body.get(name):
            msg = f"{name} is required"
            raise BadRequest(msg)
    attachments.check(body.get("attachments"))
    given = body.get("attachments") or {}
    if size - sum(len(str(content)) for content in given.values()) > MOST_BYTES:
        msg = "Request body exceeds the limit"
        raise TooLarge(msg)
    _check_types(body)
    if len(addresses(body.get("to"))) + len(addresses(body.get("bcc"))) > MOST_RECIPIENTS:
        msg = f"to and bcc may have {MOST_RECIPIENTS} recipients together"
        raise BadRequest(msg)
    if body.get("headers") is not None:
        headers("headers", body["headers"])
    if (body.get("send_at") or 0) > now + LATEST_S:
        msg = "send_at may be up to 90 days in the future"
        raise BadRequest(msg)


def _check_types(body: Record) -> None:
    kinds = ((_TEXTS, str, "a string"), (_FLAGS, bool, "a boolean"), (("message_data",), dict, "an object"))
    for names, kind, called in kinds:
        for name in names:
            if not isinstance(body.get(name), kind | None):
                msg = f"{name} must be {called}"
                raise BadRequest(msg)
    if not isinstance(body.get("send_at"), int | None) or isinstance(body.get("send_at"), bool):
        msg = "send_at must be a Unix timestamp"
        raise BadRequest(msg)


def identifier(body: Record) -> tuple[str, str]:
    """The one identifier of the person that a message is for, as (type, value)."""
    given = body.get("identifiers")
    if not isinstance(given, dict) or len(given) != 1 or not set(given) <= set(IDENTIFIERS):
        msg = "identifiers must have exactly one of id, email and cio_id"
        raise BadRequest(msg)
    ((kind, value),) = given.items()
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        msg = f"identifiers: {kind} must not be empty"
        raise BadRequest(msg)
    return kind, str(value).removeprefix("cio_") if kind == "cio_id" else str(value)


def addresses(given: str | None) -> list[str]:
    """The addresses in a list with commas; a comma in a quoted name does not part two."""
    bare = re.sub(r'"[^"]*"', "", given or "")
    return [part.strip() for part in bare.split(",") if part.strip()]


def phone(given: str) -> str | None:
    """A number as it is dialled, None where Liquid takes it from the person; BadRequest if it is neither."""
    if "{{" in given:
        return None
    if not _E164.fullmatch(given):
        msg = "Invalid phone number format. Phone numbers must be in E.164 format."
        raise BadRequest(msg)
    return given
