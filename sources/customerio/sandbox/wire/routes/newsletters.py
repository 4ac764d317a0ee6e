"""Newsletters, which the screens call one-time sends."""

from typing import Any

from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_newsletters(ask: RequestContext) -> dict[str, Any]:
    """Newsletters by id, `sort` asc (default) or desc, page by page."""
    rows = sorted(ask.workspace.tables["newsletters"], key=lambda row: int(row["id"]))
    if ask.query.get("sort") == "desc":
        rows.reverse()
    at, limit = pages.place(ask.query), pages.size(ask.operation, ask.query)
    first = at[1] if at else 0
    behind = first + limit
    return {"newsletters": rows[first:behind], "next": pages.token(0, behind) if behind < len(rows) else ""}


def get_newsletter(ask: RequestContext) -> dict[str, Any]:
    """One newsletter."""
    return {"newsletter": ask.workspace.tables["newsletters"].get(ask.id("newsletter_id"))}


def delete_newsletter(ask: RequestContext) -> Answer:
    """Deletes a newsletter with its contents; what it has sent stays among the deliveries."""
    ask.workspace.delete_record("newsletters", ask.id("newsletter_id"), ask.now)
    return Answer(status=204)


HANDLERS: dict[str, Handler] = {
    "listNewsletters": list_newsletters,
    "getNewsletters": get_newsletter,
    "deletetNewsletters": delete_newsletter,
}
