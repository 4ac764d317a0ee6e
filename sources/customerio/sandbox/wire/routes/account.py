"""The account: its workspaces, its addresses, its region."""

from typing import Any

from sources.customerio.sandbox.state.rules import views
from sources.customerio.sandbox.state.truth.workspace_records import ADDRESSES
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_TRACK_HOSTS = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}


def list_workspaces(ask: RequestContext) -> dict[str, Any]:
    """Every workspace of the account, whichever the key is for [live-airbyte]."""
    return {"workspaces": list(views.workspaces(ask.workspace))}


def allowlist(ask: RequestContext) -> dict[str, Any]:  # noqa: ARG001 -- the addresses are everybody's
    """The addresses that Customer.io sends from; needs no key [spec26]."""
    return {"ip_addresses": list(ADDRESSES)}


def region(ask: RequestContext) -> dict[str, Any]:
    """Where the account lives; any regional host tells the truth about that [track26]."""
    home = ask.workspace.region
    return {"url": _TRACK_HOSTS[home], "region": home, "environment_id": views.WORKSPACE_ID}


HANDLERS: dict[str, Handler] = {
    "listWorkspaces": list_workspaces,
    "getCioAllowlist": allowlist,
    "getRegion": region,
}
