"""An undo restores the state before a run; rows that cannot be undone are counted and left alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import PlanChanged
from pipelines.push import PushSpec, plan_undo, undo_run
from sources.customerio.client import ConfigError
from tests.pipelines.push.conftest import Pushing

_FIELDS = {"plan": "text", "seats": "integer"}
_PERSON: dict[str, Any] = {
    "object": "person",
    "mode": "upsert",
    "person": {"id": "user_id"},
    "fields": _FIELDS,
}


def _run_id(result: Any) -> str:
    assert result.run is not None
    return str(result.run.run_id)


def _undo(pushing: Pushing, spec: PushSpec, run_id: str) -> dict[str, int]:
    """Undo a run by its plan; returns the rows that were left alone, by reason."""
    made = plan_undo(pushing.settings, spec, run_id)
    again, carried = undo_run(pushing.settings, spec, run_id, made.plan_id)
    assert again == made
    if made.sends:
        assert carried is not None
        assert carried.complete, carried.document
        assert made.sends == carried.delivery.accepted
    return made.left_alone


@pytest.mark.proof
def test_people_are_as_they_were(pushing: Pushing) -> None:
    """Attributes of existing people are restored or cleared; people who were created stay."""
    known = pushing.ids()[:4]
    before = {user: pushing.people()[user] for user in known}
    rows = [{"user_id": user, "plan": "gold", "seats": 5} for user in (*known, "made")]
    spec = pushing.declare("users", rows, **_PERSON)
    run_id = _run_id(pushing.push(spec))
    assert {"gold"} == {pushing.people()[user]["plan"] for user in known}
    assert {"people that were added cannot be undone": 1} == _undo(pushing, spec, run_id)
    assert before == {user: pushing.people()[user] for user in known}
    assert "made" in pushing.people()


@pytest.mark.proof
def test_changes_go_back_to_the_push_before(pushing: Pushing) -> None:
    """The second of two pushes is undone; people who were edited since are left alone."""
    known = pushing.ids()[:3]
    spec = pushing.declare(
        "users", [{"user_id": user, "plan": "one", "seats": None} for user in known], **_PERSON
    )
    pushing.push(spec)
    spec = pushing.declare(
        "users", [{"user_id": user, "plan": "two", "seats": 2} for user in known], **_PERSON
    )
    second = _run_id(pushing.push(spec))
    edited = next(
        row["identifiers"]["cio_id"] for row in pushing.sandbox.rows("people") if row["id"] == known[0]
    )
    pushing.sandbox.edit("people", edited, plan="by hand")
    assert {"edited since": 1} == _undo(pushing, spec, second)
    there = pushing.people()
    assert [("by hand", "2"), ("one", None), ("one", None)] == [
        (there[user]["plan"], there[user].get("seats")) for user in known
    ]
    assert {"edited since": 3} == _undo(pushing, spec, second)
    assert 2 == pushing.push(spec).plan.sends, "the model still says two"


@pytest.mark.proof
def test_members_and_devices_turn_round(pushing: Pushing) -> None:
    """Members and devices that were added are removed, and removed ones are added."""
    known = pushing.ids()
    segment = int(pushing.sandbox.add("segments", name="VIPs", type="manual"))
    vips: dict[str, Any] = {
        "object": "segment", "mode": "mirror", "segment": segment, "person": {"id": "who"},
        "first_run": "all",
    }  # fmt: skip
    pushing.push(pushing.declare("vips", [{"who": who} for who in known[:4]], **vips))
    spec = pushing.declare("vips", [{"who": who} for who in known[2:6]], **vips)
    assert {} == _undo(pushing, spec, _run_id(pushing.push(spec)))
    members = {
        row["id"] for row in pushing.sandbox.rows("segment_memberships") if row["segment_id"] == segment
    }
    assert set(known[:4]) == members
    phones: dict[str, Any] = {
        "object": "device", "mode": "mirror", "person": {"id": "who"},
        "device": {"token": "t", "platform": "p"},
    }  # fmt: skip
    pushing.push(pushing.declare("phones", [{"who": known[0], "t": "one", "p": "ios"}], **phones))
    spec = pushing.declare("phones", [{"who": known[0], "t": "two", "p": "ios"}], **phones)
    assert {} == _undo(pushing, spec, _run_id(pushing.push(spec)))
    tokens = {device["id"] for row in pushing.sandbox.rows("people") for device in row["devices"] or ()}
    assert {"one"} == tokens & {"one", "two"}


@pytest.mark.proof
def test_events_and_deletions_cannot_be_undone(pushing: Pushing) -> None:
    """For events and deletions nothing is sent, and the plan gives the reason."""
    rows = [
        {"k": str(number), "who": pushing.ids()[0], "at": datetime(2026, 10, 1, tzinfo=UTC)}
        for number in range(3)
    ]
    spec = pushing.declare(
        "events", rows, object="event", mode="append", key="k", person={"id": "who"}, first_run="all",
        event={"name": "did", "at": "at"},
    )  # fmt: skip
    run_id = _run_id(pushing.push(spec))
    before = pushing.requests()
    assert {"events that were added cannot be undone": 3} == _undo(pushing, spec, run_id)
    mirror = {**_PERSON, "mode": "mirror"}
    people = [{"user_id": f"m{number}", "plan": "x", "seats": 1} for number in range(3)]
    pushing.push(pushing.declare("people", people, **mirror))
    spec = pushing.declare("people", people[:2], **mirror)
    run_id = _run_id(pushing.approved(spec))
    assert {"people that were removed cannot be undone": 1} == _undo(pushing, spec, run_id)
    assert before + 2 == pushing.requests()


@pytest.mark.proof
def test_a_plan_is_needed_and_must_fit(pushing: Pushing) -> None:
    """An outdated plan is refused, and so is an unknown run."""
    spec = pushing.declare("users", [{"user_id": "a", "plan": "x", "seats": 1}], **_PERSON)
    run_id = _run_id(pushing.push(spec))
    with pytest.raises(PlanChanged, match="nothing was sent"):
        undo_run(pushing.settings, spec, run_id, "000000000000")
    from pipelines.push import push_of

    assert "users" == push_of(pushing.settings, run_id)
    with pytest.raises(ConfigError, match="There is no run"):
        push_of(pushing.settings, "nothing")


_PERSON_PLAN: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"}, "fields": {"plan": "text"},
}  # fmt: skip


@pytest.mark.proof
def test_undo_restores_what_others_had_set(pushing: Pushing) -> None:
    """A field that is mapped later returns to its value before the first push."""
    user = next(user for user, row in pushing.people().items() if row.get("plan"))
    cio_id = next(row["identifiers"]["cio_id"] for row in pushing.sandbox.rows("people") if row["id"] == user)
    pushing.sandbox.edit("people", cio_id, seats="7")
    pushing.warehouse.sync("people", full=True)
    sql = f"SELECT '{user}' AS user_id, 'gold' AS plan"
    pushing.push(pushing.declare("users", sql, **_PERSON_PLAN))
    fields = {"plan": "text", "seats": "integer"}
    spec = pushing.declare("users", f"{sql}, 2 AS seats", **{**_PERSON_PLAN, "fields": fields})
    run_id = str(pushing.push(spec).document["run"]["run_id"])
    assert "2" == pushing.people()[user]["seats"]
    undo_run(pushing.settings, spec, run_id, plan_undo(pushing.settings, spec, run_id).plan_id)
    assert ("gold", "7") == (pushing.people()[user]["plan"], pushing.people()[user]["seats"])
