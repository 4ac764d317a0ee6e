"""Snippets by name; they cannot be renamed."""

from typing import Any

from sources.customerio.sandbox.state.rules import snippets
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_snippets(ask: RequestContext) -> dict[str, Any]:
    """The whole list."""
    return {"snippets": list(ask.workspace.tables["snippets"].shown())}


def create(ask: RequestContext) -> dict[str, Any]:
    """A new snippet [spec26]; a name that is taken is refused (unverified)."""
    name, value = _given(ask)
    if snippets.find(ask.workspace, name) is not None:
        msg = f"a snippet named {name!r} exists already"
        raise BadRequest(msg)
    return {"snippet": snippets.put(ask.workspace, name, value)}


def update(ask: RequestContext) -> dict[str, Any]:
    """The value of a snippet, which is made if there is none of that name."""
    return {"snippet": snippets.put(ask.workspace, *_given(ask))}


def delete(ask: RequestContext) -> Answer:
    """Deletes a snippet that no message uses."""
    snippets.remove(ask.workspace, ask.path["snippet_name"])
    return Answer(status=204)


def _given(ask: RequestContext) -> tuple[str, str]:
    body = ask.json()
    name, value = body.get("name"), body.get("value")
    if not isinstance(name, str) or not name or not isinstance(value, str):
        msg = "a snippet needs a name and a value, both text"
        raise BadRequest(msg)
    return name, value


HANDLERS: dict[str, Handler] = {
    "listSnippets": list_snippets,
    "createSnippet": create,
    "updateSnippets": update,
    "deleteSnippet": delete,
}
