"""Snippets; the name is the key, so they cannot be renamed."""

from typing import Any

from sources.customerio.sandbox.state.rules import snippets
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("listSnippets")
def list_snippets(context: RequestContext) -> dict[str, Any]:
    """Lists all snippets on one page."""
    return {"snippets": list(context.workspace.tables["snippets"].shown())}


@answers("createSnippet")
def create(context: RequestContext) -> dict[str, Any]:
    """Creates a snippet [spec26]; an existing name is an error (unverified)."""
    name, value = _given(context)
    if snippets.find(context.workspace, name) is not None:
        msg = f"a snippet named {name!r} exists already"
        raise BadRequest(msg)
    return {"snippet": snippets.put(context.workspace, name, value)}


@answers("updateSnippets")
def update(context: RequestContext) -> dict[str, Any]:
    """Sets the value of a snippet, and creates it if there is none of that name."""
    return {"snippet": snippets.put(context.workspace, *_given(context))}


@answers("deleteSnippet")
def delete(context: RequestContext) -> ApiResponse:
    """Deletes a snippet; one that a message uses is refused."""
    snippets.remove(context.workspace, context.path["snippet_name"])
    return ApiResponse(status=204)


def _given(context: RequestContext) -> tuple[str, str]:
    body = context.json()
    name, value = body.get("name"), body.get("value")
    if not isinstance(name, str) or not name or not isinstance(value, str):
        msg = "a snippet needs a name and a value, both text"
        raise BadRequest(msg)
    return name, value
