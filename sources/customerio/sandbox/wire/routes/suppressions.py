"""Email addresses that the email service provider (ESP) suppresses."""

from typing import Any

from sources.customerio.sandbox.state.rules import senders, suppressions
from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.suppressions import CATEGORIES
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.plain_errors import plain_errors
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("getSuppressionByType")
@plain_errors(BadRequest)
def of_type(context: RequestContext) -> dict[str, Any]:
    """Lists the suppressed addresses of one kind, from `offset` on; an empty page is null."""
    kind, domain = context.path["suppression_type"], context.query.get("domain")
    rows = suppressions.list_addresses(context.workspace, kind, domain.lower() if domain else None)
    if email := context.query.get("email"):
        rows = [row for row in rows if row["email"] == email.lower()]
    first = max(0, pages.integer(context.query, "offset") or 0)
    return _answer(context, kind, rows[first : first + pages.page_size(context.operation, context.query)])


@answers("getDomainSuppressionsByType")
@plain_errors(BadRequest)
def of_domain(context: RequestContext) -> dict[str, Any]:
    """Lists the suppressed addresses of one kind and one sender's domain, in pages [spec26].

    `email` finds one address at most, on one page. Only an unknown domain is a 404 [live-estuary].
    """
    kind, domain = context.path["suppression_type"], context.path["domain_name"].lower()
    rows = suppressions.list_addresses(context.workspace, kind, domain)
    if domain not in senders.domains(context.workspace):
        msg = "not found"
        raise NotFound(msg)
    if email := context.query.get("email"):
        return _answer(context, kind, [row for row in rows if row["email"] == email.lower()][:1])
    page, token = pages.offset_page(rows, context.query, pages.page_size(context.operation, context.query))
    return {**_answer(context, kind, list(page)), **({"next": token} if token else {})}


@answers("getSuppression")
def of_address(context: RequestContext) -> dict[str, Any]:
    """Returns the suppression of one address; null if it is not suppressed."""
    email = context.path["email_address"].lower()
    for kind in CATEGORIES:
        if rows := [
            row for row in suppressions.list_addresses(context.workspace, kind) if row["email"] == email
        ]:
            return _answer(context, kind, rows)
    return _answer(context, "", [])


@answers("postSuppression")
def suppress(context: RequestContext) -> dict[str, Any]:
    """Suppresses an address at the provider; the person does not change."""
    suppressions.suppress(context.workspace, context.path["suppression_type"], context.path["email_address"])
    return {}


@answers("deleteSuppression")
def unsuppress(context: RequestContext) -> ApiResponse:
    """Removes the suppression of an address; no error if there is none."""
    suppressions.remove(context.workspace, context.path["suppression_type"], context.path["email_address"])
    return ApiResponse(status=204)


def _answer(context: RequestContext, kind: str, rows: list[Record]) -> dict[str, Any]:
    if not rows:
        return {"suppressions": None}
    show = context.workspace.tables[suppressions.TABLE].show
    return {"category": CATEGORIES[kind], "suppressions": [show(row) for row in rows]}
