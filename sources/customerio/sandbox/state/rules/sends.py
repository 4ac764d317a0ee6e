"""Transactional sends: whom a request is for, what they get, and the delivery that it makes.

body -> template -> content -> person -> post -> delivery
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.create_deliveries import Post, send
from sources.customerio.sandbox.state.rules.identify import identify
from sources.customerio.sandbox.state.store import send_validation
from sources.customerio.sandbox.state.store.deliveries import Letter, Source
from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.workspace import Workspace

# What names no template counts for the first one [spec25].
_FIRST_TEMPLATE = 1
# A suppressed identifier is nobody's: the delivery exists and names no one.
_NOBODY = -1

To = Callable[[str, Person], str | None]
"""A recipient that differs from the person's own, None if it does not; BadRequest if it is none."""


def _to_email(given: str, person: Person) -> str | None:
    return None if "{{" in given or given.lower() == (person.email or "").lower() else given


def _to_phone(given: str, person: Person) -> str | None:
    number = send_validation.phone(given)
    return None if number == person.phone else number


def _to_device(given: str, person: Person) -> str | None:
    if given in ("all", "last_used"):
        return None
    if given not in {device["id"] for device in person.devices or ()}:
        msg = "to must be all, last_used or a device of the person"
        raise BadRequest(msg)
    return given


@dataclass(frozen=True, kw_only=True)
class Medium:
    """One of the send calls: the type of its templates, of its deliveries, and what its body must have.

    `alone` is what a body must have that names no template; empty where it has to name one.
    """

    template: str
    channel: str
    needs: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    said: str = "body"
    to: To | None = None


MEDIA = {
    "sendEmail": Medium(template="email", channel="email", alone=("body", "subject", "from"), to=_to_email),
    "sendPush": Medium(template="push", channel="push", said="message", to=_to_device),
    "sendSMS": Medium(template="twilio", channel="twilio", needs=("to",), to=_to_phone),
    "sendInApp": Medium(template="in_app", channel="in_app"),
    # No list of the types of deliveries has the inbox: it is a part of in-app messages (unverified).
    "sendInboxMessage": Medium(template="inbox", channel="in_app"),
}


def send_one(workspace: Workspace, medium: Medium, body: Record, size: int) -> tuple[str, int]:
    """Send what a body of that size in bytes says; answers the delivery's id and when it leaves.

    BadRequest, Forbidden or TooLarge if it cannot be sent.
    """
    needs = medium.needs + (medium.alone if not body.get("transactional_message_id") else ())
    send_validation.check(body, size, needs, workspace.now)
    template = _template(workspace, medium, body.get("transactional_message_id"))
    kind, value = send_validation.identifier(body)
    addressed = workspace.people.find(value, kind) or _newcomer(kind, value, workspace.now)
    recipient = medium.to(body["to"], addressed) if medium.to and body.get("to") else None
    rows = contents.of_parent(workspace, "transactional_contents", template["id"])
    content = contents.speaking(rows, body.get("language") or addressed.attribute("language"))
    number = _number(workspace, addressed, kind, value)
    source = Source(
        channel=medium.channel,
        template_id=content["id"],
        transactional_message_id=template["id"],
        subject=body.get("subject") or content["subject"] or None,
        recipient=recipient,
    )
    post = Post(
        person=number,
        source=source,
        draft=_flag(body, "queue_draft", template["queue_drafts"]),
        forgotten=_flag(body, "disable_message_retention", template["hide_message_body"]),
        to_unsubscribed=_flag(body, "send_to_unsubscribed", template["send_to_unsubscribed"]),
        letter=_letter(medium, body),
    )
    leaves_at = max(workspace.now, body.get("send_at") or 0)
    (delivery_id,) = send(workspace, [post], leaves_at=leaves_at)
    return delivery_id, leaves_at


def _template(workspace: Workspace, medium: Medium, named: object) -> Record:
    """The template of that id or trigger name (in any case), which must be of the medium's type."""
    if named in (None, "") and not medium.alone:
        msg = "transactional_message_id is required"
        raise BadRequest(msg)
    wanted = str(named or _FIRST_TEMPLATE).lower()
    for template in workspace.tables["transactional_messages"]:
        if wanted in (str(template["id"]), template["trigger_name"].lower()):
            rows = contents.of_parent(workspace, "transactional_contents", template["id"])
            if rows and rows[0]["type"] == medium.template:
                return template
    msg = f"no transactional message of type {medium.template} has the transactional_message_id {wanted!r}"
    raise BadRequest(msg)


def _newcomer(kind: str, value: str, now: int) -> Person:
    """Somebody who is not there yet, as far as a request knows them."""
    known = {kind: value} if kind != "cio_id" else {}
    return Person(number=_NOBODY, created_at=now, id=known.get("id"), email=known.get("email"))


def _number(workspace: Workspace, addressed: Person, kind: str, value: str) -> int:
    """The person's number; a newcomer is added now, unless named by a `cio_id` (unverified)."""
    if addressed.number != _NOBODY or workspace.people.is_suppressed(kind, value):
        return addressed.number
    try:
        return identify(workspace, {"identifiers": {kind: value}}, workspace.now, email_by_id=False).number
    except Dropped as dropped:
        msg = f"identifiers: {dropped}"
        raise BadRequest(msg) from None


def _flag(body: Record, name: str, default: bool) -> bool:
    return default if body.get(name) is None else bool(body[name])


def _letter(medium: Medium, body: Record) -> Letter | None:
    """What the body says beside the template, None if nothing."""
    letter = Letter(
        body=_filled(body.get(medium.said), body.get("message_data") or {}),
        sender=body.get("from"),
        reply_to=body.get("reply_to"),
        bcc=body.get("bcc"),
        fake_bcc=body.get("fake_bcc"),
        preheader=body.get("preheader"),
    )
    return None if letter == Letter() else letter


def _filled(text: str | None, data: Record) -> str | None:
    """A text with the message's own data in it; other Liquid stays as it is."""
    if text is None:
        return None
    return _LIQUID.sub(lambda found: str(data.get(found[1], "")), text)


_LIQUID = re.compile(r"\{\{\s*message_data\.(\w+)\s*\}\}")
