"""The Track API, version 1: one person, event or segment for each request.

Each request becomes an operation in the form of version 2. An update of a person is never refused, because
only 200 and 401 are documented for it [track26]: what is wrong with it shows in the activities alone.
"""

from typing import Any

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.filters import text
from sources.customerio.sandbox.state.store.track_operation import MAX_EVENT_DATA, Op, is_identifier, seconds
from sources.customerio.sandbox.wire.http.accept_writes import accept_write, accept_writes, refusal
from sources.customerio.sandbox.wire.http.error_responses import track_v1_error
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_PREFIX = "cio_"
_MOST_IDS = 1000
_ID_TYPES = ("id", "email", "cio_id")
_EVENTS = ("event", "page", "screen")
# Fields of a form that do not become attributes [track26].
_FORM_FIELDS = frozenset({"form_id", "form_name", "form_type", "form_url", "form_url_param"})
_METRICS = ("bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed")


@answers("identify")
def identify(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Adds or updates a person, and their relationships to objects."""
    given = context.json()
    person = {"type": "person", "identifiers": identifiers_in_path(context)}
    relations = given.pop("cio_relationships", None)
    timestamp = given.pop("_timestamp", None)
    op: Op = {**person, "action": "identify", "attributes": given, "v1": True}
    if timestamp is not None:
        op["timestamp"] = timestamp
    ops = [op]
    if isinstance(relations, dict):
        entries = relations.get("relationships") or []
        related = {**person, "action": relations.get("action"), "cio_relationships": entries}
        if (found := refusal(context, related)) is not None:
            return track_v1_error(found.message)
        ops.append(related)
    accept_writes(context, ((0, op) for op in ops))
    return {}


@answers("delete")
def delete(context: RequestContext) -> dict[str, Any]:
    """Deletes a person."""
    return _accept_person(context, "delete")


@answers("suppress")
def suppress(context: RequestContext) -> dict[str, Any]:
    """Deletes a person and blocks their identifiers."""
    return _accept_person(context, "suppress")


@answers("unsuppress")
def unsuppress(context: RequestContext) -> dict[str, Any]:
    """Unblocks identifiers; the deleted person is not restored."""
    return _accept_person(context, "unsuppress")


@answers("track")
def track(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Tracks an event of a person."""
    return _accept_event(context, identifiers_in_path(context))


@answers("trackAnonymous")
def track_anonymous(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Tracks an anonymous event; without an anonymous id it can never be merged into a person."""
    return _accept_event(context, {"anonymous_id": str(context.json().get("anonymous_id") or "")})


@answers("add_device")
def add_device(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Adds or updates a device; its `id` becomes the `token` of the version 2 operation."""
    given = context.json().get("device")
    device = dict(given) if isinstance(given, dict) else {}
    device["token"] = device.pop("id", None)
    return _accept_valid(context, {**_person(context, "add_device"), "device": device})


@answers("delete_device")
def delete_device(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Deletes a device."""
    device = {"token": context.path["device_id"]}
    return _accept_valid(context, {**_person(context, "delete_device"), "device": device})


@answers("merge")
def merge(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Merges two people; the error body has one `error`, not a list [track26]."""
    given = context.json()
    op = {"type": "person", "action": "merge", **{name: given.get(name) for name in ("primary", "secondary")}}
    found = refusal(context, op)
    if found is not None:
        return ApiResponse(status=400, body={"meta": {"error": found.message}})
    return accept_write(context, op)


@answers("add_to_segment", action="add_customers")
@answers("remove_from_segment", action="remove_customers")
def change_members(context: RequestContext, action: str) -> ApiResponse | dict[str, Any]:
    """Adds people to a manual segment or removes them; unknown ids are ignored."""
    ids, id_type = context.json().get("ids"), context.query.get("id_type") or "id"
    # Customer.io's own client takes numbers, and sends them as such [sdk node].
    if not isinstance(ids, list) or not all(is_identifier(item) for item in ids):
        return track_v1_error("ids must be an array of strings or numbers")
    if not 1 <= len(ids) <= _MOST_IDS:
        return track_v1_error(f"ids must have between 1 and {_MOST_IDS} entries")
    if id_type not in _ID_TYPES:
        return track_v1_error("id_type must be id, email or cio_id")
    try:
        row = context.workspace.tables["segments"].get(context.id("segment_id"))
    except NotFound as missing:
        return track_v1_error(missing.detail)
    if row["type"] != "manual":
        return track_v1_error("the segment is not a manual segment")
    named = {"segment_id": row["id"]}
    return accept_write(
        context,
        {
            "type": "segment",
            "action": action,
            "identifiers": named,
            "id_type": id_type,
            "ids": [text(item) for item in ids],
        },
    )


@answers("metrics")
def report(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Reports a delivery metric that Customer.io cannot measure itself."""
    given = context.json()
    return _accept_metric(context, given, given.get("metric"), ("recipient", "reason", "href"))


@answers("pushMetrics")
def report_push(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Reports a metric of a push notification, in the older form."""
    given = context.json()
    return _accept_metric(context, given, given.get("event"), ("device_id",))


@answers("submitForm")
def submit_form(context: RequestContext) -> ApiResponse:
    """Adds or updates the person who submitted a form; registers the form even if the data is invalid."""
    context.workspace.forms.add(context.path["form_id"])
    data = context.json().get("data")
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        return track_v1_error("data must be an object of strings")
    named = {name: data[name] for name in ("id", "email") if data.get(name)}
    if len(named) != 1:
        return track_v1_error("data must have exactly one of id and email")
    fields = {name: value for name, value in data.items() if name not in _FORM_FIELDS and name not in named}
    op = {"type": "person", "action": "identify", "identifiers": named, "attributes": fields}
    if (found := refusal(context, op)) is not None:
        return track_v1_error(found.message)
    accept_write(context, op)
    return ApiResponse(status=204)


@answers("unsubscribe")
def unsubscribe(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Unsubscribes the recipient of a delivery; needs no key."""
    if context.workspace.ids.seq(context.path["delivery_id"]) is None:
        return track_v1_error("delivery_id is not valid")
    if context.json().get("unsubscribe") is not True:
        return {}
    op = {"type": "delivery", "action": "unsubscribe", "identifiers": {"id": context.path["delivery_id"]}}
    return accept_write(context, op)


def identifiers_in_path(context: RequestContext) -> dict[str, str]:
    """The identifier in the path; its form decides if it is an id, an email or a cio_id [track26]."""
    given = context.path["identifier"]
    if given.startswith(_PREFIX):
        return {"cio_id": given.removeprefix(_PREFIX)}
    return {"email" if "@" in given else "id": given}


def _person(context: RequestContext, action: str) -> Op:
    return {"type": "person", "action": action, "identifiers": identifiers_in_path(context)}


def _accept_person(context: RequestContext, action: str) -> dict[str, Any]:
    """Accept an operation on the person in the path."""
    return accept_write(context, _person(context, action))


def _accept_valid(context: RequestContext, op: Op) -> ApiResponse | dict[str, Any]:
    """Accept an operation, or answer 400 if it is invalid."""
    found = refusal(context, op)
    return accept_write(context, op) if found is None else track_v1_error(found.message)


def _accept_event(context: RequestContext, identifiers: dict[str, str]) -> ApiResponse | dict[str, Any]:
    given = context.json()
    kind = given.get("type")
    data = given.get("data")
    op: Op = {
        "type": "person",
        "action": kind if kind in _EVENTS else "event",
        "identifiers": identifiers,
        **{name: given[name] for name in ("name", "id", "timestamp") if given.get(name) is not None},
        "attributes": {} if data is None else data,
    }
    # An anonymous event may have a blank id, which the check of identifiers would refuse.
    checked = op if identifiers.get("anonymous_id") != "" else {**op, "identifiers": {"id": "blank"}}
    found = refusal(context, checked)
    if found is not None:
        return track_v1_error(found.message)
    if len(orjson.dumps(op["attributes"])) > MAX_EVENT_DATA:
        return track_v1_error(f"event data cannot be larger than {MAX_EVENT_DATA} bytes")
    return accept_write(context, op)


def _accept_metric(
    context: RequestContext, given: Op, metric: object, fields: tuple[str, ...]
) -> ApiResponse | dict[str, Any]:
    if not isinstance(given.get("delivery_id"), str) or metric not in _METRICS:
        msg = f"delivery_id and one of {', '.join(_METRICS)} are required"
        raise BadRequest(msg)
    op: Op = {
        "type": "delivery",
        "action": "event",
        "identifiers": {"id": given["delivery_id"]},
        "name": metric,
        "attributes": {name: given[name] for name in fields if given.get(name) is not None},
    }
    if (at := seconds(given.get("timestamp"))) is not None:
        op["timestamp"] = at
    return accept_write(context, op)
