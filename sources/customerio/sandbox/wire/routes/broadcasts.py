"""API-triggered broadcasts."""

from typing import Any

from sources.customerio.sandbox.state.rules import contents, views
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_broadcasts(ask: RequestContext) -> dict[str, Any]:
    """The whole list."""
    return {"broadcasts": views.broadcasts(ask.workspace)}


def get_broadcast(ask: RequestContext) -> dict[str, Any]:
    """One broadcast."""
    row = ask.workspace.tables["broadcasts"].get(ask.id("broadcast_id"))
    return {"broadcast": views.broadcast(ask.workspace, row)}


def list_actions(ask: RequestContext) -> dict[str, Any]:
    """The actions of a broadcast, whole; their ids are integers here (unverified)."""
    return {"actions": contents.children(ask.workspace, "broadcast_actions", ask.id("broadcast_id"))}


HANDLERS: dict[str, Handler] = {
    "listBroadcasts": list_broadcasts,
    "getBroadcast": get_broadcast,
    "broadcastActions": list_actions,
}
