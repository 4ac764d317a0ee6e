"""Objects and relationships, as the Track API's operations change them.

An object of an unknown type and a relationship with an unknown person are dropped; a relationship with an
unknown object makes the object (unverified).
"""

from collections.abc import Mapping
from typing import Any

import orjson

from sources.customerio.sandbox.state.store.activities import NO_PERSON
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_RELATIONSHIP, Dropped, failed_object
from sources.customerio.sandbox.state.store.objects import Object, set_values
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.store.track_operation import MAX_ATTRIBUTES, MAX_OBJECT, Op
from sources.customerio.sandbox.state.workspace import Workspace


def identify_object(workspace: Workspace, op: Op, at: int) -> str:
    """Add or update an object, and relate the people that it names; returns as `relate_people` does."""
    found = _find_or_add(workspace, op["identifiers"], at)
    _set_attributes(workspace, found, op.get("attributes") or {}, min(op.get("timestamp") or at, at))
    return relate_people(workspace, op, at)


def identify_object_anonymously(workspace: Workspace, op: Op, at: int) -> str:
    """Add or update an object, and relate the people who have the anonymous ids, or will have them later."""
    found = _find_or_add(workspace, op["identifiers"], at)
    _set_attributes(workspace, found, op.get("attributes") or {}, at)
    entries = [
        (entry["identifiers"].get("anonymous_id", ""), entry) for entry in op.get("cio_relationships") or ()
    ]
    if op.get("anonymous_id"):
        entries.append((op["anonymous_id"], {}))
    for anonymous_id, entry in entries:
        attributes = entry.get("relationship_attributes") or {}
        number = workspace.anonymous.person(anonymous_id)
        person = None if number is None else workspace.people.get(number)
        if person is not None:
            _relate(workspace, found, person, attributes, at)
        elif anonymous_id:
            named = {"object_type_id": found.type_id, "object_id": found.id}
            workspace.anonymous.add_relationship(anonymous_id, named, attributes)
    return ""


def delete_object(workspace: Workspace, op: Op, at: int) -> str:
    """Delete an object; Dropped without an activity if there is no such object (unverified)."""
    found = workspace.objects.find(op["identifiers"])
    if found is None:
        msg = "there is no such object"
        raise Dropped(msg)
    workspace.objects.delete(found, at)
    data = {"object_id": found.id}
    workspace.activities.append(f"_o:{found.type_id}:delete", at, NO_PERSON, data)
    return ""


def relate_people(workspace: Workspace, op: Op, at: int) -> str:
    """RelatePerson people to the object; an unknown person is logged as a failed relationship.

    Returns how many people are unknown, as text.

    Raises:
        Dropped: all of them are unknown.
    """
    entries = op.get("cio_relationships") or ()
    if not entries:
        return ""
    found = _find_or_add(workspace, op["identifiers"], at)
    people = [workspace.people.find(*_identifier(entry["identifiers"])) for entry in entries]
    for entry, person in zip(entries, people, strict=True):
        _relate_or_log(workspace, found, person, entry, at)
    missing = people.count(None)
    if missing == len(people) and op["action"] == "add_relationships":
        msg = "there is no such person"
        raise Dropped(msg)
    return f"{missing} of {len(people)} people are not there" if missing else ""


def unrelate_people(workspace: Workspace, op: Op, at: int) -> str:
    """Delete relationships of people to the object; those that do not exist are ignored."""
    found = workspace.objects.find(op["identifiers"])
    for entry in op["cio_relationships"]:
        person = workspace.people.find(*_identifier(entry["identifiers"]))
        _unrelate(workspace, found, person, at)
    return ""


def relate_objects(workspace: Workspace, person: Person, op: Op, at: int) -> None:
    """RelatePerson a person to objects; an object of an unknown type is logged as a failed relationship."""
    for entry in op.get("cio_relationships") or ():
        try:
            found = _find_or_add(workspace, entry["identifiers"], at)
        except Dropped as dropped:
            data = {**dropped.data, "identifiers": entry["identifiers"]}
            workspace.activities.append(FAILED_RELATIONSHIP, at, person.number, data)
        else:
            _relate(workspace, found, person, entry.get("relationship_attributes") or {}, at)


def unrelate_objects(workspace: Workspace, person: Person, op: Op, at: int) -> None:
    """Delete relationships of a person to objects."""
    for entry in op.get("cio_relationships") or ():
        _unrelate(workspace, workspace.objects.find(entry["identifiers"]), person, at)


def _find_or_add(workspace: Workspace, identifiers: Mapping[str, str], at: int) -> Object:
    found = workspace.objects.find(identifiers)
    if found is not None:
        return found
    type_id = identifiers.get("object_type_id")
    if type_id is None:
        msg = "no object has this cio_object_id"
        raise Dropped(msg, failed_object("unknown"), data={"identifiers": dict(identifiers)})
    if type_id not in workspace.objects.types:
        msg = "The specified Object Type does not exist."
        raise Dropped(msg, failed_object(type_id), data={"identifiers": dict(identifiers)})
    added = workspace.objects.add(type_id, identifiers["object_id"], at)
    workspace.activities.append(f"_o:{type_id}:create", at, NO_PERSON, {"object_id": added.id})
    return added


def _set_attributes(workspace: Workspace, found: Object, given: Record, at: int) -> None:
    type_ = failed_object(found.type_id)
    data = {"object_id": found.id}
    if given and at < max(found.timestamps.values(), default=at):
        msg = "the update is older than the object's latest edit"
        raise Dropped(msg, type_, data=data)
    after = {**found.attributes, **given}
    if len(after) > MAX_ATTRIBUTES or len(orjson.dumps(after)) > MAX_OBJECT:
        msg = f"an object cannot have more than {MAX_ATTRIBUTES} attributes or {MAX_OBJECT} bytes"
        raise Dropped(msg, type_, data=data)
    changes = set_values(found.attributes, found.timestamps, given, at)
    if changes:
        workspace.activities.append(
            f"_o:{found.type_id}:attribute_change", at, NO_PERSON, {**data, "changes": changes}
        )


def _relate_or_log(
    workspace: Workspace, found: Object, person: Person | None, entry: Mapping[str, Any], at: int
) -> None:
    if person is not None:
        _relate(workspace, found, person, entry.get("relationship_attributes") or {}, at)
        return
    data = {
        "reason": "there is no such person",
        "object_type_id": found.type_id,
        "object_id": found.id,
        "identifiers": entry["identifiers"],
    }
    workspace.activities.append(FAILED_RELATIONSHIP, at, NO_PERSON, data)


def _relate(workspace: Workspace, found: Object, person: Person, given: Record, at: int) -> None:
    relationship, new = workspace.objects.relate(found, person.number)
    changes = set_values(relationship.attributes, relationship.timestamps, given, at)
    data: Record = {"object_type_id": found.type_id, "object_id": found.id}
    if new:
        workspace.activities.append("add_relationship", at, person.number, data)
    if changes:
        data = {**data, "changes": changes}
        workspace.activities.append("relationship_attribute_change", at, person.number, data)


def _unrelate(workspace: Workspace, found: Object | None, person: Person | None, at: int) -> None:
    if found is not None and person is not None and workspace.objects.unrelate(found, person.number):
        data = {"object_type_id": found.type_id, "object_id": found.id}
        workspace.activities.append("delete_relationship", at, person.number, data)


def _identifier(identifiers: Mapping[str, str]) -> tuple[str, str]:
    ((kind, value),) = identifiers.items()
    return value, kind
