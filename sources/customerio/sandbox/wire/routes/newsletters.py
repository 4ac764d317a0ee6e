"""Newsletters, which Customer.io's user interface calls one-time sends."""

from typing import Any

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


@answers("deletetNewsletters")
def delete_newsletter(context: RequestContext) -> ApiResponse:
    """Deletes a newsletter with its contents; its deliveries stay."""
    context.workspace.delete_record("newsletters", context.id("newsletter_id"), context.now)
    return ApiResponse(status=204)
