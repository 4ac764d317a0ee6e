"""How tests and users touch a workspace: add, edit, delete, join, leave, suppress.

Every edit happens at the workspace's instant and has the consequences it has at Customer.io.
"""

from typing import Any

from sources.customerio.sandbox.state.store.filters import text
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, Person, Record
from sources.customerio.sandbox.state.store.records import KINDS
from sources.customerio.sandbox.state.workspace import Workspace

_SAID: Record = {
    "name": "",
    "layout": "",
    "subject": "",
    "body": "",
    "type": "email",
    "language": "",
    "recipient": "",
    "headers": "[]",
}
# What a new record has unless its maker says otherwise.
_DEFAULTS: dict[str, Record] = {
    "campaigns": {
        "name": "",
        "description": "",
        "type": "segment",
        "active": True,
        "state": "running",
        "first_started": 0,
        "tags": [],
        "trigger_segment_ids": [],
        "filter_segment_ids": [],
    },
    "campaign_actions": {
        "name": "",
        "layout": "",
        "body": "",
        "type": "email",
        "language": "",
        "editor": "",
        "recipient": "",
        "subject": "",
    },
    "broadcasts": {
        "name": "",
        "type": "triggered_broadcast",
        "active": True,
        "state": "running",
        "first_started": 0,
        "tags": [],
    },
    "broadcast_actions": {**_SAID, "sending_state": "automatic"},
    "newsletter_contents": _SAID,
    "transactional_messages": {
        "name": "",
        "description": "",
        "trigger_name": "",
        "send_to_unsubscribed": True,
        "link_tracking": True,
        "open_tracking": True,
        "hide_message_body": False,
        "queue_drafts": False,
    },
    "transactional_contents": _SAID,
    "newsletters": {
        "name": "",
        "content_ids": [],
        "sent_at": None,
        "type": "email",
        "tags": [],
        "recipient_segment_ids": [],
    },
    "segments": {},
    "sender_identities": {
        "name": "",
        "email": "",
        "address": "",
        "template_type": "email",
        "auto_generated": False,
        "hidden": False,
    },
    "snippets": {"value": ""},
    "reporting_webhooks": {
        "name": "",
        "type": "webhook",
        "endpoint": "",
        "events": [],
        "disabled": False,
        "full_resolution": False,
        "with_content": False,
    },
    "subscription_topics": {"name": "", "description": "", "subscribed_by_default": True},
}


def add(workspace: Workspace, kind: str, fields: Record) -> str:
    """Make a record or a person; answers its id as text (a person's `cio_id`)."""
    _check_kind(kind, _DEFAULTS)
    if kind == "people":
        return _add_person(workspace, fields).cio_id
    if parent := KINDS[kind].parent:
        workspace.tables[parent[0]].get(int(fields[parent[1]]))
    return str(workspace.add_record(kind, {**_DEFAULTS[kind], **fields}, workspace.now))


def edit(workspace: Workspace, kind: str, record_id: str | int, fields: Record) -> None:
    """Change fields of a record, or attributes of a person; NotFound if there is no such one."""
    _check_kind(kind, KINDS)
    if kind == "people":
        person = find_person(workspace, str(record_id))
        values = {name: text(value) or None for name, value in fields.items()}
        workspace.set_attributes(person, values, workspace.now)
    else:
        workspace.edit_record(kind, int(record_id), fields, workspace.now)


def delete(workspace: Workspace, kind: str, record_id: str | int) -> None:
    """Delete a record or a person; NotFound if there is no such one."""
    _check_kind(kind, KINDS)
    if kind == "people":
        workspace.leave(find_person(workspace, str(record_id)), "deleted", workspace.now)
    else:
        workspace.delete_record(kind, int(record_id), workspace.now)


def suppress(workspace: Workspace, person: str) -> None:
    """Suppress somebody: their profile goes, and what was sent to them becomes anonymous."""
    workspace.leave(find_person(workspace, person), "suppressed", workspace.now)


def set_member(workspace: Workspace, segment_id: int, person: str, *, member: bool) -> None:
    """Put somebody into a segment or take them out; NotFound if either is gone."""
    number = find_person(workspace, person).number
    workspace.segments.set_member(segment_id, number, member=member)


def find_person(workspace: Workspace, who: str) -> Person:
    """Somebody by `cio_id`, `id` or email, tried in this order; NotFound if nobody matches."""
    for id_type in ("cio_id", "id"):
        person = workspace.people.find(who, id_type)
        if person is not None:
            return person
    return workspace.people.must_find(who, "email")


def _add_person(workspace: Workspace, fields: dict[str, Any]) -> Person:
    person = Person(number=workspace.people.next_number(), created_at=workspace.now)
    identifiers = {name: text(fields[name]) for name in IDENTIFIERS if fields.get(name)}
    workspace.people.refuse_taken(person, identifiers)
    person.id, person.email = identifiers.get("id"), identifiers.get("email")
    person.attributes = {
        name: text(value) for name, value in fields.items() if name not in IDENTIFIERS and text(value)
    }
    person.phone = person.attributes.get("phone")
    workspace.arrive(person, noted=True)
    return person


def _check_kind(kind: str, known: dict[str, Any]) -> None:
    if kind != "people" and kind not in known:
        msg = f"There is no kind {kind!r} to change; use people or one of {', '.join(sorted(known))}."
        raise ValueError(msg)
