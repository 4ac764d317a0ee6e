"""The Track API, version 2: one operation, or a batch whose errors are listed by place."""

import time
from typing import Any

import httpx
import orjson
import pytest

from sources.customerio.sandbox import Fault, Sandbox, Served
from tests.sources.customerio.sandbox.wire.routes.track import (
    Row,
    acts,
    attributes,
    outcomes,
    person,
    profile,
    thing,
)


def _send(track: httpx.Client, *ops: Row) -> httpx.Response:
    return track.post("/api/v2/batch", json={"batch": ops})


def test_a_batch_is_taken_in_order(small: Sandbox, track: httpx.Client) -> None:
    """People, objects and events are mixed; each is applied after the one before it."""
    response = _send(
        track,
        person("identify", {"id": "ann"}, attributes={"plan": "pro", "age": 40}),
        person("event", {"id": "ann"}, name="bought", attributes={"price": 2}),
        thing("identify", "1", "new-co", attributes={"seats": 5}),
        thing("add_relationships", "1", "new-co", cio_relationships=[{"identifiers": {"id": "ann"}}]),
        person("identify", {"id": "ann"}, attributes={"plan": "free"}),
    )

    assert (response.status_code, response.content) == (200, b"{}\n")
    assert attributes(small, id="ann") == {"plan": "free", "age": "40"}
    assert [outcome for outcome, _ in outcomes(small)] == ["applied"] * 5
    assert [row["object_id"] for row in small.rows("relationships") if row["id"] == "ann"] == ["new-co"]


def test_what_is_wrong_is_told_by_place(small: Sandbox, track: httpx.Client) -> None:
    """207 lists the invalid ones; the others are accepted."""
    response = _send(
        track,
        person("identify", {"id": "ann"}),
        person("identify", {"id": "ann", "email": "a@example.com"}),
        person("event", {"id": "ann"}, name="x" * 101),
        person("identify", {"id": "bob"}),
        {"type": "planet", "action": "identify"},
    )

    assert response.status_code == 207
    assert response.json()["errors"] == [
        {
            "batch_index": 1,
            "reason": "invalid",
            "field": "identifiers",
            "message": "identifiers must have exactly one identifier",
        },
        {
            "batch_index": 2,
            "reason": "invalid",
            "field": "name",
            "message": "event name cannot be longer than 100 bytes",
        },
        {"batch_index": 4, "reason": "invalid", "field": "type", "message": "type is not supported"},
    ]
    assert profile(small, id="bob") is not None
    assert len(small.writes()) == 2


WRONG: list[tuple[Any, str, str]] = [
    (7, "invalid", "type"),
    ({}, "required", "type"),
    (person("fly", {"id": "a"}), "invalid", "action"),
    (person("identify", {}), "invalid", "identifiers"),
    ({"type": "person", "action": "identify"}, "required", "identifiers"),
    (person("identify", {"id": ""}), "required", "identifiers.id"),
    (person("identify", {"id": True}), "invalid", "identifiers.id"),
    (person("identify", {"id": None}), "invalid", "identifiers.id"),
    (person("identify", {"id": {}}), "invalid", "identifiers.id"),
    (person("identify", {"phone": "+1"}), "invalid", "identifiers.phone"),
    (person("identify", {"id": "é" * 76}), "invalid", "identifiers.id"),
    (person("identify", {"id": "a"}, attributes=[1]), "invalid", "attributes"),
    (person("identify", {"id": "a"}, attributes={"é" * 76: 1}), "invalid", "attributes"),
    (person("identify", {"id": "a"}, attributes={"x": "é" * 501}), "invalid", "attributes.x"),
    (person("identify", {"id": "a"}, attributes={"x": ["y" * 1000]}), "invalid", "attributes.x"),
    (person("identify", {"id": "a"}, attributes={f"a{n}": n for n in range(301)}), "invalid", "attributes"),
    (person("identify", {"id": "a"}, timestamp=-1.5), "invalid", "timestamp"),
    (person("identify", {"id": "a"}, timestamp="2024-06-10"), "invalid", "timestamp"),
    (person("identify", {"id": "a"}, cio_relationships={}), "invalid", "cio_relationships"),
    (person("event", {"id": "a"}), "required", "name"),
    (person("event", {"id": "a"}, name="n", id=7), "invalid", "id"),
    (person("add_device", {"id": "a"}), "required", "device.token"),
    (person("add_device", {"id": "a"}, device={"token": "t"}), "invalid", "device.platform"),
    ({"type": "person", "action": "merge", "primary": {"id": "a"}}, "required", "secondary"),
    (
        {"type": "person", "action": "merge", "primary": {"id": True}, "secondary": {"id": "a"}},
        "invalid",
        "primary.id",
    ),
    (thing("identify", "1", ""), "required", "identifiers.object_id"),
    ({"type": "object", "action": "delete", "identifiers": {"object_id": "x"}}, "invalid", "identifiers"),
    (thing("add_relationships", "1", "x"), "required", "cio_relationships"),
    (
        thing("add_relationships", "1", "x", cio_relationships=[{}]),
        "required",
        "cio_relationships.identifiers",
    ),
    ({"type": "delivery", "action": "event", "identifiers": {"id": "x"}, "name": "y"}, "invalid", "name"),
]


