"""Reads back rows that were sent: one reader for each kind.

A reader reads some rows from the App API, and yields those that are missing or other than sent, with the
reason. All runs share the App API's 10 requests a second, so where each row costs a request, only some are
read: the kind's `sample_limit`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from pipelines.push.confirm.mismatch import Mismatch, changed_values
from pipelines.push.context import PushContext
from pipelines.push.journal.log import AcceptedRow, Readable
from pipelines.push.spec.item import attributes_of, comparable
from pipelines.times import DAY
from sources.customerio.catalogue import operation
from sources.customerio.client import Client, NotFound, Page, reading_answers, unexpected

PROFILES_A_REQUEST = 100
_FEED_S = 29 * DAY
"""Age up to which events are certain to be among the activities, which Customer.io keeps for 30 days."""
_ATTEMPTS = 4
"""Times that rows are read, until they show."""

Mismatches = Iterator[tuple[int, Mismatch]]
"""The number in the log and the mismatch of each row that did not arrive."""
Reader = Callable[[PushContext, Sequence[AcceptedRow]], Mismatches]
_MISSING, _STILL_THERE, _NO_PERSON = Mismatch("missing"), Mismatch("unwanted"), Mismatch("no_person")


def _read_profiles(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    profiles = _profiles(context, rows)
    for row in rows:
        profile = profiles.get(row.entity)
        if row.action == "remove":
            if profile is not None:
                yield row.seq, _STILL_THERE
        elif profile is None:
            yield row.seq, _MISSING
        else:
            yield from _differences(context, row, profile["attributes"])


def _differences(context: PushContext, row: AcceptedRow, held: Mapping[str, Any]) -> Mismatches:
    sent = attributes_of(row.payload, context.spec.kind.attributes)
    if values := changed_values(sent, held):
        yield row.seq, Mismatch("changed", values)


def _profiles(context: PushContext, rows: Sequence[AcceptedRow]) -> dict[str, Any]:
    """The profiles of the people of these rows, by identifier."""
    identifier = context.spec.identifier
    entities = iter(dict.fromkeys(row.entity for row in rows))
    found = {}
    while ids := list(islice(entities, PROFILES_A_REQUEST)):
        answer = context.client.call("getPeopleById", query={"id_type": identifier}, body={"ids": ids})
        profiles = [item.get("customer", item) for item in answer.records("customers")]
        if not profiles:
            _check_absent(context, ids[0])
        for profile in profiles:
            value = profile["identifiers"].get(identifier) or ""
            found[comparable(identifier, value)] = profile
    return found


def _check_absent(context: PushContext, entity: str) -> None:
    """Check by a call about one person that an answer without any profile is true of this one.

    Raises:
        BadAnswer: the person is there.
    """
    path, query = {"customer_id": entity}, {"id_type": context.spec.identifier}
    with suppress(NotFound):
        context.client.call("getPersonAttributes", path=path, query=query)
        raise unexpected(operation("getPeopleById"), "no profile, though a person who was asked for is there")


def _read_suppressions(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    profiles = _profiles(context, rows)
    for row in rows:
        if row.action != "remove" and row.entity in profiles:
            yield row.seq, _STILL_THERE


def _read_devices(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    profiles = _profiles(context, rows)
    elsewhere = {device["id"] for profile in profiles.values() for device in profile.get("devices") or ()}
    for row in rows:
        token, profile = row.payload["device"]["token"], profiles.get(row.entity)
        held = {device["id"]: device for device in (profile or {}).get("devices") or ()}.get(token)
        if row.action == "remove":
            if held is not None:
                yield row.seq, _STILL_THERE
        elif profile is None:
            yield row.seq, _NO_PERSON
        elif held is None:
            yield row.seq, Mismatch("moved") if token in elsewhere else _MISSING
        else:
            yield from _differences(context, row, held["attributes"] or {})


def _read_members(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    identifier = context.spec.identifier
    pages = context.client.app.get_segment_membership.pages(**(context.segment or {})["path"])
    values = [member.get(identifier) or "" for page in pages for member in page.records or ()]
    held = {comparable(identifier, value) for value in values}
    for row in rows:
        if (row.entity in held) == (row.action == "remove"):
            yield row.seq, _STILL_THERE if row.entity in held else _MISSING


def _read_objects(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    for row in rows:
        try:
            answer = context.client.app.get_object_attributes(
                object_type_id=str(context.spec.object_type_id), object_id=row.entity
            )
        except NotFound:
            if row.action != "remove":
                yield row.seq, _MISSING
            continue
        if row.action == "remove":
            yield row.seq, _STILL_THERE
        else:
            yield from _differences(context, row, answer.field("object")["attributes"])


def _read_relationships(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    by_person = _reads_by_person(context, rows)
    read = partial(_objects_of if by_person else _people_of, context)
    known: dict[str, Mapping[str, Mapping[str, Any]] | None] = {}
    for row in rows:
        object_id = object_of(row)
        side, other = (row.entity, object_id) if by_person else (object_id, row.entity)
        if side not in known:
            known[side] = read(side)
        related = known[side]
        held = (related or {}).get(other)
        if (held is not None) == (row.action == "remove"):
            absent = _NO_PERSON if by_person and related is None else _MISSING
            yield row.seq, absent if held is None else _STILL_THERE
        elif held is not None and by_person:
            yield from _differences(context, row, held)


def object_of(row: AcceptedRow) -> str:
    """The id of the object of a relationship."""
    return str(row.payload["cio_relationships"][0]["identifiers"]["object_id"])


def _reads_by_person(context: PushContext, rows: Sequence[AcceptedRow]) -> bool:
    """True if relationships are read person by person: only so they have attributes, and only by id."""
    if context.spec.identifier != "id":
        return False
    has_attributes = any(attributes_of(row.payload, context.spec.kind.attributes) for row in rows)
    return has_attributes or len({row.entity for row in rows}) < len({object_of(row) for row in rows})


def _objects_of(context: PushContext, person: str) -> dict[str, Mapping[str, Any]] | None:
    """The attributes of a person's relationships by object; None if there is no such person."""
    wanted = str(context.spec.object_type_id)
    try:
        return {
            str(each["identifiers"]["object_id"]): each["attributes"] or {}
            for each in context.client.app.get_person_relationships.all(customer_id=person)
            if str(each["object_type_id"]) == wanted
        }
    except NotFound:
        return None


