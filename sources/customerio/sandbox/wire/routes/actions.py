"""Actions of campaigns and of broadcasts: the same operations below two kinds of parents."""

from dataclasses import dataclass
from typing import Any

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@dataclass(frozen=True, kw_only=True)
class ParentKind:
    """A kind of parent: the table of its actions, and the parameter of the path that names the parent."""

    table: str
    parameter: str


_CAMPAIGN = ParentKind(table="campaign_actions", parameter="campaign_id")
_BROADCAST = ParentKind(table="broadcast_actions", parameter="broadcast_id")


@answers("listCampaignActions")
def list_of_campaign(context: RequestContext) -> dict[str, Any]:
    """Lists the actions of a campaign, ten on each page; `limit` is not a parameter here.

    The last page has no `next`, and a token of another list is a 400 [live-estuary].
    """
    rows = contents.children(context.workspace, _CAMPAIGN.table, context.id("campaign_id"))
    first = pages.position(pages.ACTIONS, context.query)
    end = first + (context.operation.page_max or len(rows))
    page = [contents.shown(context.workspace, _CAMPAIGN.table, row) for row in rows[first:end]]
    more = {"next": pages.position_token(pages.ACTIONS, end)} if end < len(rows) else {}
    return {"actions": page, **more}


@answers("broadcastActions")
def list_of_broadcast(context: RequestContext) -> dict[str, Any]:
    """Lists the actions of a broadcast on one page; their ids are integers here (unverified).

    `start` is not documented here, and a token that is none of this list's is a 400 all the same
    [live-estuary].
    """
    rows = contents.children(context.workspace, _BROADCAST.table, context.id("broadcast_id"))
    pages.position(pages.ACTIONS, context.sent)
    return {"actions": rows}


@answers("getCampaignAction", kind=_CAMPAIGN)
@answers("getBroadcastAction", kind=_BROADCAST)
def get_action(context: RequestContext, kind: ParentKind) -> dict[str, Any]:
    """Returns one action."""
    return _shown(context, kind, _action(context, kind))


@answers("getCampaignActionTranslation", kind=_CAMPAIGN)
@answers("getBroadcastActionLanguage", kind=_BROADCAST)
def get_language(context: RequestContext, kind: ParentKind) -> dict[str, Any]:
    """Returns one language of an action."""
    return _shown(context, kind, _translation(context, kind))


@answers("updateCampaignAction", kind=_CAMPAIGN)
@answers("updateBroadcastAction", kind=_BROADCAST)
def update_action(context: RequestContext, kind: ParentKind) -> dict[str, Any]:
    """Changes the content of an action."""
    return _updated(context, kind, _action(context, kind))


@answers("updateCampaignActionTranslation", kind=_CAMPAIGN)
@answers("updateBroadcastActionLanguage", kind=_BROADCAST)
def update_language(context: RequestContext, kind: ParentKind) -> dict[str, Any]:
    """Changes the content of one language of an action."""
    return _updated(context, kind, _translation(context, kind))


def _action(context: RequestContext, kind: ParentKind) -> Record:
    return contents.child(context.workspace, kind.table, context.id(kind.parameter), context.id("action_id"))


def _translation(context: RequestContext, kind: ParentKind) -> Record:
    ids = context.id(kind.parameter), context.id("action_id")
    rows = contents.translations(context.workspace, kind.table, *ids)
    return contents.in_language(rows, context.path["language"])


def _updated(context: RequestContext, kind: ParentKind, row: Record) -> dict[str, Any]:
    edit_content(context.workspace, kind.table, row, context.json())
    return _shown(context, kind, row)


def _shown(context: RequestContext, kind: ParentKind, row: Record) -> dict[str, Any]:
    return {"action": contents.shown(context.workspace, kind.table, row)}
