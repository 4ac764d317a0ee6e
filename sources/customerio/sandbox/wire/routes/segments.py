"""Segments, their members, and the campaigns and newsletters that use them."""

from typing import Any

from sources.customerio.sandbox.state.rules import views
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("listSegments")
def list_segments(context: RequestContext) -> dict[str, Any]:
    """Lists all segments on one page."""
    return {"segments": list(context.workspace.tables["segments"])}


@answers("getSegment")
def get_segment(context: RequestContext) -> dict[str, Any]:
    """Returns one segment."""
    return {"segment": context.workspace.tables["segments"].get(context.id("segment_id"))}


@answers("getSegmentMembership")
def membership(context: RequestContext) -> dict[str, Any]:
    """Lists the members by person number; an empty segment has null lists [live-airbyte]."""
    segment_id = context.id("segment_id")
    after, limit = pages.person_before(context.query), pages.page_size(context.operation, context.query)
    found = context.workspace.segments.after(segment_id, after, limit + 1)
    rows = views.members(context.workspace, segment_id, after=after, limit=limit)
    more = len(found) > limit
    return {
        "segment_id": segment_id,
        "ids": [row["id"] or "" for row in rows] or None,
        "identifiers": rows or None,
        "next": pages.token_after_person(found[limit - 1]) if more else "",
    }


@answers("getSegmentCount")
def count(context: RequestContext) -> dict[str, Any]:
    """Returns the number of members."""
    segment_id = context.id("segment_id")
    return {"count": context.workspace.segments.count(segment_id), "segment_id": segment_id}


@answers("getSegmentDependencies")
def segment_usage(context: RequestContext) -> dict[str, Any]:
    """Lists the campaigns and newsletters that use a segment."""
    return {"used_by": views.segment_usage(context.workspace, context.id("segment_id"))}


@answers("createManSegment")
def create(context: RequestContext) -> dict[str, Any]:
    """Creates a manual segment without members."""
    given = context.json().get("segment")
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"]:
        msg = "segment needs a name"
        raise BadRequest(msg)
    fields = {"name": given["name"], "description": str(given.get("description") or ""), "conditions": None}
    segment_id = context.workspace.add_record("segments", fields, context.now)
    return {"segment": context.workspace.tables["segments"].get(segment_id)}


@answers("deleteManSegment")
def delete(context: RequestContext) -> ApiResponse:
    """Deletes a manual segment; data-driven ones can only be deleted in the user interface."""
    segment_id = context.id("segment_id")
    if context.workspace.tables["segments"].get(segment_id)["type"] != "manual":
        msg = "only manual segments can be deleted"
        raise BadRequest(msg)
    context.workspace.delete_record("segments", segment_id, context.now)
    return ApiResponse(status=204)


@answers("getPersonSegments")
def of_person(context: RequestContext) -> dict[str, Any]:
    """Lists the segments that a person is a member of."""
    found = context.workspace.segments.of_person(context.person().number)
    return {"segments": [{name: row[name] for name in ("id", "name", "description")} for row in found]}
