"""Only rows whose payload changed are sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

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


def test_history_stays_history(pushing: Pushing) -> None:
    """An event before the first run is not sent, even if its person is created later."""
    rows = [{"k": "a", "who": "later", "at": _AT, "name": "n"}]
    spec = pushing.declare("events", rows, **_EVENT)
    assert 1 == pushing.push(spec).plan.counts["assume"]
    pushing.push(pushing.declare("users", [{"user_id": "later", "plan": "x"}], **_PERSON_PLAN))
    assert 0 == pushing.push(spec).plan.sends


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
