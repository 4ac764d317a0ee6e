"""Subscription topics and channels, a person's subscription preferences, and its page of them."""

from typing import Any

from sources.customerio.sandbox.state.rules import preferences
from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.ids import ulid
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse
from sources.customerio.sandbox.wire.routes.account import TRACK_HOSTS


@answers("getTopics")
def list_topics(context: RequestContext) -> dict[str, Any]:
    """Lists all topics on one page, [] if there are none; they are created in the user interface only."""
    return {"topics": list(context.workspace.tables["subscription_topics"].shown())}


@answers("getChannels")
def list_channels(context: RequestContext) -> dict[str, Any]:
    """Lists the custom channels, [] if there are none [live-estuary]; they are created elsewhere."""
    return {"channels": list(context.workspace.tables["subscription_channels"].shown())}


@answers("getSubscriptionCenterToken")
def center_token(context: RequestContext) -> dict[str, Any]:
    """Issues a link to a person's subscription center; an unknown person is a 400 [spec26].

    A token works for 24 hours at Customer.io; the sandbox serves no such page.
    """
    try:
        person = context.person()
    except NotFound as refused:
        raise BadRequest(refused.detail) from None
    token = ulid(context.now, person.number).lower()
    host = TRACK_HOSTS[context.workspace.region]
    return {"token": token, "url": f"{host}/u/i/{token}"}


@answers("getPersonSubscriptionPreferences")
def of_person(context: RequestContext) -> ApiResponse:
    """Returns the preferences of a person; a bad request has its own error body here [spec25]."""
    try:
        chosen = preferences.of(context.workspace, context.person(), context.query.get("language"))
    except BadRequest as refused:
        return ApiResponse(status=400, body={"meta": {"errors": [refused.detail]}})
    return ApiResponse(body={"customer": chosen})
