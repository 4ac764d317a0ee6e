"""The account: its workspaces, its addresses, its region."""

from typing import Any

from sources.customerio.sandbox.state.rules import views
from sources.customerio.sandbox.state.truth.workspace_records import ADDRESSES
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

TRACK_HOSTS = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}
"""The root of the Track API's host, by region."""


@answers("listWorkspaces")
def list_workspaces(context: RequestContext) -> dict[str, Any]:
    """Lists every workspace of the account, not only that of the key [live-airbyte]."""
    return {"workspaces": list(views.workspaces(context.workspace))}


@answers("getCioAllowlist")
def list_ip_addresses(context: RequestContext) -> dict[str, Any]:  # noqa: ARG001 -- all handlers are called alike
    """Lists the IP addresses that Customer.io sends from; needs no key [spec26]."""
    return {"ip_addresses": list(ADDRESSES)}


@answers("checkCredentials")
def check_credentials(context: RequestContext) -> dict[str, Any]:  # noqa: ARG001 -- all handlers are called alike
    """Confirms the keys of the Track API, as Segment checks them [seg26]; the body is unverified."""
    return {"meta": {"message": "nice credentials."}}


@answers("getRegion")
def get_region(context: RequestContext) -> dict[str, Any]:
    """Returns the region of the account; the hosts of both regions return the right one [track26]."""
    region_name = context.workspace.region
    return {"url": TRACK_HOSTS[region_name], "region": region_name, "environment_id": context.workspace.id}
