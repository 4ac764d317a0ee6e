"""Events, page views and screen views, of people and of anonymous ids."""

from sources.customerio.sandbox.state.rules.people import refuse_suppressed
from sources.customerio.sandbox.state.store.activities import NO_PERSON
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_EVENT, Dropped
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.store.track_operation import Op, is_ulid
from sources.customerio.sandbox.state.store.write_queue import ApplyOptions
from sources.customerio.sandbox.state.workspace import Workspace

_ANONYMOUS = "anonymous_id"


def track_event(workspace: Workspace, op: Op, at: int, options: ApplyOptions) -> str:
    """Log an event at its own time; an event whose ULID was received before is ignored [track26].

    Returns a note if the id is no ULID, so that a repeat is not recognised (unverified), else "".

    Raises:
        Dropped: there is no such person, or the event was received before.
    """
    ((kind, value),) = op["identifiers"].items()
    given = op.get("id")
    unique = _unique_id(given, options)
    if unique is not None and unique in workspace.event_ids:
        msg = "an event with this id was received before"
        raise Dropped(msg)
    number = _person_number(workspace, kind, value, op, at, creates=options.events_create)
    if unique is not None:
        workspace.event_ids.add(unique)
    stamp = op.get("timestamp") or at
    name = op["name"].strip()
    data = dict(op.get("attributes") or {})
    activity = workspace.activities.append(op["action"], stamp, number, data, name, arrived=at)
    if kind == _ANONYMOUS and number == NO_PERSON:
        workspace.anonymous.add_event(value, activity, stamp)
    return "the id is no ULID: a repeat of this event counts again" if given and unique is None else ""


def associate(workspace: Workspace, person: Person, anonymous_id: str, at: int) -> None:
    """Give a person the events and relationships of an anonymous id [track26]."""
    events, relationships = workspace.anonymous.identify(anonymous_id, person.number, at)
    if events:
        workspace.activities.reassign(person.number, uids=events)
        data = {"anonymous_id": anonymous_id, "events": len(events)}
        workspace.activities.append("anon_merge", at, person.number, data)
    for identifiers, attributes in relationships:
        found = workspace.objects.find(identifiers)
        if found is not None:
            relationship, _ = workspace.objects.relate(found, person.number)
            relationship.attributes.update(attributes)
            relationship.timestamps.update(dict.fromkeys(attributes, at))


def failed_event(op: Op, reason: str) -> Dropped:
    """The drop of an event, with the data of its activity."""
    name = op["name"].strip()
    data = {"name": name, "identifiers": op["identifiers"], "event_id": op.get("id")}
    return Dropped(reason, FAILED_EVENT, name=name, data=data)


def _unique_id(given: str | None, options: ApplyOptions) -> str | None:
    """The id by which repeats of an event are recognised, None if they are not."""
    if given is None or not (options.dedupes_any_id or is_ulid(given)):
        return None
    return given.upper() if is_ulid(given) else given


def _person_number(workspace: Workspace, kind: str, value: str, op: Op, at: int, *, creates: bool) -> int:
    if kind == _ANONYMOUS:
        known = workspace.anonymous.person(value)
        return NO_PERSON if known is None else known
    refuse_suppressed(workspace, {kind: value})
    person = workspace.people.find(value, kind)
    if person is None and creates and kind != "cio_id":
        person = Person(workspace.people.next_number(), at, **{kind: value})  # type: ignore[arg-type]
        workspace.add_person(person, logged=True)
    if person is None:
        msg = "there is no such person"
        raise failed_event(op, msg)
    return person.number