@pytest.mark.parametrize(("op", "reason", "field"), WRONG)
def test_each_wrong_operation(track: httpx.Client, op: object, reason: str, field: str) -> None:
    """Alone it is a 400, in a batch a 207 of its place, with the same words."""
    alone = track.post("/api/v2/entity", json=op)
    (error,) = alone.json()["errors"]
    together = _send(track, person("identify", {"id": "good"}), op)  # type: ignore[arg-type]

    assert alone.status_code == 400
    assert (error["reason"], error["field"]) == (reason, field)
    assert together.status_code == 207
    assert together.json()["errors"] == [{"batch_index": 1, **error}]


def test_a_value_has_at_most_a_thousand_bytes(small: Sandbox, track: httpx.Client) -> None:
    """Bytes are counted, not characters; a longer value refuses its whole operation at once."""
    fits, over = {"bio": "é" * 500, "n": 1}, {"bio": "é" * 500 + "x", "n": 2}
    error = {
        "reason": "invalid",
        "field": "attributes.bio",
        "message": "property value cannot be longer than 1000 bytes",
    }
    both = [person("identify", {"id": "ann"}, attributes=given) for given in (fits, over)]

    assert _send(track, *both).json() == {"errors": [{"batch_index": 1, **error}]}
    alone = track.post("/api/v2/entity", json=both[1])
    assert (alone.status_code, alone.json()) == (400, {"errors": [error]})
    assert attributes(small, id="ann")["n"] == "1"


def test_an_anonymous_item_changes_the_person_who_has_the_id(small: Sandbox, track: httpx.Client) -> None:
    """It creates no person; a person who has the anonymous id gets its attributes."""
    item = person("identify", {"anonymous_id": 77}, attributes={"city": "Rome"})
    _send(track, item, person("identify", {"id": "ann"}, attributes={"anonymous_id": "77"}))
    assert attributes(small, id="ann") == {"anonymous_id": "77"}

    _send(track, item)
    assert attributes(small, id="ann") == {"anonymous_id": "77", "city": "Rome"}


@pytest.mark.parametrize(
    ("event_ids", "status", "events"), [("accept", 200, 2), ("dedupe", 200, 1), ("refuse", 207, 0)]
)
def test_a_knob_decides_about_ids_that_are_no_ulid(
    small: Sandbox, track: httpx.Client, event_ids: str, status: int, events: int
) -> None:
    """By default such an event is accepted, and its repeat too; a ULID counts once in any case."""
    small.knobs.set({"event_ids": event_ids})
    _send(track, person("identify", {"id": "ann"}))
    ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    def send(event_id: str, name: str) -> int:
        return _send(track, person("event", {"id": "ann"}, name=name, id=event_id)).status_code

    assert [send("6fd1ab03-6b8b", "other") for _ in range(2)] == [status, status]
    assert [send(given, "ulid") for given in (ulid, ulid.lower())] == [200, 200]
    names = [row["name"] for row in acts(small, "event") if row["customer_id"] == "ann"]
    assert (names.count("other"), names.count("ulid")) == (events, 1)
    if event_ids == "accept":
        assert outcomes(small)[1] == ("applied", "the id is no ULID: a repeat of this event counts again")


