"""Reporting webhooks; a single one is not wrapped, and the endpoint is shown with its credentials."""

import re
from typing import Any

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_TABLE = "reporting_webhooks"
_FLAGS = ("disabled", "full_resolution", "with_content")
_URL = re.compile(r"https?://[^\s/]+\S*")
# `<object>_<metric>`; Customer.io adds events without notice, so only the form is checked.
_EVENT = re.compile(r"[a-z]+(_[a-z]+)+")


@answers("listWebhooks")
def list_webhooks(context: RequestContext) -> dict[str, Any]:
    """Lists all webhooks on one page."""
    return {"reporting_webhooks": list(context.workspace.tables[_TABLE].shown())}


@answers("getWebhook")
def get_webhook(context: RequestContext) -> dict[str, Any]:
    """Returns one webhook, unwrapped."""
    return _shown(context, context.id("webhook_id"))


@answers("createWebhook")
def create(context: RequestContext) -> dict[str, Any]:
    """Creates a webhook; the response has no signing key."""
    fields = {"type": "webhook", **dict.fromkeys(_FLAGS, False), **_settings(context)}
    webhook_id = context.workspace.add_record(_TABLE, fields, context.now)
    return _shown(context, webhook_id)


@answers("updateWebhook")
def update(context: RequestContext) -> dict[str, Any]:
    """Replaces the configuration; flags that the body lacks stay as they are."""
    webhook_id = context.id("webhook_id")
    context.workspace.edit_record(_TABLE, webhook_id, _settings(context), context.now)
    return _shown(context, webhook_id)


@answers("deleteWebhook")
def delete(context: RequestContext) -> ApiResponse:
    """Deletes a webhook; answers 200 with an empty body, while other operations answer 204."""
    context.workspace.delete_record(_TABLE, context.id("webhook_id"), context.now)
    return ApiResponse(status=200)


def _shown(context: RequestContext, webhook_id: int) -> Record:
    table = context.workspace.tables[_TABLE]
    return table.show(table.get(webhook_id))


def _settings(context: RequestContext) -> Record:
    body = context.json()
    name, endpoint, events = body.get("name"), body.get("endpoint"), body.get("events")
    if not isinstance(name, str) or not name:
        msg = "a webhook needs a name"
        raise BadRequest(msg)
    if not isinstance(endpoint, str) or not _URL.fullmatch(endpoint):
        msg = "endpoint must be a URL"
        raise BadRequest(msg)
    if not isinstance(events, list) or not events or not all(_EVENT.fullmatch(str(one)) for one in events):
        msg = "events must name at least one event, such as email_sent"
        raise BadRequest(msg)
    flags = {flag: body[flag] is True for flag in _FLAGS if flag in body}
    return {"name": name, "endpoint": endpoint, "events": events, **flags}
