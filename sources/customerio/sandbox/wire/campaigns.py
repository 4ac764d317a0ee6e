"""Campaigns and their actions."""

from typing import Any

from sources.customerio.sandbox.state import views
from sources.customerio.sandbox.state.errors import NotFound
from sources.customerio.sandbox.wire import pages
from sources.customerio.sandbox.wire.ask import Ask, Handler


def list_campaigns(ask: Ask) -> dict[str, Any]:
    """The whole list; it takes no parameters."""
    return {"campaigns": views.campaigns(ask.workspace)}


def get_campaign(ask: Ask) -> dict[str, Any]:
    """One campaign."""
    row = ask.workspace.tables["campaigns"].get(ask.id("campaign_id"))
    return {"campaign": views.campaign(ask.workspace, row)}


def list_actions(ask: Ask) -> dict[str, Any]:
    """Ten actions a page, always; `limit` is not a parameter here."""
    rows = views.campaign_actions(ask.workspace, ask.id("campaign_id"))
    at = pages.place(ask.query)
    first = at[1] if at else 0
    behind = first + (ask.operation.page_max or len(rows))
    return {"actions": rows[first:behind], "next": pages.token(0, behind) if behind < len(rows) else ""}


def get_action(ask: Ask) -> dict[str, Any]:
    """One action of one campaign."""
    campaign_id, action_id = ask.id("campaign_id"), ask.id("action_id")
    rows = views.campaign_actions(ask.workspace, campaign_id)
    found = [row for row in rows if row["id"] == str(action_id)]
    if not found:
        msg = f"action with id {action_id} does not exist"
        raise NotFound(msg)
    return {"action": found[0]}


HANDLERS: dict[str, Handler] = {
    "listCampaigns": list_campaigns,
    "getCampaigns": get_campaign,
    "listCampaignActions": list_actions,
    "getCampaignAction": get_action,
}
