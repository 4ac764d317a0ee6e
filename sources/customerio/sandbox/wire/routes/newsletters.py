"""Newsletters, which Customer.io's user interface calls one-time sends."""

from typing import Any

from sources.customerio.sandbox.state.rules import newsletters
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("listNewsletters")
def list_newsletters(context: RequestContext) -> dict[str, Any]:
    """Lists newsletters by id, in pages; `sort` is asc (default) or desc.

    `next` is a position, and stands on the last page too: one empty page follows [live-estuary].
    """
    rows = sorted(context.workspace.tables["newsletters"], key=lambda row: int(row["id"]))
    if context.query.get("sort") == "desc":
        rows.reverse()
    limit, ends_full = pages.page_size(context.operation, context.query), context.knobs.next_after_full_only
    page, token = pages.position_page(rows, context.query, limit, ends_full=ends_full)
    return {"newsletters": page, "next": token}


@answers("getNewsletters")
def get_newsletter(context: RequestContext) -> dict[str, Any]:
    """Returns one newsletter."""
    return {"newsletter": context.workspace.tables["newsletters"].get(context.id("newsletter_id"))}


@answers("createNewsletter")
def create(context: RequestContext) -> dict[str, Any]:
    """Creates a newsletter; it is sent, scheduled, or stays a draft [spec26]."""
    required, size = context.knobs.topic_required, len(context.raw_body)
    row = newsletters.create(context.workspace, context.json(), size, topic_required=required)
    return {"newsletter": row}


@answers("sendNewsletter")
def send(context: RequestContext) -> dict[str, Any]:
    """Sends a draft now (the form of the answer is unverified)."""
    if context.raw_body:
        context.json()
    return {"newsletter": newsletters.send(context.workspace, context.id("newsletter_id"), context.now)}


@answers("scheduleNewsletter")
def schedule(context: RequestContext) -> dict[str, Any]:
    """Sends a draft at `scheduled_at` (the form of the answer is unverified)."""
    newsletter_id = context.id("newsletter_id")
    at = newsletters.instant(context.workspace, context.json().get("scheduled_at"))
    return {"newsletter": newsletters.send(context.workspace, newsletter_id, at)}


@answers("deletetNewsletters")
def delete_newsletter(context: RequestContext) -> ApiResponse:
    """Deletes a newsletter with its contents; its deliveries stay."""
    context.workspace.delete_record("newsletters", context.id("newsletter_id"), context.now)
    return ApiResponse(status=204)
