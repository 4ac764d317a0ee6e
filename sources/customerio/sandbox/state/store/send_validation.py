"""Validation of the bodies of transactional sends, and of message headers.

Messages of refusals are the API's where those are known [spec25], the others are invented (unverified).
"""

import base64
import binascii
import re
from collections.abc import Sequence

import orjson

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store.errors import BadRequest, Forbidden, TooLarge
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, Record

MOST_BYTES, MOST_ATTACHED_BYTES = 1_000_000, 2_000_000
MOST_RECIPIENTS = 15
LATEST_S = 90 * DAY
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_TEXTS = (
    *("body", "body_plain", "subject", "from", "to", "bcc", "reply_to", "preheader"),
    *("language", "title", "message"),
)
_FORBIDDEN_FILES = frozenset({"bat", "cmd", "com", "cpl", "exe", "js", "jar", "msi", "pif", "scr", "vbs"})
_FLAGS = ("queue_draft", "disable_message_retention", "send_to_unsubscribed", "fake_bcc", "tracked")


def check(body: Record, size: int, needs: Sequence[str], now: int) -> None:
    """Check a body, whose JSON has `size` bytes and which must have the fields `needs`.

    Raises:
        BadRequest: a field is missing or has a wrong type or value.
        Forbidden: an attachment's type is not allowed.
        TooLarge: the body or its attachments are over their limits.
    """
    for name in needs:
        if not body.get(name):
            msg = f'Missing required field: "{name}"'  # the words of [sdk]
            raise BadRequest(msg)
    _check_attachments(body.get("attachments"))
    attached = body.get("attachments") or {}
    if size - sum(len(str(content)) for content in attached.values()) > MOST_BYTES:
        msg = "Request body exceeds the limit"
        raise TooLarge(msg)
    _check_types(body)
    if len(addresses(body.get("to"))) + len(addresses(body.get("bcc"))) > MOST_RECIPIENTS:
        msg = f"to and bcc may have {MOST_RECIPIENTS} recipients together"
        raise BadRequest(msg)
    if (given := _header_pairs(body.get("headers"))) is not None:
        headers("headers", given)
    if (body.get("send_at") or 0) > now + LATEST_S:
        msg = "send_at may be up to 90 days in the future"
        raise BadRequest(msg)


def _header_pairs(given: object) -> object:
    """The headers of a send as a list of pairs; None if there are none.

    The document has JSON text, its example and Customer.io's own client have an object [spec26][sdk node].
    """
    if isinstance(given, str) and given:
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return given
    if isinstance(given, dict):
        return [{"name": name, "value": value} for name, value in given.items()]
    return None if given == "" else given


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


def _check_attachments(given: object) -> None:
    """Check attachments, an object of file names and base64 text, or None [spec25]."""
    if given is None:
        return
    if not isinstance(given, dict):
        msg = "attachments must be an object of file names and contents"
        raise BadRequest(msg)
    size = 0
    for name, content in given.items():
        kind = name.rpartition(".")[2].lower() if "." in name else ""
        if not kind or kind in _FORBIDDEN_FILES:
            msg = f"Forbidden file type {kind} for attachment {name}."
            raise Forbidden(msg)
        size += _decoded_size(name, content)
    if size >= MOST_ATTACHED_BYTES:
        msg = "Total attachment size exceeds the limit"
        raise TooLarge(msg)


def _decoded_size(name: str, content: object) -> int:
    try:
        return len(base64.b64decode(content, validate=True))  # type: ignore[arg-type]
    except (binascii.Error, TypeError, ValueError):
        msg = f'Attachment must be base64 encoded: "{name}"'
        raise BadRequest(msg) from None


def identifier(body: Record) -> tuple[str, str]:
    """The identifier of the recipient, as (type, value); BadRequest unless there is exactly one."""
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
    """The addresses of a comma-separated list; commas in quoted names do not separate."""
    bare = re.sub(r'"[^"]*"', "", given or "")
    return [part.strip() for part in bare.split(",") if part.strip()]


def phone(given: str) -> str | None:
    """A phone number in E.164, None if it is Liquid; BadRequest for other text."""
    if "{{" in given:
        return None
    if not _E164.fullmatch(given):
        msg = "Invalid phone number format. Phone numbers must be in E.164 format."
        raise BadRequest(msg)
    return given


def headers(name: str, value: object) -> str:
    """Headers as the API shows them, JSON text, from the list that it takes [spec25].

    Raises:
        BadRequest: the list is malformed.
    """
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    pairs = value if isinstance(value, list) else [None]
    for pair in pairs:
        fields = [pair.get("name"), pair.get("value")] if isinstance(pair, dict) else [None]
        if not all(isinstance(field, str) and field.isascii() for field in fields):
            msg = f"{name} must be a list of objects with a name and a value in ASCII"
            raise BadRequest(msg)
    return orjson.dumps(pairs).decode()
