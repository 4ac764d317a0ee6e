"""Adding and updating people, as `identify` in both versions of the Track API.

    addressed person -> person named in the body -> order of time -> identifiers, attributes

- An unknown identifier with another one in the body that a person has updates that person, who gets it: a new
  id with an existing email gives the new id to the person with that email [track26].
- A write is dropped if its identifiers belong to two people, or if it changes an `id` or `email` that is set
  and the person is not addressed by `cio_id` [track26].
- An update older than the profile's latest edit is ignored (posthog #55330).
- null and "" remove an attribute (unverified for people).
"""

import re
from collections.abc import Mapping

import orjson

from sources.customerio.sandbox.state.rules.people import refuse_suppressed
from sources.customerio.sandbox.state.store.activities import NO_PERSON
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_ATTRIBUTES, SKIPPED, Dropped
from sources.customerio.sandbox.state.store.filters import text
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.store.track_operation import MAX_ATTRIBUTES, MAX_ID, Op, too_long
from sources.customerio.sandbox.state.workspace import Workspace

_PREFERENCES = "cio_subscription_preferences"
_COMPUTED = "_cio_subscription_preferences_computed"
_NO_ATTRIBUTES = frozenset({"_update", "_timestamp", "cio_id", "cio_relationships", "id", "email"})
_EMAIL = re.compile(r"\S+@[^\s@]+")


def identify(workspace: Workspace, op: Op, at: int, *, email_by_id: bool) -> Person:
    """Add or update a person.

    `email_by_id`: the workspace's setting "Allow updates to email using ID" is on.

    Raises:
        Dropped: the write is not applied.
    """
    ((kind, value),) = op["identifiers"].items()
    given = op.get("attributes") or {}
    others = _other_identifiers(kind, value, given)
    refuse_suppressed(workspace, {kind: value, **others})
    person = workspace.people.find(value, kind)
    if person is None:
        if kind == "cio_id":
            msg = "no person has this cio_id"
            raise Dropped(msg)
        person = _named_by_body(workspace, others, given)
    identifiers = _new_identifiers(workspace, person, kind, value, others, email_by_id=email_by_id)
    stamp = min(op.get("timestamp") or at, at)
    if person is not None:
        _update(workspace, person, op, identifiers, stamp, at)
        return person
    if given.get("_update"):
        msg = "there is no such person to update"
        raise Dropped(msg, FAILED_ATTRIBUTES if op.get("v1") else None, data=_data(op))
    return _add(workspace, identifiers, given, stamp, at)


def _other_identifiers(kind: str, value: str, given: Record) -> dict[str, str]:
    """The identifiers among the attributes, as text, without the addressed one."""
    others = {name: text(given[name]) for name in ("id", "email") if given.get(name) not in (None, "")}
    if _same(kind, others.get(kind), value):
        del others[kind]
    return others


def _same(kind: str, left: str | None, right: str) -> bool:
    return left is not None and (left.lower() == right.lower() if kind == "email" else left == right)


def _named_by_body(workspace: Workspace, others: Mapping[str, str], given: Record) -> Person | None:
    """The person that the body's identifiers name; Dropped if they name two."""
    found = {
        person.number: person
        for name, value in others.items()
        if (person := workspace.people.find(value, name))
    }
    if len(found) > 1:
        raise _conflict(next(iter(found.values())), given, "id and email")
    return next(iter(found.values()), None)


def _new_identifiers(
    workspace: Workspace,
    person: Person | None,
    kind: str,
    value: str,
    others: Mapping[str, str],
    *,
    email_by_id: bool,
) -> dict[str, str | None]:
    """The identifiers that the write sets; Dropped if it cannot set them."""
    identifiers: dict[str, str | None] = dict(others)
    addressed = person is not None and _same(kind, person.attribute(kind), value)
    if not addressed:
        identifiers[kind] = value
    if person is not None:
        held = {name: person.attribute(name) for name in identifiers}
        identifiers = {
            name: new for name, new in identifiers.items() if not _same(name, held[name], str(new))
        }
    for name, wanted in identifiers.items():
        _check_identifier(workspace, person, name, wanted)
    if person is not None and kind != "cio_id" and addressed:
        _check_changes(person, identifiers, email_changes=kind == "id" and email_by_id)
    return identifiers


