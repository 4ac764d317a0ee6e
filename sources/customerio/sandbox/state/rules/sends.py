"""Transactional sends: the recipient, the content and the delivery of a request.

body -> template -> content -> person -> message -> delivery
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.create_deliveries import Message, create_deliveries
from sources.customerio.sandbox.state.rules.identify import identify
from sources.customerio.sandbox.state.store import send_validation
from sources.customerio.sandbox.state.store.deliveries import ContentOverrides, Source
from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.workspace import Workspace

# A send without a template counts for the first one [spec25].
_FIRST_TEMPLATE = 1
# A suppressed identifier has no person: the delivery exists and shows none.
_NO_PERSON = -1

Recipient = Callable[[str, Person], str | None]
"""(`to`, person) to the recipient, None if it is the person's own; BadRequest if `to` is invalid."""


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
class SendCall:
    """One of the send calls: the type of its templates, the channel of its deliveries, its required fields.

    `needs_untemplated` are the fields required of a body without a template, empty if a template is required;
    `content_field` is the field that has the content.
    """

    template: str
    channel: str
    needs: tuple[str, ...] = ()
    needs_untemplated: tuple[str, ...] = ()
    content_field: str = "body"
    recipient: Recipient | None = None


SEND_CALLS = {
    "sendEmail": SendCall(
        template="email", channel="email", needs_untemplated=("body", "subject", "from"), recipient=_to_email
    ),
    "sendPush": SendCall(template="push", channel="push", content_field="message", recipient=_to_device),
    "sendSMS": SendCall(template="twilio", channel="twilio", needs=("to",), recipient=_to_phone),
    # The template is required, the number is not [sdk node].
    "sendWhatsApp": SendCall(template="whatsapp", channel="whatsapp", recipient=_to_phone),
    "sendInApp": SendCall(template="in_app", channel="in_app"),
    # No documented delivery type is `inbox`: it counts as in-app (unverified).
    "sendInboxMessage": SendCall(template="inbox", channel="in_app"),
}


def send_transactional(
    workspace: Workspace, call: SendCall, body: Record, size: int, *, creates: bool = True
) -> tuple[str, int]:
    """Send the message of a body, whose JSON has `size` bytes; returns the delivery's id and when it is sent.

    With `creates` an unknown person is added.

    Raises:
        BadRequest, Forbidden, TooLarge: the body is refused.
    """
    needs = call.needs + (call.needs_untemplated if not body.get("transactional_message_id") else ())
    send_validation.check(body, size, needs, workspace.now)
    template = _template(workspace, call, body.get("transactional_message_id"))
    kind, value = send_validation.identifier(body)
    addressed = workspace.people.find(value, kind) or _unknown_person(kind, value, workspace.now)
    recipient = call.recipient(body["to"], addressed) if call.recipient and body.get("to") else None
    rows = contents.children(workspace, "transactional_contents", template["id"])
    content = contents.for_language(rows, body.get("language") or addressed.attribute("language"))
    number = _number(workspace, addressed, kind, value, creates=creates)
    source = Source(
        channel=call.channel,
        template_id=content["id"],
        transactional_message_id=template["id"],
        subject=body.get("subject") or content["subject"] or None,
        recipient=recipient,
    )
    message = Message(
        person=number,
        source=source,
        draft=_flag(body, "queue_draft", template["queue_drafts"]),
        forgotten=_flag(body, "disable_message_retention", template["hide_message_body"]),
        to_unsubscribed=_flag(body, "send_to_unsubscribed", template["send_to_unsubscribed"]),
        overrides=_overrides(call, body),
    )
    send_at = max(workspace.now, body.get("send_at") or 0)
    (delivery_id,) = create_deliveries(workspace, [message], send_at=send_at)
    return delivery_id, send_at


def _template(workspace: Workspace, call: SendCall, named: object) -> Record:
    """The template with that id or trigger name, in any case; BadRequest if it has another type."""
    if named in (None, "") and not call.needs_untemplated:
        msg = "transactional_message_id is required"
        raise BadRequest(msg)
    wanted = str(named or _FIRST_TEMPLATE).lower()
    for template in workspace.tables["transactional_messages"]:
        if wanted in (str(template["id"]), template["trigger_name"].lower()):
            rows = contents.children(workspace, "transactional_contents", template["id"])
            if rows and rows[0]["type"] == call.template:
                return template
    msg = f"no transactional message of type {call.template} has the transactional_message_id {wanted!r}"
    raise BadRequest(msg)


def _unknown_person(kind: str, value: str, now: int) -> Person:
    """A person who does not exist yet, with the identifier of the request."""
    known = {kind: value} if kind != "cio_id" else {}
    return Person(number=_NO_PERSON, created_at=now, id=known.get("id"), email=known.get("email"))


def _number(workspace: Workspace, addressed: Person, kind: str, value: str, *, creates: bool) -> int:
    """The person's number; with `creates` an unknown id or email adds one, a `cio_id` does not (unverified).

    Raises:
        BadRequest: there is no such person, and none is added.
    """
    if addressed.number != _NO_PERSON or workspace.people.is_suppressed(kind, value):
        return addressed.number
    if not creates:
        msg = f"identifiers: no person has this {kind}"
        raise BadRequest(msg)
    try:
        return identify(workspace, {"identifiers": {kind: value}}, workspace.now, email_by_id=False).number
    except Dropped as dropped:
        msg = f"identifiers: {dropped}"
        raise BadRequest(msg) from None


def _flag(body: Record, name: str, default: bool) -> bool:
    return default if body.get(name) is None else bool(body[name])


def _overrides(call: SendCall, body: Record) -> ContentOverrides | None:
    """The content of the body that differs from the template, None if there is none."""
    overrides = ContentOverrides(
        body=_fill(body.get(call.content_field), body.get("message_data") or {}),
        sender=body.get("from"),
        reply_to=body.get("reply_to"),
        bcc=body.get("bcc"),
        fake_bcc=body.get("fake_bcc"),
        preheader=body.get("preheader"),
    )
    return None if overrides == ContentOverrides() else overrides


def _fill(text: str | None, data: Record) -> str | None:
    """A text with the values of `message_data` filled in; other Liquid stays as it is."""
    if text is None:
        return None
    return _LIQUID.sub(lambda found: str(data.get(found[1], "")), text)


_LIQUID = re.compile(r"\{\{\s*message_data\.(\w+)\s*\}\}")
