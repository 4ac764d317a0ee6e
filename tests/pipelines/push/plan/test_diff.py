"""Only rows whose payload changed are sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.push import plan_undo
from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
}  # fmt: skip


@pytest.mark.proof
def test_a_mapping_that_says_the_same_sends_nothing(pushing: Pushing) -> None:
    """A mapping of another column with equal payloads sends nothing."""
    pushing.push(
        pushing.declare(
            "users", "SELECT 'u' AS user_id, 1 AS seats", **{**_PERSON, "fields": {"seats": "integer"}}
        )
    )
    sql = "SELECT 'u' AS user_id, 1.0::DECIMAL(9, 2) AS places"
    fields = {"seats": {"type": "integer", "column": "places"}}
    assert 0 == pushing.push(pushing.declare("users", sql, **{**_PERSON, "fields": fields})).plan.sends
    more = {**_PERSON, "fields": fields, "unmapped": "send"}
    assert (
        1 == pushing.plan(pushing.declare("users", f"{sql}, DATE '2026-01-01' AS d", **more)).counts["change"]
    )


_AT = datetime(2020, 1, 1, tzinfo=UTC)


_EVENT: dict[str, Any] = {
    "object": "event", "mode": "append", "person": {"id": "who"}, "key": "k",
    "event": {"name_column": "name", "at": "at"},
}  # fmt: skip


_PERSON_PLAN: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"}, "fields": {"plan": "text"},
}  # fmt: skip


@pytest.mark.proof
def test_history_stays_history(pushing: Pushing) -> None:
    """An event before the first run is not sent, even if its person is created later."""
    rows = [{"k": "a", "who": "later", "at": _AT, "name": "n"}]
    spec = pushing.declare("events", rows, **_EVENT)
    assert 1 == pushing.push(spec).plan.counts["assume"]
    pushing.push(pushing.declare("users", [{"user_id": "later", "plan": "x"}], **_PERSON_PLAN))
    assert 0 == pushing.push(spec).plan.sends


@pytest.mark.proof
def test_a_device_that_changes_hands(pushing: Pushing) -> None:
    """A device that changes its person is removed from one and added to the other."""
    one, other = pushing.ids()[:2]
    what: dict[str, Any] = {
        "object": "device", "mode": "mirror", "person": {"id": "who"},
        "device": {"token": "t", "platform": "p"},
    }  # fmt: skip
    pushing.push(pushing.declare("phones", [{"who": one, "t": "T", "p": "ios"}], **what))
    result = pushing.push(pushing.declare("phones", [{"who": other, "t": "T", "p": "ios"}], **what))
    assert (1, 1) == (result.plan.counts["add"], result.plan.counts["remove"])
    people = {
        row["id"]: [each["id"] for each in row["devices"] or ()] for row in pushing.sandbox.rows("people")
    }
    assert (False, True) == ("T" in people[one], "T" in people[other])


_LEAVING: dict[str, dict[str, Any]] = {
    "device": {"mode": "upsert", "device": {"token": "token", "platform": "platform"}},
    "segment": {"mode": "append", "segment": "A", "first_run": "all"},
    "relationship": {"mode": "upsert", "object_type_id": "1", "object_id": "company"},
}


@pytest.mark.proof
@pytest.mark.parametrize("kind", _LEAVING)
def test_a_row_that_left_the_model_is_sent_again_when_it_returns(pushing: Pushing, kind: str) -> None:
    """A device, member or relationship may have been removed or moved while the model did not have it."""
    pushing.sandbox.add("segments", name="A", type="manual")
    company = next(iter(pushing.sandbox.rows("objects")))
    rows = [
        {"who": who, "token": f"t-{who}", "platform": "ios", "company": company["object_id"]}
        for who in pushing.ids()[:3]
    ]
    what = {**_LEAVING[kind], "object": kind, "person": {"id": "who"}, "unmapped": "ignore"}
    if kind == "relationship":
        what["object_type_id"] = str(company["object_type_id"])
    for left, leavers, sends in ((3, 0, 3), (2, 1, 0), (2, 0, 0), (3, 0, 1), (3, 0, 0)):
        result = pushing.push(pushing.declare("some", rows[:left], **what))
        assert (leavers, sends, True) == (result.plan.leavers, result.plan.sends, result.complete)


@pytest.mark.proof
def test_a_run_whose_row_left_the_model_can_be_undone(pushing: Pushing) -> None:
    """The model is corrected, a run forgets the member, and an undo of the run that added it removes it."""
    pushing.sandbox.add("segments", name="A", type="manual")
    what = {**_LEAVING["segment"], "object": "segment", "person": {"id": "who"}}
    rows = [{"who": who} for who in pushing.ids()[:2]]
    run = pushing.push(pushing.declare("some", rows, **what)).run
    assert run is not None
    corrected = pushing.declare("some", rows[:1], **what)
    pushing.push(corrected)
    assert 2 == plan_undo(pushing.settings, corrected, run.run_id).sends


@pytest.mark.proof
def test_an_attribute_that_left_the_fields_is_named_until_it_is_cleared(pushing: Pushing) -> None:
    """It stays in Customer.io, which the plan says; with `nulls: clear` it is removed."""
    sql = "SELECT 'u1' AS user_id, {}::VARCHAR AS plan, {}::VARCHAR AS tier"
    what: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "user_id"}}
    both = {"plan": "text", "tier": "text"}
    pushing.push(pushing.declare("users", sql.format("'x'", "'gold'"), fields=both, **what))
    left = pushing.declare(
        "users", sql.format("'x'", "'gold'"), fields={"plan": "text"}, unmapped="ignore", **what
    )
    assert {"tier": 1} == pushing.plan(left).unmapped
    pushing.push(left)
    assert "gold" == pushing.people()["u1"]["tier"]
    cleared = {"plan": "text", "tier": {"type": "text", "nulls": "clear"}}
    assert (
        {}
        == pushing.push(
            pushing.declare("users", sql.format("'x'", "NULL"), fields=cleared, **what)
        ).plan.unmapped
    )
    assert "tier" not in pushing.people()["u1"]