def test_one_operation(small: Sandbox, track: httpx.Client) -> None:
    """`/entity` accepts the same operations as a batch."""
    op = person("identify", {"email": "a@example.com"}, attributes={"id": "ann", "x": 1})

    assert track.post("/api/v2/entity", json=op).content == b"{}\n"
    assert attributes(small, id="ann") == {"x": "1"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"batch": {}}', b'{"batch": []}', b'{"other": []}'])
def test_a_body_that_is_no_batch_is_refused_whole(track: httpx.Client, body: bytes) -> None:
    """400, with errors that have no place."""
    response = track.post("/api/v2/batch", content=body)

    assert response.status_code == 400
    assert all("batch_index" not in error for error in response.json()["errors"])


def test_a_knob_refuses_the_whole_batch(small: Sandbox, track: httpx.Client) -> None:
    """With it one invalid operation is a 400 for all."""
    small.knobs.batch_whole = True

    assert _send(track, person("identify", {"id": "ann"}), {}).status_code == 400
    assert profile(small, id="ann") is None


def test_sizes(small: Sandbox, track: httpx.Client) -> None:
    """500,000 bytes of a body and 32,000 of an operation pass, one more does not."""

    def operation(size: int) -> bytes:
        op = person("event", {"id": "ann"}, name="n", attributes={"x": ""})
        room = size - len(orjson.dumps(op))
        return orjson.dumps({**op, "attributes": {"x": "x" * room}})

    def batch(*ops: bytes) -> httpx.Response:
        return track.post("/api/v2/batch", content=b'{"batch":[' + b",".join(ops) + b"]}")

    around = len(b'{"batch":[]}') + 16
    full = [operation(30_000)] * 16
    assert batch(*full, operation(500_000 - 16 * 30_000 - around)).status_code == 200
    assert batch(*full, operation(500_001 - 16 * 30_000 - around)).status_code == 413
    assert batch(operation(32_000)).status_code == 200
    assert batch(operation(32_001)).status_code == 413
    assert track.post("/api/v2/entity", content=operation(32_000)).status_code == 200
    small.knobs.oversize_status = 400
    response = track.post("/api/v2/entity", content=operation(32_001))
    assert (response.status_code, response.json()["errors"][0]["reason"]) == (400, "too_large")


def test_update_only_is_silent_here(small: Sandbox, track: httpx.Client) -> None:
    """In version 2 an update of an unknown person shows only in the log of writes."""
    _send(track, person("identify", {"id": "ann"}, attributes={"_update": True, "plan": "pro"}))

    assert outcomes(small) == [("dropped", "there is no such person to update")]
    assert not acts(small, "failed_attribute_change")


def test_the_door_between_the_versions(small: Sandbox, track: httpx.Client) -> None:
    """Every kind of operation on a person works in a batch."""
    device = {"token": "t", "platform": "android"}
    _send(
        track,
        person("identify", {"id": "ann"}, cio_relationships=[{"identifiers": _co("acme")}]),
        person("identify", {"id": "bob"}),
        person("identify", {"id": "cat"}),
        person("add_device", {"id": "ann"}, device=device),
        person("page", {"id": "ann"}, name="/home"),
        person("screen", {"id": "ann"}, name="Home"),
        person("delete_relationships", {"id": "ann"}, cio_relationships=[{"identifiers": _co("acme")}]),
        person("add_relationships", {"id": "ann"}, cio_relationships=[{"identifiers": _co("borealis")}]),
        {"type": "person", "action": "merge", "primary": {"id": "ann"}, "secondary": {"id": "bob"}},
        person("suppress", {"id": "cat"}),
        person("identify", {"id": "cat"}),
        person("unsuppress", {"id": "cat"}),
        person("identify", {"id": "cat"}),
        person("delete_device", {"id": "ann"}, device={"token": "t"}),
        person("delete", {"id": "cat"}),
    )

    assert [outcome for outcome, _ in outcomes(small)].count("dropped") == 1
    assert profile(small, id="bob") is profile(small, id="cat") is None
    assert [row["object_id"] for row in small.rows("relationships") if row["id"] == "ann"] == ["borealis"]
    assert acts(small, "screen")[0]["name"] == "Home"


