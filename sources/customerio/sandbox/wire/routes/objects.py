"""Objects, their types and who is related to them."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.filters import compile_object_filter, text
from sources.customerio.sandbox.state.store.objects import Object
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

Row = TypeVar("Row")


def list_types(ask: RequestContext) -> dict[str, Any]:
    """Every type; ids are whole numbers as text [spec25]."""
    return {"types": list(ask.workspace.objects.types.values())}


def search(ask: RequestContext) -> dict[str, Any]:
    """Objects of one type by filter; a row may come again on the next page [spec25]."""
    given = ask.json()
    if given.get("object_type_id") in (None, ""):
        msg = "object_type_id is required"
        raise BadRequest(msg)
    test = compile_object_filter(given.get("filter"))
    found = filter(test, ask.workspace.objects.of_type(text(given["object_type_id"])))
    page, token = _page(ask, list(found))
    return {
        "identifiers": [item.identifiers for item in page],
        "ids": [item.id for item in page],
        "next": token,
    }


def attributes(ask: RequestContext) -> dict[str, Any]:
    """One object; values keep their types."""
    return {"object": _object(ask).record()}


def related_people(ask: RequestContext) -> dict[str, Any]:
    """Who is related to an object; without the relationships' attributes, which the people's side has."""
    found, people = _object(ask), ask.workspace.people
    disabled = not ask.workspace.objects.type(found.type_id)["enabled"]
    rows = [
        {
            "identifiers": people.identifiers(number),
            "object_type_id": found.type_id,
            "object_type_disabled": disabled,
        }
        for number in found.related
    ]
    page, token = _page(ask, rows)
    return {"cio_relationships": page, "next": token}


def of_person(ask: RequestContext) -> dict[str, Any]:
    """What somebody is related to; here the type is a number [spec25]."""
    number = ask.person().number
    rows = [
        {
            "object_type_id": int(found.type_id),
            "identifiers": found.identifiers,
            "attributes": found.related[number].attributes,
            "timestamps": found.related[number].timestamps,
        }
        for found in ask.workspace.objects.of_person(number)
    ]
    page, token = _page(ask, rows)
    return {"cio_relationships": page, "next": token}


def _object(ask: RequestContext) -> Object:
    """The object that the path names, by `id_type`."""
    if ask.query.get("id_type") == "cio_object_id":
        named = {"cio_object_id": ask.path["object_id"]}
    else:
        named = {name: ask.path[name] for name in ("object_type_id", "object_id")}
    found = ask.workspace.objects.find(named)
    if found is None:
        msg = "object not found"
        raise NotFound(msg)
    return found


def _page(ask: RequestContext, rows: Sequence[Row]) -> tuple[Sequence[Row], str]:
    """A page of rows and the token behind it; later pages begin with the last row of the one before."""
    limit = pages.integer(ask.query, "limit") or ask.knobs.objects_page
    at = pages.place(ask.query)
    first = at[1] if at else 0
    if first and limit > 1 and ask.knobs.duplicates_across_pages:
        first -= 1
    behind = first + limit
    return rows[first:behind], pages.token(0, behind) if behind < len(rows) else ""


HANDLERS: dict[str, Handler] = {
    "getObjectTypes": list_types,
    "getObjectsFilter": search,
    "getObjectAttributes": attributes,
    "getObjectRelationships": related_people,
    "getPersonRelationships": of_person,
}
