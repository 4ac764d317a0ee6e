"""Campaigns."""

from typing import Any

from sources.customerio.sandbox.state.rules import views
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("listCampaigns")
def list_campaigns(context: RequestContext) -> dict[str, Any]:
    """Lists all campaigns on one page; takes no parameters."""
    return {"campaigns": views.campaigns(context.workspace)}


@answers("getCampaigns")
def get_campaign(context: RequestContext) -> dict[str, Any]:
    """Returns one campaign."""
    row = context.workspace.tables["campaigns"].get(context.id("campaign_id"))
    return {"campaign": views.campaign(context.workspace, row)}
