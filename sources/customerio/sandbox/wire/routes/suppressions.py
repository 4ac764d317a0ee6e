"""Addresses that the email provider suppresses."""

from typing import Any

from sources.customerio.sandbox.state.rules import suppressions
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.suppressions import CATEGORIES
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def of_type(ask: RequestContext) -> dict[str, Any]:
    """Addresses of one kind by address, from `offset` on; none is null, without a category."""
    kind, domain = ask.path["suppression_type"], ask.query.get("domain")
    rows = suppressions.list_addresses(ask.workspace, kind, domain.lower() if domain else None)
    first = max(0, pages.integer(ask.query, "offset") or 0)
    return _answer(ask, kind, rows[first : first + pages.size(ask.operation, ask.query)])


def of_address(ask: RequestContext) -> dict[str, Any]:
    """Why one address is suppressed; one that is not is no error."""
    email = ask.path["email_address"].lower()
    for kind in CATEGORIES:
        if rows := [row for row in suppressions.list_addresses(ask.workspace, kind) if row["email"] == email]:
            return _answer(ask, kind, rows)
    return _answer(ask, "", [])


def suppress(ask: RequestContext) -> dict[str, Any]:
    """Suppresses an address at the provider; the person stays as they are."""
    suppressions.suppress(ask.workspace, ask.path["suppression_type"], ask.path["email_address"])
    return {}


def free(ask: RequestContext) -> Answer:
    """Takes an address off the provider's list, whether it was on it or not."""
    suppressions.remove(ask.workspace, ask.path["suppression_type"], ask.path["email_address"])
    return Answer(status=204)


def _answer(ask: RequestContext, kind: str, rows: list[Record]) -> dict[str, Any]:
    if not rows:
        return {"suppressions": None}
    show = ask.workspace.tables[suppressions.TABLE].show
    return {"category": CATEGORIES[kind], "suppressions": [show(row) for row in rows]}


HANDLERS: dict[str, Handler] = {
    "getSuppressionByType": of_type,
    "getSuppression": of_address,
    "postSuppression": suppress,
    "deleteSuppression": free,
}
