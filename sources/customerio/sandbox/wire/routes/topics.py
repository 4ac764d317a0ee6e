"""Subscription topics, and what a person chose among them."""

from typing import Any

from sources.customerio.sandbox.state.rules import preferences
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_topics(ask: RequestContext) -> dict[str, Any]:
    """The whole list, [] where there are none; topics are made on the screens only."""
    return {"topics": list(ask.workspace.tables["subscription_topics"].shown())}


def of_person(ask: RequestContext) -> Answer:
    """A person's choices; a bad question has an envelope of its own here [spec25]."""
    try:
        chosen = preferences.of(ask.workspace, ask.person(), ask.query.get("language"))
    except BadRequest as refused:
        return Answer(status=400, body={"meta": {"errors": [refused.detail]}})
    return Answer(body={"customer": chosen})


HANDLERS: dict[str, Handler] = {
    "getTopics": list_topics,
    "getPersonSubscriptionPreferences": of_person,
}
