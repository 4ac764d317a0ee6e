"""Reads back rows that were sent: one reader for each kind.

A reader reads some rows from the App API, and yields those that are missing or other than sent, with the
reason. All runs share the App API's 10 requests a second, so where each row costs a request, only some are
read: the kind's `sample_limit`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pipelines.push.context import PushContext
from pipelines.push.journal.log import AcceptedRow, Readable
from pipelines.push.spec.item import attributes_of, comparable
from pipelines.times import DAY
from sources.customerio.client import Client, NotFound, Page

PROFILES_A_REQUEST = 100
_FEED_S = 29 * DAY
"""Age up to which events are certain to be among the activities, which Customer.io keeps for 30 days."""
_ATTEMPTS = 4
"""Times that rows are read, until they show."""

Mismatches = Iterator[tuple[int, str]]
"""The number in the log and the reason of each row that did not arrive."""
Reader = Callable[[PushContext, Sequence[AcceptedRow]], Mismatches]
_MISSING, _STILL_THERE = "it is not there", "it is still there"


def same(sent: Any, held: Any) -> bool:
    """Compares a value with the one that was sent: profiles hold text [spec25], objects keep types."""
    if sent in ("", None):
        return held in ("", None)
    if isinstance(sent, bool):
        return str(held).lower() == str(sent).lower()
    if isinstance(sent, int | float):
        try:
            return float(held) == float(sent)
        except (TypeError, ValueError):
            return False
    if isinstance(sent, list | dict):
        try:
            return bool((json.loads(held) if isinstance(held, str) else held) == sent)
        except ValueError:
            return False
    return bool(held == sent)


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
    if names := _different(sent, held):
        yield row.seq, f"other than sent: {', '.join(names)}"


def _different(sent: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    # A topic's dot path lands inside of another attribute, and an address may come back in another case.
    return [
        name
        for name, value in sent.items()
        if "." not in name
        and not same(value, held.get(name))
        and not (name == "email" and str(held.get(name)).lower() == str(value).lower())
    ]


def _profiles(context: PushContext, rows: Sequence[AcceptedRow]) -> dict[str, Any]:
    """The profiles of the people of these rows, by identifier."""
    identifier = context.spec.identifier
    entities = iter(dict.fromkeys(row.entity for row in rows))
    found = {}
    while ids := list(islice(entities, PROFILES_A_REQUEST)):
        answer = context.client.call("getPeopleById", query={"id_type": identifier}, body={"ids": ids})
        for item in answer.field("customers") or []:
            profile = item.get("customer", item)
            value = profile["identifiers"].get(identifier) or ""
            found[comparable(identifier, value)] = profile
    return found


def _read_suppressions(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    profiles = _profiles(context, rows)
    for row in rows:
        if row.action != "remove" and row.entity in profiles:
            yield row.seq, _STILL_THERE


def _read_devices(context: PushContext, rows: Sequence[AcceptedRow]) -> Mismatches:
    profiles = _profiles(context, rows)
    for row in rows:
        profile = profiles.get(row.entity) or {}
        devices = {device["id"]: device for device in profile.get("devices") or ()}
        held = devices.get(row.payload["device"]["token"])
        if held is None or row.action == "remove":
            if (held is None) != (row.action == "remove"):
                yield row.seq, _MISSING if held is None else _STILL_THERE
        else:
            yield from _differences(context, row, held["attributes"])


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
    object_type_id, identifier = str(context.spec.object_type_id), context.spec.identifier
    related: dict[str, set[str]] = {}
    for row in rows:
        object_id = row.payload["cio_relationships"][0]["identifiers"]["object_id"]
        if object_id not in related:
            related[object_id] = _related(context.client, object_type_id, object_id, identifier)
        held = row.entity in related[object_id]
        if held == (row.action == "remove"):
            yield row.seq, _STILL_THERE if held else _MISSING
        elif held and identifier == "id":
            yield from _relationship_differences(context, row, object_id)


def _relationship_differences(context: PushContext, row: AcceptedRow, object_id: str) -> Mismatches:
    """Compares the attributes of a relationship; only the person's side returns them, and only by id."""
    sent = attributes_of(row.payload, context.spec.kind.attributes)
    wanted = (str(context.spec.object_type_id), object_id)
    for each in context.client.app.get_person_relationships.all(customer_id=row.entity) if sent else ():
        if (str(each["object_type_id"]), each["identifiers"]["object_id"]) == wanted:
            yield from _differences(context, row, each["attributes"])
            return
    if sent:
        yield row.seq, f"other than sent: {', '.join(sorted(sent))}"


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
        yield dict(READERS[context.spec.kind.reader](context, rows))


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
