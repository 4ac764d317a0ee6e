"""Subscription topics, and a person's subscription preferences."""

from typing import Any

from sources.customerio.sandbox.state.rules import preferences
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("getTopics")
def list_topics(context: RequestContext) -> dict[str, Any]:
    """Lists all topics on one page, [] if there are none; they are created in the user interface only."""
    return {"topics": list(context.workspace.tables["subscription_topics"].shown())}


@answers("getPersonSubscriptionPreferences")
def of_person(context: RequestContext) -> ApiResponse:
    """Returns the preferences of a person; a bad request has its own error body here [spec25]."""
    try:
        chosen = preferences.of(context.workspace, context.person(), context.query.get("language"))
    except BadRequest as refused:
        return ApiResponse(status=400, body={"meta": {"errors": [refused.detail]}})
    return ApiResponse(body={"customer": chosen})
