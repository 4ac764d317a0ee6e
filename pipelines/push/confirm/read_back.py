"""What Customer.io has of the rows that were sent: one reader for each kind of sync.

A reader looks at some rows and says of which ones nothing, or something else, is there. Reads share the App
API's 10 requests a second with everybody else, so where each row costs a request, only some are looked at.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipelines.push.spec.spec import Kind, PushSpec
from sources.customerio.client import Client, NotFound, Page

PROFILES_A_REQUEST = 100
ONE_BY_ONE = 50
"""Rows that are looked at where each costs a request."""


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """A row that was accepted: `payload` as it was sent, `entity` whom or what it is about."""

    seq: int
    key: str
    action: str
    entity: str
    payload: Any


Missing = Iterator[tuple[int, str]]
Reader = Callable[[Client, PushSpec, dict[str, Any] | None, Sequence[Sampled]], Missing]
_GONE, _THERE = "it is not there", "it is still there"


def attributes_of(payload: Any, path: str) -> dict[str, Any]:
    """The attributes of a payload, of which `path` says where they are."""
    found = payload
    for part in path.removeprefix("$").replace("[0]", ".0").split("."):
        if part:
            found = found[int(part)] if part.isdigit() else (found or {}).get(part)
    return (
        {name: value for name, value in (found or {}).items() if name != "_update"}
        if isinstance(found, dict)
        else {}
    )


def folded(kind: str, value: str) -> str:
    """An identifier as it is compared: addresses are one whatever their case [track26]."""
    return value.lower() if kind == "email" else value


def same(sent: Any, held: Any) -> bool:
    """Whether a value is what was sent: profiles hold text [spec25], objects keep types."""
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


def _people(client: Client, declaration: PushSpec, _: Any, rows: Sequence[Sampled]) -> Missing:
    profiles = _profiles(client, declaration, rows)
    for row in rows:
        profile = profiles.get(row.entity)
        if row.action == "remove":
            if profile is not None:
                yield row.seq, _THERE
        elif profile is None:
            yield row.seq, _GONE
        elif other := _different(attributes_of(row.payload, "$.attributes"), profile["attributes"]):
            yield row.seq, f"other than sent: {', '.join(other)}"


def _different(sent: dict[str, Any], held: dict[str, Any]) -> list[str]:
    # A topic's dot path lands inside of another attribute, and an address may come back in another case.
    return [
        name
        for name, value in sent.items()
        if "." not in name
        and not same(value, held.get(name))
        and not (name == "email" and str(held.get(name)).lower() == str(value).lower())
    ]


def _profiles(client: Client, declaration: PushSpec, rows: Sequence[Sampled]) -> dict[str, Any]:
    kind = declaration.person.kind if declaration.person else "id"
    entities = iter(dict.fromkeys(row.entity for row in rows))
    found = {}
    while ids := list(islice(entities, PROFILES_A_REQUEST)):
        answer = client.call("getPeopleById", query={"id_type": kind}, body={"ids": ids})
        for item in answer.json()["customers"] or []:
            profile = item.get("customer", item)
            value = profile["identifiers"].get(kind) or ""
            found[folded(kind, value)] = profile
    return found


def _suppressed(client: Client, declaration: PushSpec, _: Any, rows: Sequence[Sampled]) -> Missing:
    profiles = _profiles(client, declaration, rows)
    for row in rows:
        if row.action != "remove" and row.entity in profiles:
            yield row.seq, _THERE


def _devices(client: Client, declaration: PushSpec, _: Any, rows: Sequence[Sampled]) -> Missing:
    profiles = _profiles(client, declaration, rows)
    for row in rows:
        profile = profiles.get(row.entity) or {}
        devices = {device["id"]: device for device in profile.get("devices") or ()}
        held = devices.get(row.payload["device"]["token"])
        if held is None or row.action == "remove":
            if (held is None) != (row.action == "remove"):
                yield row.seq, _GONE if held is None else _THERE
        elif other := _different(attributes_of(row.payload, "$.device.attributes"), held["attributes"]):
            yield row.seq, f"other than sent: {', '.join(other)}"


def _members(
    client: Client, declaration: PushSpec, segment: dict[str, Any] | None, rows: Sequence[Sampled]
) -> Missing:
    kind = declaration.person.kind if declaration.person else "id"
    number = (segment or {})["path"]["segment_id"]
    pages = client.app.get_segment_membership.pages(segment_id=number)
    values = [member.get(kind) or "" for page in pages for member in page.records or ()]
    held = {folded(kind, value) for value in values}
    for row in rows:
        if (row.entity in held) == (row.action == "remove"):
            yield row.seq, _THERE if row.entity in held else _GONE


def _objects(client: Client, declaration: PushSpec, _: Any, rows: Sequence[Sampled]) -> Missing:
    for row in rows:
        try:
            answer = client.app.get_object_attributes(
                object_type_id=str(declaration.object_type_id), object_id=row.entity
            )
        except NotFound:
            if row.action != "remove":
                yield row.seq, _GONE
            continue
        held = answer.json()["object"]["attributes"]
        if row.action == "remove":
            yield row.seq, _THERE
        elif other := _different(attributes_of(row.payload, "$.attributes"), held):
            yield row.seq, f"other than sent: {', '.join(other)}"


def _relationships(client: Client, declaration: PushSpec, _: Any, rows: Sequence[Sampled]) -> Missing:
    kind = declaration.person.kind if declaration.person else "id"
    related: dict[str, set[str]] = {}
    for row in rows:
        object_id = row.payload["cio_relationships"][0]["identifiers"]["object_id"]
        if object_id not in related:
            related[object_id] = _related(client, str(declaration.object_type_id), object_id, kind)
        held = row.entity in related[object_id]
        if held == (row.action == "remove"):
            yield row.seq, _THERE if held else _GONE
        elif held and kind == "id" and (other := _different_there(client, declaration, row, object_id)):
            yield row.seq, f"other than sent: {', '.join(other)}"


def _different_there(client: Client, declaration: PushSpec, row: Sampled, object_id: str) -> list[str]:
    """The attributes of a relationship that are not as they were sent; only a person's side shows them."""
    sent = attributes_of(row.payload, "$.cio_relationships[0].relationship_attributes")
    for each in client.app.get_person_relationships.all(customer_id=row.entity) if sent else ():
        kind = str(each["object_type_id"])
        if (kind, each["identifiers"]["object_id"]) == (str(declaration.object_type_id), object_id):
            return _different(sent, each["attributes"])
    return sorted(sent)


