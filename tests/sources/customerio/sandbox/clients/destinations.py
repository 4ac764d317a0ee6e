"""Requests as the destinations of Segment and RudderStack write them in production, and their effects.

Segment writes to version 2, and reports metrics of deliveries to version 1 [seg26]. RudderStack writes to
version 1, and to batches of version 2 [rud26]. A case has requests in order, their statuses, and the state
that they leave: the parts that are named must be equal, the others are not compared.
"""

from typing import Any, NamedTuple

Json = dict[str, Any]

FIRST_ADDED = "04000000"
"""The `cio_id` of the first person that a call adds to the small world."""
UUID = "ajs-next-1718000000123-6fd1ab03-6b8b-4b7c-9a5e-4f2d1c0b9e8a"
"""A message id of Segment, which it sends as an event's `id`."""

AT = 1_792_058_000
"""A time shortly before the sandbox's clock, which stands still; activities are listed for 30 days."""
ANN_EMAIL, PAGE = "ann@example.com", "https://example.com/"


class Request(NamedTuple):
    """One request, and the answer's status and errors."""

    method: str
    path: str
    body: Json | None = None
    status: int = 200
    errors: list[Json] | None = None


class Case(NamedTuple):
    """Requests of one destination, and the state of the workspace after them."""

    name: str
    requests: list[Request]
    state: Json


def entity(op: Json, status: int = 200, errors: list[Json] | None = None) -> Request:
    """One operation of version 2."""
    return Request("POST", "/api/v2/entity", op, status, errors)


def batch(*ops: Json, status: int = 200, errors: list[Json] | None = None) -> Request:
    """A batch of version 2."""
    return Request("POST", "/api/v2/batch", {"batch": list(ops)}, status, errors)


def _person(action: str, identifiers: Json, **more: Any) -> Json:
    return {"type": "person", "action": action, "identifiers": identifiers, **more}


def _object(action: str, object_id: str, type_id: Any = "1", **more: Any) -> Json:
    named = {"object_id": object_id, "object_type_id": type_id}
    return {"type": "object", "action": action, "identifiers": named, **more}


_ANN = {"id": "ann"}
_IDENTIFY_ANN = _person("identify", _ANN, attributes={"plan": "pro", "anonymous_id": "anon-1"})

