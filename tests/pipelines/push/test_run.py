"""The rows of a model arrive in Customer.io and come back by a sync: for every kind and mode."""

from typing import Any

import pytest

from pipelines.push import PushOptions, PushSpec
from sources.customerio.catalogue import resource
from sources.customerio.client import ConfigError
from tests.pipelines.push.conftest import Pushing, Row


def _twice(pushing: Pushing, spec: PushSpec) -> None:
    """Run a push whose rows all arrive, and run it again, which sends nothing."""
    result = pushing.push(spec)
    assert result.brakes == ()
    assert result.run is not None
    assert result.complete, result.document
    before = pushing.requests()
    again = pushing.push(spec)
    assert again.run is None
    assert 0 == again.plan.sends
    assert before == pushing.requests()


def _in_the_warehouse(pushing: Pushing) -> dict[str, dict[str, Any]]:
    """The synced people by id, with their attributes."""
    pushing.warehouse.sync("people", full=True)
    rows = pushing.warehouse.rows(resource("people")).values()
    return {row["id"]: row["attributes"] for row in rows if row["id"]}


def _person(number: int) -> Row:
    return {
        "user_id": f"user {number}/é",
        "email": f"User{number}@example.com",
        "plan": f"plan {number % 3}",
        "ltv": number * 1.5,
        "seats": number,
        "active": number % 2 == 0,
        "tags": [f"a{number}", "b"],
    }


_FIELDS = {
    "email": "text",
    "plan": "text",
    "ltv": "number",
    "seats": "integer",
    "active": "boolean",
    "tags": "list",
}


@pytest.mark.proof
def test_people(pushing: Pushing) -> None:
    """New people arrive with every attribute, changed ones change, and a sync brings back the rows."""
    rows = [_person(number) for number in range(30)]
    what: dict[str, Any] = {
        "object": "person",
        "mode": "upsert",
        "person": {"id": "user_id"},
        "fields": _FIELDS,
    }
    _twice(pushing, pushing.declare("users", rows, **what))
    rows = [{**row, "plan": "changed"} if number < 7 else row for number, row in enumerate(rows)]
    spec = pushing.declare("users", rows, **what)
    assert {"change": 7, "unchanged": 23} == {name: n for name, n in pushing.plan(spec).counts.items() if n}
    _twice(pushing, spec)
    assert 37 == len(pushing.sandbox.writes())
    there = _in_the_warehouse(pushing)
    for row in rows:
        held = there[row["user_id"]]
        assert row["email"] == held["email"]
        assert row["plan"] == held["plan"]
        assert row["ltv"] == float(held["ltv"])
        assert str(row["seats"]) == held["seats"]
        assert str(row["active"]).lower() == held["active"]
        assert f'["{row["tags"][0]}","b"]' == held["tags"].replace(", ", ",")


@pytest.mark.proof
def test_people_by_email(pushing: Pushing) -> None:
    """An email identifies a person in any case."""
    rows = [{"mail": f"NEW{number}@Example.com", "plan": "x"} for number in range(5)]
    what: dict[str, Any] = {
        "object": "person",
        "mode": "upsert",
        "person": {"email": "mail"},
        "fields": {"plan": "text"},
    }
    _twice(pushing, pushing.declare("mails", rows, **what))
    lower = [{**row, "mail": row["mail"].lower()} for row in rows]
    assert 0 == pushing.plan(pushing.declare("mails", lower, **what)).counts["add"]


@pytest.mark.proof
def test_update_only(pushing: Pushing) -> None:
    """Existing people are updated; others are neither created nor sent."""
    known = pushing.ids()[:5]
    rows = [{"user_id": user, "plan": "gold"} for user in (*known, "nobody")]
    spec = pushing.declare(
        "gold", rows, object="person", mode="update_only", person={"id": "user_id"}, fields={"plan": "text"}
    )
    assert 1 == pushing.plan(spec).counts["invalid"]
    _twice(pushing, spec)
    assert "nobody" not in pushing.people()
    assert {"gold"} == {pushing.people()[user]["plan"] for user in known}


@pytest.mark.proof
def test_mirror_of_people(pushing: Pushing) -> None:
    """People who leave the model are deleted once the plan is approved; no others are."""
    rows = [{"user_id": f"m{number}", "plan": "x"} for number in range(10)]
    what: dict[str, Any] = {
        "object": "person",
        "mode": "mirror",
        "person": {"id": "user_id"},
        "fields": {"plan": "text"},
    }
    before = set(pushing.ids())
    _twice(pushing, pushing.declare("mirrored", rows, **what))
    spec = pushing.declare("mirrored", rows[:7], **what)
    stopped = pushing.push(spec)
    assert {"approval"} == {brake.name for brake in stopped.brakes}
    result = pushing.approved(spec)
    assert result.complete
    assert 3 == result.plan.counts["remove"]
    assert before | {row["user_id"] for row in rows[:7]} == set(pushing.ids())
    assert 0 == pushing.push(spec).plan.sends