def _related(client: Client, object_type_id: str, object_id: str, kind: str) -> set[str]:
    """Whom an object is related to, by that identifier; nobody, if there is no such object."""
    people = client.app.get_object_relationships.all(object_type_id=object_type_id, object_id=object_id)
    try:
        values = {(person["identifiers"] or {}).get(kind) or "" for person in people}
    except NotFound:
        return set()
    return {folded(kind, value) for value in values}


def _events(client: Client, declaration: PushSpec, _: Any, rows: Sequence[Sampled]) -> Missing:
    kind = declaration.person.kind if declaration.person else "id"
    for row in rows:
        who = f"cio_{row.entity}" if kind == "cio_id" else row.entity
        pages = client.app.list_activities.pages(
            type="event", name=row.payload["name"], customer_id=who, id_type=kind
        )
        if not _has(pages, row.payload["timestamp"]):
            yield row.seq, _GONE


def _has(pages: Iterable[Page], timestamp: int) -> bool:
    """Whether one of these activities, newest first, is of that second."""
    for page in pages:
        times = [each["timestamp"] for each in page.records or ()]
        if timestamp in times:
            return True
        if times and times[-1] < timestamp:
            return False
    return False


READERS: dict[Kind, Reader] = {
    "person": _people,
    "event": _events,
    "device": _devices,
    "object": _objects,
    "relationship": _relationships,
    "segment": _members,
    "suppression": _suppressed,
}
LOOKED_AT: dict[Kind, int] = {"event": ONE_BY_ONE, "object": ONE_BY_ONE, "relationship": ONE_BY_ONE}
"""The most rows that are looked at, of kinds where each costs a request."""