SEGMENT = [
    Case(
        "a person with an id; the anonymous id rides in the attributes",
        [
            batch(
                _person("event", {"anonymous_id": "anon-1"}, name="Seen", attributes={}),
                _person(
                    "identify",
                    _ANN,
                    attributes={"email": "ann@example.com", "anonymous_id": "anon-1", "n": 1},
                ),
            )
        ],
        {
            "people": {"ann": {"email": ANN_EMAIL, "n": "1", "anonymous_id": "anon-1"}},
            "events": [("event", "Seen", "ann")],
        },
    ),
    Case(
        "a person by email, then by cio_id without its prefix",
        [
            entity(_person("identify", {"email": "bob@example.com"}, attributes={"created_at": AT})),
            entity(_person("identify", {"cio_id": FIRST_ADDED}, attributes={"id": "bob"})),
        ],
        {"people": {"bob": {"email": "bob@example.com", "created_at": str(AT)}}},
    ),
    Case(
        "a person without id and email",
        [batch(_person("identify", {"anonymous_id": "anon-2"}, attributes={"plan": "free"}))],
        {"people": {}, "outcomes": [("applied", "no person has the anonymous id")]},
    ),
    Case(
        "an event: an id that is no ULID, and a time with decimals",
        [
            batch(
                _IDENTIFY_ANN,
                *[
                    _person(
                        "event",
                        _ANN,
                        name="Order Completed",
                        id=UUID,
                        timestamp=AT + 0.123,
                        attributes={"total": 23.45, "items": [{"sku": "a-1"}]},
                    )
                ]
                * 2,
            )
        ],
        {
            "events": [("event", "Order Completed", "ann")] * 2,
            "times": [AT, AT],
        },
    ),
    Case(
        "a time that is a number in text",
        [batch(_IDENTIFY_ANN, _person("event", _ANN, name="Order", timestamp=f"{AT}.5", attributes={}))],
        {"times": [AT]},
    ),
    Case(
        "anonymous page and screen views",
        [
            batch(
                _person(
                    "page",
                    {"anonymous_id": "anon-1"},
                    name="https://example.com/",
                    id=UUID,
                    attributes={"a": 1},
                ),
                _person("screen", {"anonymous_id": "anon-1"}, name="Home", timestamp=AT + 1.5),
            )
        ],
        {"people": {}, "events": [("page", PAGE, None), ("screen", "Home", None)]},
    ),
    Case(
        "a device, its app's version among its attributes",
        [
            entity(_IDENTIFY_ANN),
            entity(
                _person(
                    "add_device",
                    _ANN,
                    device={
                        "token": "token-1",
                        "platform": "ios",
                        "last_used": AT,
                        "attributes": {"app_version": "2.1.0", "push_enabled": "true"},
                    },
                    attributes={"anonymous_id": "anon-1"},
                )
            ),
        ],
        {"devices": {"ann": [("token-1", "ios", AT, "2.1.0")]}},
    ),
    Case(
        "a device that is deleted",
        [
            batch(
                _IDENTIFY_ANN,
                _person("add_device", _ANN, device={"token": "t", "platform": "android"}),
                _person("delete_device", _ANN, device={"token": "t"}),
            )
        ],
        {"devices": {}},
    ),
    Case(
        "an object with its person",
        [
            batch(
                _object(
                    "identify",
                    "co-9",
                    attributes={"name": "Nine", "anonymous_id": "anon-1"},
                    cio_relationships=[{"identifiers": _ANN, "relationship_attributes": {"role": "owner"}}],
                )
            ),
            batch(
                _IDENTIFY_ANN,
                _object("identify", "co-9", attributes={}, cio_relationships=[{"identifiers": _ANN}]),
            ),
        ],
        {"relationships": [("1", "co-9", "ann")]},
    ),
    Case(
        "an object with an anonymous person, who is identified later",
        [
            batch(
                _object(
                    "identify_anonymous",
                    "co-9",
                    attributes={"name": "Nine", "anonymous_id": "anon-1"},
                    cio_relationships=[{"identifiers": {"anonymous_id": "anon-1"}}],
                )
            ),
            batch(_IDENTIFY_ANN),
        ],
        {"relationships": [("1", "co-9", "ann")]},
    ),
    Case(
        "a relationship and an object that are deleted",
        [
            entity(_IDENTIFY_ANN),
            batch(
                *[
                    _object("identify", name, attributes={}, cio_relationships=[{"identifiers": _ANN}])
                    for name in ("co-7", "co-8", "co-9")
                ]
            ),
            batch(_object("delete_relationships", "co-8", cio_relationships=[{"identifiers": _ANN}])),
            batch(_object("delete", "co-9", attributes={"anonymous_id": "anon-1"})),
        ],
        {"relationships": [("1", "co-7", "ann")]},
    ),
    Case(
        "an object of a type that the workspace does not have",
        [batch(_object("identify", "x", "77", attributes={"name": "X"}, cio_relationships=[]))],
        {"outcomes": [("dropped", "The specified Object Type does not exist.")]},
    ),
    Case(
        "people that are merged, suppressed, unsuppressed and deleted",
        [
            batch(_IDENTIFY_ANN, *[_person("identify", {"id": name}) for name in ("bob", "cat", "dan")]),
            entity({"type": "person", "action": "merge", "primary": _ANN, "secondary": {"id": "bob"}}),
            entity(_person("suppress", {"id": "cat"})),
            entity(_person("identify", {"id": "cat"})),
            entity(_person("unsuppress", {"id": "cat"})),
            entity(_person("delete", {"id": "dan"})),
        ],
        {"people": {"ann": {"plan": "pro", "anonymous_id": "anon-1"}}},
    ),
    Case(
        "a metric of an unknown delivery, with details that this API does not have",
        [
            Request(
                "POST",
                "/api/v1/metrics",
                {
                    "delivery_id": "unknown",
                    "metric": "clicked",
                    "timestamp": AT,
                    "recipient": "token-1",
                    "href": "https://example.com/",
                    "metadata": {"action_name": "open", "action_value": "1"},
                },
            )
        ],
        {"outcomes": [("dropped", "there is no such delivery")]},
    ),
    Case("a check of the credentials", [Request("GET", "/auth")], {"outcomes": []}),
]

