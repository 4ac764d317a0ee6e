"""Edits of a workspace for tests and users, with the effects that they have at Customer.io.

Every edit happens at the workspace's `now`.
"""

from typing import Any

from sources.customerio.sandbox.state.store.filters import text
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, Person, Record
from sources.customerio.sandbox.state.store.records import RECORD_KINDS, UNSCHEDULED
from sources.customerio.sandbox.state.workspace import Workspace

_CONTENT: Record = {
    "name": "",
    "layout": "",
    "subject": "",
    "body": "",
    "type": "email",
    "language": "",
    "recipient": "",
    "headers": "[]",
}
# Fields of new records by table, unless the caller sets them.
_DEFAULTS: dict[str, Record] = {
    "campaigns": {
        "name": "",
        "description": "",
        "type": "seg_attr",
        "active": True,
        "state": "running",
        "first_started": 0,
        "tags": None,
        "trigger_segment_ids": [],
        **UNSCHEDULED,
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
        "description": "",
        "type": "triggered_broadcast",
        "active": True,
        "state": "running",
        "first_started": 0,
        "tags": None,
        **UNSCHEDULED,
    },
    "broadcast_actions": {**_CONTENT, "sending_state": "automatic"},
    "newsletter_contents": _CONTENT,
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
    "transactional_contents": _CONTENT,
    "newsletters": {
        "name": "",
        "content_ids": [],
        "sent_at": None,
        "type": "email",
        "tags": [],
    },
    "segments": {},
    "sender_identities": {
        "name": "",
        "email": "",
        "address": "",
        "phone": "",
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
    "subscription_channels": {
        "identifier": "",
        "type": "email",
        "name": "",
        "description": "",
        "subscribed_by_default": True,
    },
    "subscription_topics": {"name": "", "description": "", "subscribed_by_default": True},
}


def add(workspace: Workspace, kind: str, fields: Record) -> str:
    """Add a record or a person; returns its id as text, a person's `cio_id`.

    Raises:
        ValueError: there is no such kind.
        NotFound: the record's parent does not exist.
        BadRequest: the id is in use.
    """
    _check_kind(kind, _DEFAULTS)
    if kind == "people":
        return _add_person(workspace, fields).cio_id
    if parent := RECORD_KINDS[kind].parent:
        workspace.tables[parent[0]].get(int(fields[parent[1]]))
    return str(workspace.add_record(kind, {**_DEFAULTS[kind], **fields}, workspace.now))


def edit(workspace: Workspace, kind: str, record_id: str | int, fields: Record) -> None:
    """Edit fields of a record, or attributes of a person; NotFound if there is no such one."""
    _check_kind(kind, RECORD_KINDS)
    if kind == "people":
        person = find_person(workspace, str(record_id))
        values = {name: text(value) or None for name, value in fields.items()}
        workspace.set_attributes(person, values, workspace.now)
    else:
        workspace.edit_record(kind, int(record_id), fields, workspace.now)


def delete(workspace: Workspace, kind: str, record_id: str | int) -> None:
    """Delete a record or a person; NotFound if there is no such one."""
    _check_kind(kind, RECORD_KINDS)
    if kind == "people":
        workspace.remove_person(find_person(workspace, str(record_id)), "deleted", workspace.now)
    else:
        workspace.delete_record(kind, int(record_id), workspace.now)


def suppress(workspace: Workspace, person: str) -> None:
    """Suppress a person: the profile is removed, deliveries to it become anonymous."""
    workspace.remove_person(find_person(workspace, person), "suppressed", workspace.now)


def set_member(workspace: Workspace, segment_id: int, person: str, *, member: bool) -> None:
    """Add a person to a manual segment, or remove one; NotFound if either does not exist."""
    number = find_person(workspace, person).number
    workspace.segments.set_member(segment_id, number, member=member)


def find_person(workspace: Workspace, identifier: str) -> Person:
    """A person by `cio_id`, `id` or email, tried in this order; NotFound if there is none."""
    for id_type in ("cio_id", "id"):
        person = workspace.people.find(identifier, id_type)
        if person is not None:
            return person
    return workspace.people.must_find(identifier, "email")


def _add_person(workspace: Workspace, fields: dict[str, Any]) -> Person:
    person = Person(number=workspace.people.next_number(), created_at=workspace.now)
    identifiers = {name: text(fields[name]) for name in IDENTIFIERS if fields.get(name)}
    workspace.people.check_identifiers_free(person, identifiers)
    person.id, person.email = identifiers.get("id"), identifiers.get("email")
    person.attributes = {
        name: text(value) for name, value in fields.items() if name not in IDENTIFIERS and text(value)
    }
    person.phone = person.attributes.get("phone")
    workspace.add_person(person, logged=True)
    return person


def _check_kind(kind: str, known: dict[str, Any]) -> None:
    if kind != "people" and kind not in known:
        msg = f"There is no kind {kind!r} to change; use people or one of {', '.join(sorted(known))}."
        raise ValueError(msg)