@pytest.mark.proof
def test_events(pushing: Pushing) -> None:
    """Events arrive once, with their names, times and data; new ones follow."""
    known = pushing.ids()[:3]
    rows = [
        {"order": f"o{number}", "who": known[number % 3], "at": _moment(number), "total": number * 2}
        for number in range(12)
    ]
    what: dict[str, Any] = {
        "object": "event", "mode": "append", "person": {"id": "who"}, "key": "order", "first_run": "all",
        "event": {"name": "order placed", "at": "at"}, "fields": {"order": "text", "total": "integer"},
    }  # fmt: skip
    _twice(pushing, pushing.declare("orders", rows[:8], **what))
    _twice(pushing, pushing.declare("orders", rows, **what))
    pushing.warehouse.sync("activities")
    found = [
        row
        for row in pushing.warehouse.rows(resource("activities")).values()
        if row["type"] == "event" and row["name"] == "order placed"
    ]
    expected = {(row["order"], row["who"], int(row["at"].timestamp()), row["total"]) for row in rows}
    assert len(rows) == len(found)
    assert expected == {
        (row["data"]["order"], row["customer_id"], row["timestamp"], row["data"]["total"]) for row in found
    }


def _moment(number: int) -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 10, 10, 8, number, tzinfo=UTC)


@pytest.mark.proof
def test_the_first_run_of_events_sends_none(pushing: Pushing) -> None:
    """The first run sends no events by default, since they would start campaigns; later events are sent."""
    known = pushing.ids()[0]
    rows = [{"order": f"o{number}", "who": known, "at": _moment(number)} for number in range(10)]
    what: dict[str, Any] = {
        "object": "event", "mode": "append", "person": {"id": "who"}, "key": "order",
        "event": {"name": "order placed", "at": "at"},
    }  # fmt: skip
    first = pushing.push(pushing.declare("orders", rows[:6], **what))
    assert 6 == first.plan.counts["assume"]
    assert 0 == pushing.requests()
    assert 4 == pushing.push(pushing.declare("orders", rows, **what)).plan.counts["add"]
    since = {**what, "first_run": "since 2026-10-10T08:04"}
    assert 6 == pushing.plan(pushing.declare("others", rows, **since)).counts["add"]


@pytest.mark.proof
def test_devices(pushing: Pushing) -> None:
    """A mirror of devices adds, changes and removes them."""
    known = pushing.ids()[:2]
    rows = [
        {"who": known[number % 2], "token": f"t{number}", "platform": "ios", "version": f"1.{number}"}
        for number in range(4)
    ]
    what: dict[str, Any] = {
        "object": "device", "mode": "mirror", "person": {"id": "who"},
        "fields": {"app_version": {"type": "text", "column": "version"}},
        "device": {"token": "token", "platform": "platform"},
    }  # fmt: skip
    _twice(pushing, pushing.declare("phones", rows, **what))
    _twice(pushing, pushing.declare("phones", [{**rows[0], "version": "2"}, *rows[1:3]], **what))
    devices = {
        device["id"]: (row["id"], device["attributes"].get("app_version"))
        for row in pushing.sandbox.rows("people")
        for device in row["devices"] or ()
    }
    assert (known[0], "2") == devices["t0"]
    assert {"t0", "t1", "t2"} == {token for token in devices if token in {"t0", "t1", "t2", "t3"}}


@pytest.mark.proof
def test_objects_and_relationships(pushing: Pushing) -> None:
    """Objects and relationships are added, changed and removed."""
    companies = [
        {"company": f"c{number}", "name": f"Company {number}", "seats": number} for number in range(4)
    ]
    what: dict[str, Any] = {
        "object": "object", "mode": "mirror", "object_type_id": "1", "object_id": "company",
        "fields": {"name": "text", "seats": "integer"},
    }  # fmt: skip
    _twice(pushing, pushing.declare("companies", companies, **what))
    members = [
        {"company": f"c{number % 4}", "who": who, "role": "admin"}
        for number, who in enumerate(pushing.ids()[:8])
    ]
    related: dict[str, Any] = {
        "object": "relationship", "mode": "mirror", "object_type_id": "1", "object_id": "company",
        "person": {"id": "who"}, "fields": {"role": "text"},
    }  # fmt: skip
    _twice(pushing, pushing.declare("members", members, **related))
    _twice(pushing, pushing.declare("members", [{**members[0], "role": "owner"}, *members[1:6]], **related))
    pushing.approved(pushing.declare("companies", [{**companies[0], "seats": 9}, *companies[1:3]], **what))
    pushing.warehouse.sync("people", "objects", "relationships", full=True)
    objects = {
        row["object_id"]: row["attributes"]
        for row in pushing.warehouse.rows(resource("objects")).values()
        if row["object_id"] in {"c0", "c1", "c2", "c3"}
    }
    assert {"c0": 9, "c1": 1, "c2": 2} == {key: row["seats"] for key, row in objects.items()}
    by_cio_id = {row["cio_id"]: row["id"] for row in pushing.warehouse.rows(resource("people")).values()}
    pairs = {
        (row["object_id"], by_cio_id[row["cio_id"]])
        for row in pushing.warehouse.rows(resource("relationships")).values()
        if row["object_id"] in {"c0", "c1", "c2", "c3"}
    }
    assert {(row["company"], row["who"]) for row in members[:6] if row["company"] != "c3"} == pairs


