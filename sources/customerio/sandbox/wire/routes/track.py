"""The Track API, version 1: one person, event or segment a call.

Each call becomes an operation in the words of version 2. An update of a person is never refused here: what is
wrong with it shows in the activities alone, as only 200 and 401 are documented for it [track26].
"""

from typing import Any

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.track_operation import MAX_EVENT_DATA, Op, problem
from sources.customerio.sandbox.wire.http.accept_writes import refused_v1, take, take_one
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_PREFIX = "cio_"
_MOST_IDS = 1000
_ID_TYPES = ("id", "email", "cio_id")
_EVENTS = ("event", "page", "screen")
# Fields of a form that Customer.io keeps for itself [track26].
_FORM_FIELDS = frozenset({"form_id", "form_name", "form_type", "form_url", "form_url_param"})
_METRICS = ("bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed")


def identify(ask: RequestContext) -> Answer | dict[str, Any]:
    """Adds or updates a person, and relates them to objects."""
    given = ask.json()
    named = {"type": "person", "identifiers": addressed(ask)}
    relations = given.pop("cio_relationships", None)
    timestamp = given.pop("_timestamp", None)
    op: Op = {**named, "action": "identify", "attributes": given, "v1": True}
    if timestamp is not None:
        op["timestamp"] = timestamp
    ops = [op]
    if isinstance(relations, dict):
        entries = relations.get("relationships") or []
        related = {**named, "action": relations.get("action"), "cio_relationships": entries}
        if (found := problem(related)) is not None:
            return refused_v1(found.message)
        ops.append(related)
    take(ask, ((0, op) for op in ops))
    return {}


def delete(ask: RequestContext) -> dict[str, Any]:
    """Deletes a person."""
    return _of_person(ask, "delete")


def suppress(ask: RequestContext) -> dict[str, Any]:
    """Deletes a person and blocks their identifiers."""
    return _of_person(ask, "suppress")


def unsuppress(ask: RequestContext) -> dict[str, Any]:
    """Frees identifiers; nobody comes back by that."""
    return _of_person(ask, "unsuppress")


def track(ask: RequestContext) -> Answer | dict[str, Any]:
    """An event of a person."""
    return _event(ask, addressed(ask))


def track_anonymous(ask: RequestContext) -> Answer | dict[str, Any]:
    """An event of nobody known yet; without an anonymous id it never finds its person."""
    return _event(ask, {"anonymous_id": str(ask.json().get("anonymous_id") or "")})


def add_device(ask: RequestContext) -> Answer | dict[str, Any]:
    """Adds a device, or changes one; v2 calls its id a token."""
    given = ask.json().get("device")
    device = dict(given) if isinstance(given, dict) else {}
    device["token"] = device.pop("id", None)
    return _checked(ask, {**_person(ask, "add_device"), "device": device})


def delete_device(ask: RequestContext) -> Answer | dict[str, Any]:
    """Takes a device off."""
    return _checked(ask, {**_person(ask, "delete_device"), "device": {"token": ask.path["device_id"]}})


def merge(ask: RequestContext) -> Answer | dict[str, Any]:
    """Merges two people; its error stands alone, not in a list [track26]."""
    given = ask.json()
    op = {"type": "person", "action": "merge", **{name: given.get(name) for name in ("primary", "secondary")}}
    found = problem(op)
    if found is not None:
        return Answer(status=400, body={"meta": {"error": found.message}})
    return take_one(ask, op)


def segment(action: str) -> Handler:
    """A call that lets people join or leave a manual segment; ids that match nobody are ignored."""

    def change(ask: RequestContext) -> Answer | dict[str, Any]:
        ids, id_type = ask.json().get("ids"), ask.query.get("id_type") or "id"
        if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
            return refused_v1("ids must be an array of strings")
        if not 1 <= len(ids) <= _MOST_IDS:
            return refused_v1(f"ids must have between 1 and {_MOST_IDS} entries")
        if id_type not in _ID_TYPES:
            return refused_v1("id_type must be id, email or cio_id")
        try:
            row = ask.workspace.tables["segments"].get(ask.id("segment_id"))
        except NotFound as missing:
            return refused_v1(missing.detail)
        if row["type"] != "manual":
            return refused_v1("the segment is not a manual segment")
        named = {"segment_id": row["id"]}
        return take_one(
            ask, {"type": "segment", "action": action, "identifiers": named, "id_type": id_type, "ids": ids}
        )

    return change