def _co(object_id: str) -> Row:
    return {"object_type_id": "1", "object_id": object_id}


def test_a_delivery_reports_of_a_device(small: Sandbox, track: httpx.Client) -> None:
    """An operation on a delivery gives it a metric."""
    row = next(row for row in small.rows("messages") if "opened" not in row["metrics"])
    op = {
        "type": "delivery",
        "action": "event",
        "identifiers": {"id": row["id"]},
        "name": "opened",
        "attributes": {"device_token": "t"},
    }
    _send(track, op)

    after = next(found for found in small.rows("messages") if found["id"] == row["id"])
    assert after["metrics"]["opened"] == small.clock.now()


def test_seven_of_a_hundred_are_lost(small: Sandbox, track: httpx.Client) -> None:
    """Lost writes are answered as accepted; activities and the log of writes show them."""
    small.knobs.drop_every = 14
    response = _send(track, *(person("identify", {"id": f"p{n}"}, attributes={"n": n}) for n in range(100)))

    assert (response.status_code, response.json()) == (200, {})
    there = {row["id"] for row in small.rows("people")}
    missing = [n for n in range(100) if f"p{n}" not in there]
    assert missing == [13, 27, 41, 55, 69, 83, 97]
    failed = [row["data"]["identifiers"]["id"] for row in acts(small, "failed_attribute_change")]
    assert sorted(failed) == sorted(f"p{n}" for n in missing)
    lost = [row["op"]["identifiers"]["id"] for row in small.writes() if row["outcome"] == "dropped"]
    assert lost == [f"p{n}" for n in missing]


def test_faults_lose_and_refuse_by_place(small: Sandbox, track: httpx.Client) -> None:
    """A fault names the operations of the calls that it hits."""
    small.faults.add(Fault(operation="batch", drop_items=(0,), refuse_items=(2, 9)))
    ops = [person("identify", {"id": name}) for name in ("ann", "bob", "cat")]
    events = [person("event", {"id": "bob"}, name="bought")]

    response = _send(track, *ops)
    assert response.status_code == 207
    assert [error["batch_index"] for error in response.json()["errors"]] == [2]
    assert {row["id"] for row in small.rows("people")} & {"ann", "bob", "cat"} == {"bob"}

    small.faults.add(Fault(operation="batch", drop_items=(0,)))
    _send(track, *events)
    assert acts(small, "failed_event")[0]["data"]["name"] == "bought"
    assert _send(track, *ops).status_code == 200


def test_the_log_is_what_came(small: Sandbox, track: httpx.Client, small_served: Served) -> None:
    """The control route lists accepted operations as received; the oldest are removed."""
    op = person("identify", {"id": "ann"}, attributes={"z": 1, "a": None})
    _send(track, op, {})
    lines = httpx.get(f"{small_served.control_url}/_sandbox/writes", trust_env=False).content.splitlines()
    (row,) = [orjson.loads(line) for line in lines]
    at = small.clock.now()
    assert row == {
        "number": 1, "arrived": at, "call": "batch", "op": op, "outcome": "applied", "reason": "",
    }  # fmt: skip

    small.knobs.keep_writes = 3
    _send(track, *(person("identify", {"id": str(n)}) for n in range(5)))
    assert [row["number"] for row in small.writes()] == [4, 5, 6]


def test_a_large_batch_is_taken_quickly(small: Sandbox, track: httpx.Client) -> None:
    """A batch of a thousand updates is accepted, and the one before it applied, in less than a second."""

    def body(start: int) -> bytes:
        given = {"plan": "pro", "score": 7, "active": True, "city": "Paris"}
        numbers = range(start, start + 1000)
        ops = [
            person("identify", {"id": f"p{n}"}, attributes={**given, "email": f"p{n}@e.com"}) for n in numbers
        ]
        return orjson.dumps({"batch": ops})

    bodies, took = [body(start) for start in range(0, 5000, 1000)], []
    for content in bodies:
        began = time.perf_counter()
        assert track.post("/api/v2/batch", content=content).status_code == 200
        took.append(time.perf_counter() - began)

    assert sum(row["id"].startswith("p") for row in small.rows("people")) == 5000
    assert min(took[1:]) < 0.25
