"""Objects, their types, and relationships between objects and people."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.filters import compile_object_filter, text
from sources.customerio.sandbox.state.store.objects import Object
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

Row = TypeVar("Row")


@answers("getObjectTypes")
def list_types(context: RequestContext) -> dict[str, Any]:
    """Lists all object types; ids are whole numbers as text [spec25]."""
    return {"types": list(context.workspace.objects.types.values())}


@answers("getObjectsFilter")
def search(context: RequestContext) -> dict[str, Any]:
    """Searches objects of one type; a row may be repeated on the next page [spec25]."""
    body = context.json()
    if body.get("object_type_id") in (None, ""):
        msg = "object_type_id is required"
        raise BadRequest(msg)
    test = compile_object_filter(body.get("filter"))
    found = filter(test, context.workspace.objects.of_type(text(body["object_type_id"])))
    page, token = _page(context, list(found))
    return {
        "identifiers": [item.identifiers for item in page],
        "ids": [item.id for item in page],
        "next": token,
    }


@answers("getObjectAttributes")
def attributes(context: RequestContext) -> dict[str, Any]:
    """Returns one object; attribute values keep their JSON types."""
    return {"object": _object(context).record()}


@answers("getObjectRelationships")
def related_people(context: RequestContext) -> dict[str, Any]:
    """Lists the people related to an object, without the relationship attributes that `of_person` has."""
    found, people = _object(context), context.workspace.people
    disabled = not context.workspace.objects.type(found.type_id)["enabled"]
    rows = [
        {
            "identifiers": people.identifiers(number),
            "object_type_id": found.type_id,
            "object_type_disabled": disabled,
        }
        for number in found.related
    ]
    page, token = _page(context, rows)
    return {"cio_relationships": page, "next": token}


@answers("getPersonRelationships")
def of_person(context: RequestContext) -> dict[str, Any]:
    """Lists the objects that a person is related to; `object_type_id` is a number here [spec25]."""
    number = context.person().number
    rows = [
        {
            "object_type_id": int(found.type_id),
            "identifiers": found.identifiers,
            "attributes": found.related[number].attributes,
            "timestamps": found.related[number].timestamps,
        }
        for found in context.workspace.objects.of_person(number)
    ]
    page, token = _page(context, rows)
    return {"cio_relationships": page, "next": token}


def _object(context: RequestContext) -> Object:
    """The object that the path names, by `id_type`."""
    if context.query.get("id_type") == "cio_object_id":
        identifiers = {"cio_object_id": context.path["object_id"]}
    else:
        identifiers = {name: context.path[name] for name in ("object_type_id", "object_id")}
    found = context.workspace.objects.find(identifiers)
    if found is None:
        msg = "object not found"
        raise NotFound(msg)
    return found


def _page(context: RequestContext, rows: Sequence[Row]) -> tuple[Sequence[Row], str]:
    """A page of rows and the next token; later pages repeat the last row of the page before."""
    limit = pages.integer(context.query, "limit") or context.knobs.objects_page
    overlap = int(context.knobs.duplicates_across_pages and limit > 1)
    return pages.offset_page(rows, context.query, limit, overlap=overlap)