def _people_of(context: PushContext, object_id: str) -> dict[str, Mapping[str, Any]]:
    """The people who are related to an object, whose relationships have no attributes on this side."""
    related = _related(context.client, str(context.spec.object_type_id), object_id, context.spec.identifier)
    return {person: {} for person in related}


def _related(client: Client, object_type_id: str, object_id: str, identifier: str) -> set[str]:
    """The identifiers of the people who are related to an object; empty if there is no such object."""
    people = client.app.get_object_relationships.all(object_type_id=object_type_id, object_id=object_id)
    try:
        values = {(person["identifiers"] or {}).get(identifier) or "" for person in people}
    except NotFound:
        return set()
    return {comparable(identifier, value) for value in values}


def _read_events(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    identifier = context.spec.identifier
    for row in rows:
        customer_id = f"cio_{row.entity}" if identifier == "cio_id" else row.entity
        pages = context.client.app.list_activities.pages(
            type="event", name=row.payload["name"], customer_id=customer_id, id_type=identifier
        )
        if not _has(pages, row.payload["timestamp"]):
            yield row.seq, _MISSING


def _has(pages: Iterable[Page], timestamp: int) -> bool:
    """True if one of these activities, newest first, is of that second."""
    for page in pages:
        times = [each["timestamp"] for each in page.records or ()]
        if timestamp in times:
            return True
        if times and times[-1] < timestamp:
            return False
    return False


def readable_rows(context: PushContext) -> Readable:
    """The rows that can be read back at this moment."""
    now = context.client.now()
    return Readable(context.spec.kind.reads_removals, now - _FEED_S, now)


def readings(
    context: PushContext, rows: Sequence[AcceptedRow], pause: Callable[[float], None]
) -> Iterator[dict[int, str]]:
    """The rows that did not arrive, with the reason, each time that all are read back; a pause lies between.

    What was accepted may show only seconds later; the caller ends the readings when it has seen enough.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            pause(context.spec.confirm.wait_s / (_ATTEMPTS - 1))
        with reading_answers("a call that reads rows back"):
            found = dict(READERS[context.spec.kind.reader](context, rows))
        yield {seq: mismatch.reason for seq, mismatch in found.items()}


READERS: Mapping[str, Reader] = {
    "profiles": _read_profiles,
    "events": _read_events,
    "devices": _read_devices,
    "objects": _read_objects,
    "relationships": _read_relationships,
    "members": _read_members,
    "suppressions": _read_suppressions,
}
"""The readers by the name that a kind's row has."""
