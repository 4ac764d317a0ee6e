"""Campaigns, and the lists of their actions."""

from typing import Any

from sources.customerio.sandbox.state.rules import contents, views
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_ACTIONS = "campaign_actions"


def list_campaigns(ask: RequestContext) -> dict[str, Any]:
    """The whole list; it takes no parameters."""
    return {"campaigns": views.campaigns(ask.workspace)}


def get_campaign(ask: RequestContext) -> dict[str, Any]:
    """One campaign."""
    row = ask.workspace.tables["campaigns"].get(ask.id("campaign_id"))
    return {"campaign": views.campaign(ask.workspace, row)}


def list_actions(ask: RequestContext) -> dict[str, Any]:
    """Ten actions a page, always; `limit` is not a parameter here."""
    rows = contents.children(ask.workspace, _ACTIONS, ask.id("campaign_id"))
    at = pages.place(ask.query)
    first = at[1] if at else 0
    behind = first + (ask.operation.page_max or len(rows))
    shown = [contents.shown(ask.workspace, _ACTIONS, row) for row in rows[first:behind]]
    return {"actions": shown, "next": pages.token(0, behind) if behind < len(rows) else ""}


HANDLERS: dict[str, Handler] = {
    "listCampaigns": list_campaigns,
    "getCampaigns": get_campaign,
    "listCampaignActions": list_actions,
}