@pytest.fixture
def segment(pushing: Pushing) -> int:
    """A manual segment without members."""
    return int(pushing.sandbox.add("segments", name="VIPs", type="manual"))


@pytest.mark.proof
def test_mirror_of_a_segment(pushing: Pushing, segment: int) -> None:
    """The segment's members are the model's rows, also after members were edited in Customer.io."""
    known = pushing.ids()
    what: dict[str, Any] = {
        "object": "segment", "mode": "mirror", "segment": "VIPs", "person": {"id": "who"}, "first_run": "all",
    }  # fmt: skip
    spec = pushing.declare("vips", [{"who": who} for who in known[:10]], **what)
    _twice(pushing, spec)
    assert set(known[:10]) == _members(pushing, segment)
    pushing.sandbox.join_segment(segment, known[11])
    pushing.sandbox.leave_segment(segment, known[0])
    _twice(pushing, pushing.declare("vips", [{"who": who} for who in known[:9]], **what))
    assert set(known[:9]) == _members(pushing, segment)


@pytest.mark.proof
def test_a_mirror_may_leave_others_alone(pushing: Pushing, segment: int) -> None:
    """With keep_others, members that this push did not add stay."""
    known = pushing.ids()
    what: dict[str, Any] = {
        "object": "segment", "mode": "mirror", "segment": segment, "person": {"id": "who"},
        "first_run": "all",
        "keep_others": True,
    }  # fmt: skip
    pushing.sandbox.join_segment(segment, known[11])
    _twice(pushing, pushing.declare("vips", [{"who": who} for who in known[:4]], **what))
    _twice(pushing, pushing.declare("vips", [{"who": who} for who in known[:3]], **what))
    assert {*known[:3], known[11]} == _members(pushing, segment)


@pytest.mark.proof
def test_append_to_a_segment(pushing: Pushing, segment: int) -> None:
    """Members are added and never removed."""
    known = pushing.ids()
    what: dict[str, Any] = {
        "object": "segment", "mode": "append", "segment": segment, "person": {"id": "who"},
        "first_run": "all",
    }  # fmt: skip
    _twice(pushing, pushing.declare("vips", [{"who": who} for who in known[:4]], **what))
    _twice(pushing, pushing.declare("vips", [{"who": who} for who in known[3:6]], **what))
    assert set(known[:6]) == _members(pushing, segment)


def _members(pushing: Pushing, segment: int) -> set[str]:
    return {row["id"] for row in pushing.sandbox.rows("segment_memberships") if row["segment_id"] == segment}


@pytest.mark.proof
def test_suppressions(pushing: Pushing) -> None:
    """Suppressing needs approval; suppressed people get no rows; leaving the mirror ends it."""
    known = pushing.ids()[:3]
    what: dict[str, Any] = {"object": "suppression", "mode": "mirror", "person": {"id": "who"}}
    spec = pushing.declare("erased", [{"who": who} for who in known], **what)
    assert {"approval"} == {brake.name for brake in pushing.push(spec).brakes}
    assert pushing.approved(spec).complete
    assert not set(known) & set(pushing.ids())
    assert 0 == pushing.push(spec).plan.sends
    people = pushing.declare(
        "people",
        [{"who": known[0], "plan": "x"}],
        object="person",
        mode="upsert",
        person={"id": "who"},
        fields={"plan": "text"},
    )
    assert {"the person is suppressed"} == {row["reason"] for row in pushing.plan(people).invalid}
    assert pushing.push(pushing.declare("erased", [{"who": who} for who in known[1:]], **what)).complete
    assert 1 == pushing.push(people).plan.counts["add"]
    assert known[0] in pushing.ids()


def test_only_a_plan_can_be_approved() -> None:
    """An approval without a plan is refused."""
    with pytest.raises(ConfigError, match="name it"):
        PushOptions(approve=True)