def report(ask: RequestContext) -> Answer | dict[str, Any]:
    """A metric that the sender knows and Customer.io does not."""
    given = ask.json()
    return _reported(ask, given, given.get("metric"), ("recipient", "reason", "href"))


def report_push(ask: RequestContext) -> Answer | dict[str, Any]:
    """A metric of a push, in the older form."""
    given = ask.json()
    return _reported(ask, given, given.get("event"), ("device_id",))


def submit_form(ask: RequestContext) -> Answer:
    """Adds or updates whoever filled in a form; the form is known from now on, even if this is refused."""
    ask.workspace.forms.add(ask.path["form_id"])
    data = ask.json().get("data")
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        return refused_v1("data must be an object of strings")
    named = {name: data[name] for name in ("id", "email") if data.get(name)}
    if len(named) != 1:
        return refused_v1("data must have exactly one of id and email")
    fields = {name: value for name, value in data.items() if name not in _FORM_FIELDS and name not in named}
    op = {"type": "person", "action": "identify", "identifiers": named, "attributes": fields}
    if (found := problem(op)) is not None:
        return refused_v1(found.message)
    take_one(ask, op)
    return Answer(status=204)


def unsubscribe(ask: RequestContext) -> Answer | dict[str, Any]:
    """Unsubscribes whoever got a delivery; the link needs no key."""
    if ask.workspace.ids.seq(ask.path["delivery_id"]) is None:
        return refused_v1("delivery_id is not valid")
    if ask.json().get("unsubscribe") is not True:
        return {}
    op = {"type": "delivery", "action": "unsubscribe", "identifiers": {"id": ask.path["delivery_id"]}}
    return take_one(ask, op)


def addressed(ask: RequestContext) -> dict[str, str]:
    """The identifier in the path, its kind told from its shape [track26]."""
    given = ask.path["identifier"]
    if given.startswith(_PREFIX):
        return {"cio_id": given.removeprefix(_PREFIX)}
    return {"email" if "@" in given else "id": given}


def _person(ask: RequestContext, action: str) -> Op:
    return {"type": "person", "action": action, "identifiers": addressed(ask)}


def _of_person(ask: RequestContext, action: str) -> dict[str, Any]:
    return take_one(ask, _person(ask, action))


def _checked(ask: RequestContext, op: Op) -> Answer | dict[str, Any]:
    found = problem(op)
    return take_one(ask, op) if found is None else refused_v1(found.message)


def _event(ask: RequestContext, identifiers: dict[str, str]) -> Answer | dict[str, Any]:
    given = ask.json()
    kind = given.get("type")
    data = given.get("data")
    op: Op = {
        "type": "person",
        "action": kind if kind in _EVENTS else "event",
        "identifiers": identifiers,
        **{name: given[name] for name in ("name", "id", "timestamp") if given.get(name) is not None},
        "attributes": {} if data is None else data,
    }
    # An anonymous event may have a blank id, which no check of identifiers lets pass.
    found = problem(op if identifiers.get("anonymous_id") != "" else {**op, "identifiers": {"id": "blank"}})
    if found is not None:
        return refused_v1(found.message)
    if len(orjson.dumps(op["attributes"])) > MAX_EVENT_DATA:
        return refused_v1(f"event data cannot be larger than {MAX_EVENT_DATA} bytes")
    return take_one(ask, op)


def _reported(
    ask: RequestContext, given: Op, metric: object, told: tuple[str, ...]
) -> Answer | dict[str, Any]:
    if not isinstance(given.get("delivery_id"), str) or metric not in _METRICS:
        msg = f"delivery_id and one of {', '.join(_METRICS)} are required"
        raise BadRequest(msg)
    op: Op = {
        "type": "delivery",
        "action": "event",
        "identifiers": {"id": given["delivery_id"]},
        "name": metric,
        "attributes": {name: given[name] for name in told if given.get(name) is not None},
    }
    if isinstance(given.get("timestamp"), int):
        op["timestamp"] = given["timestamp"]
    return take_one(ask, op)


HANDLERS: dict[str, Handler] = {
    "identify": identify,
    "delete": delete,
    "suppress": suppress,
    "unsuppress": unsuppress,
    "track": track,
    "trackAnonymous": track_anonymous,
    "add_device": add_device,
    "delete_device": delete_device,
    "merge": merge,
    "add_to_segment": segment("add_customers"),
    "remove_from_segment": segment("remove_customers"),
    "metrics": report,
    "pushMetrics": report_push,
    "submitForm": submit_form,
    "unsubscribe": unsubscribe,
}
