"""Reporting webhooks: single ones are bare objects, and an endpoint is shown with its credentials."""

import re
from typing import Any

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_TABLE = "reporting_webhooks"
_FLAGS = ("disabled", "full_resolution", "with_content")
_URL = re.compile(r"https?://[^\s/]+\S*")
# `<object>_<metric>`; new ones appear without notice, so the form is all that is checked.
_EVENT = re.compile(r"[a-z]+(_[a-z]+)+")


def list_webhooks(ask: RequestContext) -> dict[str, Any]:
    """The whole list."""
    return {"reporting_webhooks": list(ask.workspace.tables[_TABLE].shown())}


def get_webhook(ask: RequestContext) -> dict[str, Any]:
    """One webhook, bare."""
    return _shown(ask, ask.id("webhook_id"))


def create(ask: RequestContext) -> dict[str, Any]:
    """A new webhook; its signing key is not told."""
    fields = {"type": "webhook", **dict.fromkeys(_FLAGS, False), **_given(ask)}
    webhook_id = ask.workspace.add_record(_TABLE, fields, ask.now)
    return _shown(ask, webhook_id)


def update(ask: RequestContext) -> dict[str, Any]:
    """Another configuration; flags that are left out stay."""
    webhook_id = ask.id("webhook_id")
    ask.workspace.edit_record(_TABLE, webhook_id, _given(ask), ask.now)
    return _shown(ask, webhook_id)


def delete(ask: RequestContext) -> Answer:
    """Deletes a webhook: 200 and nothing, where other calls answer 204."""
    ask.workspace.delete_record(_TABLE, ask.id("webhook_id"), ask.now)
    return Answer(status=200)


def _shown(ask: RequestContext, webhook_id: int) -> Record:
    table = ask.workspace.tables[_TABLE]
    return table.show(table.get(webhook_id))


def _given(ask: RequestContext) -> Record:
    body = ask.json()
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


HANDLERS: dict[str, Handler] = {
    "listWebhooks": list_webhooks,
    "getWebhook": get_webhook,
    "createWebhook": create,
    "updateWebhook": update,
    "deleteWebhook": delete,
}