def _check_identifier(workspace: Workspace, person: Person | None, name: str, wanted: str | None) -> None:
    """Dropped if an identifier is not valid or belongs to another person."""
    if wanted is None or too_long(wanted, MAX_ID) or (name == "email" and not _EMAIL.fullmatch(wanted)):
        reason = f"the {name} is not valid"
        raise _failed(person, {name: wanted}, reason)
    holder = workspace.people.find(wanted, name)
    if holder is not None and holder is not person:
        raise _conflict(person, {name: wanted}, name)


def _check_changes(person: Person, identifiers: Mapping[str, str | None], *, email_changes: bool) -> None:
    """Dropped if an identifier that is set would change; `email_changes` allows it for the email."""
    for name, wanted in identifiers.items():
        if person.attribute(name) is not None and not (name == "email" and email_changes):
            reason = f"the {name} is set already, and changing it needs the person's cio_id"
            raise _failed(person, {name: wanted}, reason)


def _add(
    workspace: Workspace, identifiers: Mapping[str, str | None], given: Record, stamp: int, at: int
) -> Person:
    values = _values(None, given)
    person = Person(
        number=workspace.people.next_number(),
        created_at=at,
        id=identifiers.get("id"),
        email=identifiers.get("email"),
        attributes={name: value for name, value in values.items() if value},
        # Attributes are dated by the update's own time, not by when the person was added.
        changed={} if stamp == at else dict.fromkeys([*identifiers, *values], stamp),
        phone=values.get("phone") or None,
    )
    if len(person.attributes) > MAX_ATTRIBUTES:
        raise _failed(None, {}, f"a person cannot have more than {MAX_ATTRIBUTES} attributes")
    workspace.add_person(person, logged=True)
    return person


def _update(
    workspace: Workspace, person: Person, op: Op, identifiers: dict[str, str | None], stamp: int, at: int
) -> None:
    if stamp < person.edited_at:
        msg = "the update is older than the profile's latest edit"
        raise Dropped(msg, SKIPPED, person=person.number, data=_data(op))
    values = _values(person, op.get("attributes") or {})
    added = sum(1 for name, value in values.items() if value and name not in person.attributes)
    if added and len(person.attributes) + added > MAX_ATTRIBUTES:
        raise _failed(person, {}, f"a person cannot have more than {MAX_ATTRIBUTES} attributes")
    workspace.set_attributes(person, {**identifiers, **values}, stamp, arrived=at)


def _values(person: Person | None, given: Record) -> dict[str, str | None]:
    """Attributes as the profile holds them; None removes one."""
    values: dict[str, str | None] = {}
    topics: Record = {}
    for name, value in given.items():
        if name in _NO_ATTRIBUTES:
            continue
        if name == "unsubscribed":
            values[name] = "true" if text(value).lower() in ("true", "1") else "false"
        elif name.startswith(f"{_PREFERENCES}.topics."):
            topics[name.removeprefix(f"{_PREFERENCES}.topics.")] = value
        else:
            values[name] = text(value) or None
    return _with_topics(person, values, topics) if topics or _PREFERENCES in values else values


def _with_topics(
    person: Person | None, values: Mapping[str, str | None], topics: Record
) -> dict[str, str | None]:
    """Preferences: an object replaces all topics, a dot path sets one; others are computed [track26]."""
    held = person.attributes if person is not None else {}
    whole = _json(values.get(_PREFERENCES) if _PREFERENCES in values else held.get(_PREFERENCES))
    chosen = {**(whole.get("topics") or {}), **topics}
    chosen = {name: value for name, value in chosen.items() if value not in (None, "")}
    computed = {**(_json(held.get(_COMPUTED)).get("topics") or {}), **chosen}
    return {
        **values,
        _PREFERENCES: orjson.dumps({**whole, "topics": chosen}).decode() if chosen else None,
        _COMPUTED: orjson.dumps({"topics": computed}).decode(),
    }


def _json(value: str | None) -> Record:
    try:
        found = orjson.loads(value or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _conflict(person: Person | None, given: Record, name: str) -> Dropped:
    return _failed(person, given, f"the {name} belongs to another person")


def _failed(person: Person | None, given: Record, reason: str) -> Dropped:
    number = NO_PERSON if person is None else person.number
    return Dropped(reason, FAILED_ATTRIBUTES, person=number, data={"attributes": given})


def _data(op: Op) -> Record:
    return {"identifiers": op["identifiers"], "attributes": op.get("attributes") or {}}
