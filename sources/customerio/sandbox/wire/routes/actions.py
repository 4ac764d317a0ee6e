"""Actions of campaigns and of broadcasts: the same calls below two kinds of parents."""

from dataclasses import dataclass
from typing import Any

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


@dataclass(frozen=True, kw_only=True)
class Actions:
    """The actions below one kind of parent, named by `parent` in the path."""

    table: str
    parent: str

    def get(self, ask: RequestContext) -> dict[str, Any]:
        """One action."""
        return self._shown(ask, self._one(ask))

    def get_language(self, ask: RequestContext) -> dict[str, Any]:
        """One language of an action."""
        return self._shown(ask, self._translation(ask))

    def update(self, ask: RequestContext) -> dict[str, Any]:
        """Change what an action says."""
        return self._updated(ask, self._one(ask))

    def update_language(self, ask: RequestContext) -> dict[str, Any]:
        """Change what an action says in one language."""
        return self._updated(ask, self._translation(ask))

    def _one(self, ask: RequestContext) -> Record:
        return contents.child(ask.workspace, self.table, ask.id(self.parent), ask.id("action_id"))

    def _translation(self, ask: RequestContext) -> Record:
        ids = ask.id(self.parent), ask.id("action_id")
        rows = contents.translations(ask.workspace, self.table, *ids)
        return contents.in_language(rows, ask.path["language"])

    def _updated(self, ask: RequestContext, row: Record) -> dict[str, Any]:
        edit_content(ask.workspace, self.table, row, ask.json())
        return self._shown(ask, row)

    def _shown(self, ask: RequestContext, row: Record) -> dict[str, Any]:
        return {"action": contents.shown(ask.workspace, self.table, row)}


_CAMPAIGN = Actions(table="campaign_actions", parent="campaign_id")
_BROADCAST = Actions(table="broadcast_actions", parent="broadcast_id")

HANDLERS: dict[str, Handler] = {
    "getCampaignAction": _CAMPAIGN.get,
    "getCampaignActionTranslation": _CAMPAIGN.get_language,
    "updateCampaignAction": _CAMPAIGN.update,
    "updateCampaignActionTranslation": _CAMPAIGN.update_language,
    "getBroadcastAction": _BROADCAST.get,
    "getBroadcastActionLanguage": _BROADCAST.get_language,
    "updateBroadcastAction": _BROADCAST.update,
    "updateBroadcastActionLanguage": _BROADCAST.update_language,
}
