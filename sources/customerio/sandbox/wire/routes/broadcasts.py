"""API-triggered broadcasts."""

from typing import Any

from sources.customerio.sandbox.state.rules import views
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("listBroadcasts")
def list_broadcasts(context: RequestContext) -> dict[str, Any]:
    """Lists all broadcasts on one page."""
    return {"broadcasts": views.broadcasts(context.workspace)}


@answers("getBroadcast")
def get_broadcast(context: RequestContext) -> dict[str, Any]:
    """Returns one broadcast."""
    row = context.workspace.tables["broadcasts"].get(context.id("broadcast_id"))
    return {"broadcast": views.broadcast(context.workspace, row)}
