"""Segments, their members and what uses them."""

from typing import Any

from sources.customerio.sandbox.state.rules import views
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_segments(ask: RequestContext) -> dict[str, Any]:
    """The whole list."""
    return {"segments": list(ask.workspace.tables["segments"])}


def get_segment(ask: RequestContext) -> dict[str, Any]:
    """One segment."""
    return {"segment": ask.workspace.tables["segments"].get(ask.id("segment_id"))}


def membership(ask: RequestContext) -> dict[str, Any]:
    """Members in the order of their place; an empty segment has null lists [live-airbyte]."""
    segment_id = ask.id("segment_id")
    after, limit = pages.number_before(ask.query), pages.size(ask.operation, ask.query)
    found = ask.workspace.segments.after(segment_id, after, limit + 1)
    rows = views.members(ask.workspace, segment_id, after=after, limit=limit)
    more = len(found) > limit
    return {
        "segment_id": segment_id,
        "ids": [row["id"] or "" for row in rows] or None,
        "identifiers": rows or None,
        "next": pages.token_behind(found[limit - 1]) if more else "",
    }


def count(ask: RequestContext) -> dict[str, Any]:
    """How many members there are."""
    segment_id = ask.id("segment_id")
    return {"count": ask.workspace.segments.count(segment_id), "segment_id": segment_id}


def used_by(ask: RequestContext) -> dict[str, Any]:
    """The campaigns and newsletters that use a segment."""
    return {"used_by": views.segment_usage(ask.workspace, ask.id("segment_id"))}


def create(ask: RequestContext) -> dict[str, Any]:
    """A new manual segment without members."""
    given = ask.json().get("segment")
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"]:
        msg = "segment needs a name"
        raise BadRequest(msg)
    fields = {"name": given["name"], "description": str(given.get("description") or ""), "conditions": None}
    segment_id = ask.workspace.add_record("segments", fields, ask.now)
    return {"segment": ask.workspace.tables["segments"].get(segment_id)}


def delete(ask: RequestContext) -> Answer:
    """Deletes a manual segment; dynamic ones can only be deleted on the screens."""
    segment_id = ask.id("segment_id")
    if ask.workspace.tables["segments"].get(segment_id)["type"] != "manual":
        msg = "only manual segments can be deleted"
        raise BadRequest(msg)
    ask.workspace.delete_record("segments", segment_id, ask.now)
    return Answer(status=204)


HANDLERS: dict[str, Handler] = {
    "listSegments": list_segments,
    "getSegment": get_segment,
    "getSegmentMembership": membership,
    "getSegmentCount": count,
    "getSegmentDependencies": used_by,
    "createManSegment": create,
    "deleteManSegment": delete,
}
