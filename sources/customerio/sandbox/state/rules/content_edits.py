"""Edits of message content through the API: the fields that can be edited, and their types.

Other fields are ignored: they are read-only or belong to another type of message (unverified: Customer.io may
refuse them).
"""

from collections.abc import Callable

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.send_validation import headers
from sources.customerio.sandbox.state.workspace import Workspace

_STATES = ("automatic", "draft", "off")
_METHODS = ("get", "post", "put", "delete", "patch")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        msg = f"{name} must be a string"
        raise BadRequest(msg)
    return value


def _integer(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"{name} must be an integer"
        raise BadRequest(msg)
    return value


def _one_of(*allowed: str) -> Callable[[str, object], str]:
    def check(name: str, value: object) -> str:
        if value not in allowed:
            msg = f"{name} must be one of {', '.join(allowed)}"
            raise BadRequest(msg)
        return str(value)

    return check


Check = Callable[[str, object], object]
_MESSAGE: dict[str, Check] = {
    "body": _text,
    "body_amp": _text,
    "subject": _text,
    "preheader_text": _text,
    "from_id": _integer,
    "reply_to_id": _integer,
    "headers": headers,
}
_ADDRESSED: dict[str, Check] = {"recipient": _text}
_SENDING: dict[str, Check] = {"sending_state": _one_of(*_STATES)}
_BY_TYPE: dict[str, dict[str, Check]] = {
    "twilio": {"body": _text, "image_url": _text},
    "webhook": {"body": _text, "url": _text, "headers": headers, "method": _one_of(*_METHODS)},
}
# Fields by table, in addition to those by message type.
_BY_TABLE: dict[str, dict[str, Check]] = {
    "campaign_actions": {**_ADDRESSED, **_SENDING},
    "broadcast_actions": {**_ADDRESSED, **_SENDING},
    "newsletter_contents": _ADDRESSED,
    "transactional_contents": {},
}
_EMPTY: Record = {
    "body": "",
    "body_amp": "",
    "subject": "",
    "preheader_text": "",
    "from_id": None,
    "reply_to_id": None,
    "headers": "[]",
    "image_url": "",
}


def edit_content(
    workspace: Workspace, table: str, row: Record, given: Record, *, whole: bool = False
) -> None:
    """Edit a record by a body; `whole` empties the fields that the body lacks.

    The record's `updated` changes, its parent's does not.

    Raises:
        BadRequest: a field has a wrong type or value.
    """
    allowed = {**_BY_TYPE.get(row["type"], _MESSAGE), **_BY_TABLE[table]}
    fields = {name: check(name, given[name]) for name, check in allowed.items() if name in given}
    if whole:
        fields = {name: _EMPTY[name] for name in allowed if name in row} | fields
    fields |= _addresses(workspace, fields)
    workspace.edit_record(table, int(row["id"]), fields, workspace.now)


def _addresses(workspace: Workspace, fields: Record) -> Record:
    """The addresses of edited senders; an unknown sender has none (unverified: it may be refused)."""
    known = {row["id"]: row["email"] for row in workspace.tables["sender_identities"]}
    pairs = (("from_id", "from"), ("reply_to_id", "reply_to"))
    return {address: known.get(fields[name], "") for name, address in pairs if name in fields}
