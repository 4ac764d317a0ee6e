"""Writes to objects and relationships, as the Track API's operations ask for them.

An object of a type that does not exist, and a relationship with a person who does not, are dropped; a
relationship with an object that does not exist makes the object (unverified).
"""

from collections.abc import Mapping
from typing import Any

import orjson

from sources.customerio.sandbox.state.store.activities import NOBODY
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_RELATIONSHIP, Dropped, failed_object
from sources.customerio.sandbox.state.store.objects import Object, set_values
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.store.track_operation import MAX_ATTRIBUTES, MAX_OBJECT, Op
from sources.customerio.sandbox.state.workspace import Workspace


def identify_object(workspace: Workspace, op: Op, at: int) -> str:
    """Add or update an object, and relate the people that it names; answers as `relate_people` does."""
    found = _found_or_made(workspace, op["identifiers"], at)
    _set(workspace, found, op.get("attributes") or {}, min(op.get("timestamp") or at, at))
    return relate_people(workspace, op, at)


def identify_object_anonymously(workspace: Workspace, op: Op, at: int) -> str:
    """Add or update an object, and relate whoever will turn out to have an anonymous id."""
    found = _found_or_made(workspace, op["identifiers"], at)
    _set(workspace, found, op.get("attributes") or {}, at)
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
            workspace.anonymous.related(anonymous_id, named, attributes)
    return ""


def delete_object(workspace: Workspace, op: Op, at: int) -> str:
    """Take an object off; one that is not there is no failure (unverified)."""
    found = workspace.objects.find(op["identifiers"])
    if found is None:
        msg = "there is no such object"
        raise Dropped(msg)
    workspace.objects.delete(found, at)
    data = {"object_id": found.id}
    workspace.activities.note(f"_o:{found.type_id}:delete", at, NOBODY, data)
    return ""


def relate_people(workspace: Workspace, op: Op, at: int) -> str:
    """Relate people to the object; who is not there is told in an activity, the others are related.

    Answers how many are not there, in words. Dropped if nobody is.
    """
    entries = op.get("cio_relationships") or ()
    if not entries:
        return ""
    found = _found_or_made(workspace, op["identifiers"], at)
    people = [workspace.people.find(*_named(entry["identifiers"])) for entry in entries]
    for entry, person in zip(entries, people, strict=True):
        _relate_or_tell(workspace, found, person, entry, at)
    missing = people.count(None)
    if missing == len(people) and op["action"] == "add_relationships":
        msg = "there is no such person"
        raise Dropped(msg)
    return f"{missing} of {len(people)} people are not there" if missing else ""


def part_people(workspace: Workspace, op: Op, at: int) -> str:
    """End relationships of people to the object; what is not there needs no ending."""
    found = workspace.objects.find(op["identifiers"])
    for entry in op["cio_relationships"]:
        person = workspace.people.find(*_named(entry["identifiers"]))
        _part(workspace, found, person, at)
    return ""


def relate_objects(workspace: Workspace, person: Person, op: Op, at: int) -> None:
    """Relate somebody to objects; an object of an unknown type is told in an activity."""
    for entry in op.get("cio_relationships") or ():
        try:
            found = _found_or_made(workspace, entry["identifiers"], at)
        except Dropped as dropped:
            data = {**dropped.data, "identifiers": entry["identifiers"]}
            workspace.activities.note(FAILED_RELATIONSHIP, at, person.number, data)
        else:
            _relate(workspace, found, person, entry.get("relationship_attributes") or {}, at)


def part_objects(workspace: Workspace, person: Person, op: Op, at: int) -> None:
    """End somebody's relationships to objects."""
    for entry in op.get("cio_relationships") or ():
        _part(workspace, workspace.objects.find(entry["identifiers"]), person, at)


def _found_or_made(workspace: Workspace, identifiers: Mapping[str, str], at: int) -> Object:
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
    made = workspace.objects.add(type_id, identifiers["object_id"], at)
    workspace.activities.note(f"_o:{type_id}:create", at, NOBODY, {"object_id": made.id})
    return made


def _set(workspace: Workspace, found: Object, given: Record, at: int) -> None:
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
        workspace.activities.note(
            f"_o:{found.type_id}:attribute_change", at, NOBODY, {**data, "changes": changes}
        )


def _relate_or_tell(
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
    workspace.activities.note(FAILED_RELATIONSHIP, at, NOBODY, data)


def _relate(workspace: Workspace, found: Object, person: Person, given: Record, at: int) -> None:
    relationship, new = workspace.objects.relate(found, person.number)
    changes = set_values(relationship.attributes, relationship.timestamps, given, at)
    data: Record = {"object_type_id": found.type_id, "object_id": found.id}
    if new:
        workspace.activities.note("add_relationship", at, person.number, data)
    if changes:
        data = {**data, "changes": changes}
        workspace.activities.note("relationship_attribute_change", at, person.number, data)


def _part(workspace: Workspace, found: Object | None, person: Person | None, at: int) -> None:
    if found is not None and person is not None and workspace.objects.part(found, person.number):
        data = {"object_type_id": found.type_id, "object_id": found.id}
        workspace.activities.note("delete_relationship", at, person.number, data)


def _named(identifiers: Mapping[str, str]) -> tuple[str, str]:
    ((kind, value),) = identifiers.items()
    return value, kind