RUDDERSTACK = [
    Case(
        "version 1: a person, with address, time and anonymous id",
        [
            Request(
                "PUT",
                "/api/v1/customers/ann%40example.com",
                {
                    "address": {"city": "Rome", "country": "IT"},
                    "plan": "pro",
                    "created_at": AT,
                    "_timestamp": AT,
                    "anonymous_id": "anon-1",
                },
            ),
        ],
        {
            "people": {
                "ann@example.com": {
                    "address": '{"city":"Rome","country":"IT"}',
                    "plan": "pro",
                    "created_at": str(AT),
                    "anonymous_id": "anon-1",
                }
            }
        },
    ),
    Case(
        "version 1: events of a person and of an anonymous id",
        [
            Request("PUT", "/api/v1/customers/7", {"plan": "pro"}),
            Request(
                "POST",
                "/api/v1/customers/7/events",
                {"data": {"total": 3}, "name": "Order", "type": "event", "timestamp": AT},
            ),
            Request(
                "POST",
                "/api/v1/events",
                {"data": {}, "name": "Viewed Home Screen", "type": "event", "anonymous_id": "anon-1"},
            ),
        ],
        {"events": [("event", "Order", "7"), ("event", "Viewed Home Screen", None)]},
    ),
    Case(
        "version 1: a device with the event's own properties beside its fields",
        [
            Request("PUT", "/api/v1/customers/ann", {}),
            Request(
                "PUT",
                "/api/v1/customers/ann/devices",
                {"device": {"review_id": "1", "id": "token-1", "last_used": AT, "platform": "ios"}},
            ),
            Request("PUT", "/api/v1/customers/ann/devices", {"device": {"id": "t/2", "platform": "android"}}),
            Request("DELETE", "/api/v1/customers/ann/devices/t%2F2"),
        ],
        {"devices": {"ann": [("token-1", "ios", AT, None)]}},
    ),
    Case(
        "version 1: a merge of numbers",
        [
            Request("PUT", "/api/v1/customers/7", {"plan": "pro"}),
            Request("PUT", "/api/v1/customers/8", {"city": "Rome"}),
            Request("POST", "/api/v1/merge_customers", {"primary": {"id": 7}, "secondary": {"id": 8}}),
        ],
        {"people": {"7": {"plan": "pro", "city": "Rome"}}},
    ),
    Case(
        "version 1: a merge of what is no identifier",
        [
            Request(
                "POST",
                "/api/v1/merge_customers",
                {"primary": {"id": True}, "secondary": {"id": "a"}},
                400,
                [{"error": "must be a string or a number"}],
            )
        ],
        {"outcomes": []},
    ),
    Case(
        "a group, whose object and type are numbers",
        [
            Request("PUT", "/api/v1/customers/ann", {}),
            batch(
                {
                    "identifiers": {"object_id": 9, "object_type_id": 1},
                    "type": "object",
                    "action": "identify",
                    "attributes": {"name": "Nine"},
                    "cio_relationships": [{"identifiers": _ANN}],
                }
            ),
        ],
        {"relationships": [("1", "9", "ann")]},
    ),
    Case(
        "version 2: people whose ids are numbers",
        [
            batch(
                _person("identify", {"id": 42}, attributes={"plan": "pro", "_timestamp": AT}),
                _person("identify", {"id": 43}, attributes={"plan": "free"}),
                _person("event", {"id": 42}, name="Order", attributes={"total": 3}, timestamp=AT),
                _person("delete", {"id": 43}),
            )
        ],
        {"people": {"42": {"plan": "pro"}}, "events": [("event", "Order", "42")]},
    ),
    Case(
        "version 2: refused items of a batch",
        [
            batch(
                _IDENTIFY_ANN,
                {"type": "person", "action": "merge", "primary": {"id": None}, "secondary": {"id": 7}},
                _person("identify", _ANN, attributes={"plan": "team", "bio": "é" * 501}),
                _person("event", _ANN, name="é" * 51, attributes={}),
                _object("identify", "co-9", attributes={"name": "x" * 1001}, cio_relationships=[]),
                status=207,
                errors=[
                    {
                        "batch_index": 1,
                        "reason": "invalid",
                        "field": "primary.id",
                        "message": "must be a string or a number",
                    },
                    {
                        "batch_index": 2,
                        "reason": "invalid",
                        "field": "attributes.bio",
                        "message": "property value cannot be longer than 1000 bytes",
                    },
                    {
                        "batch_index": 3,
                        "reason": "invalid",
                        "field": "name",
                        "message": "event name cannot be longer than 100 bytes",
                    },
                    {
                        "batch_index": 4,
                        "reason": "invalid",
                        "field": "attributes.name",
                        "message": "property value cannot be longer than 1000 bytes",
                    },
                ],
            )
        ],
        {"people": {"ann": {"plan": "pro", "anonymous_id": "anon-1"}}, "relationships": []},
    ),
    Case(
        "version 2: a device, with the event's properties among its attributes",
        [
            batch(
                _IDENTIFY_ANN,
                _person(
                    "add_device",
                    _ANN,
                    device={
                        "token": "token-1",
                        "last_used": AT,
                        "attributes": {"app_version": "1.0", "review_id": "1"},
                        "platform": "android",
                    },
                ),
            )
        ],
        {"devices": {"ann": [("token-1", "android", AT, "1.0")]}},
    ),
]
