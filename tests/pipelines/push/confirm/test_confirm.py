"""Rows that Customer.io accepted and dropped are found."""

from collections.abc import Sequence
from typing import Any

from pipelines.push import PushSpec
from pipelines.push.journal.database import SCHEMA
from tests.pipelines.push.conftest import Pushing, Row


def _plans(pushing: Pushing) -> dict[str, str]:
    return {
        user: row["plan"] for user, row in pushing.people().items() if user.startswith(("u0", "u1", "u2"))
    }


def _rows(count: int, plan: str = "x") -> list[Row]:
    return [{"user_id": f"u{number:04}", "plan": plan} for number in range(count)]


def _users(pushing: Pushing, rows: Sequence[Row], **what: Any) -> PushSpec:
    return pushing.declare(
        "users",
        rows,
        object="person",
        mode="upsert",
        person={"id": "user_id"},
        fields={"plan": "text"},
        **what,
    )


def test_seven_of_a_hundred_are_dropped_silently(pushing: Pushing) -> None:
    """Rows that were answered with 200 and dropped are found with their reason, and sent again."""
    pushing.sandbox.knobs.drop_every = 14
    spec = _users(pushing, _rows(100))
    result = pushing.push(spec)
    assert not result.complete
    assert result.run is not None
    assert (93, 7) == (result.run.confirmation.confirmed, result.run.confirmation.dropped)
    assert {"confirmed": 93, "dropped": 7} == pushing.states()
    reasons = pushing.query(f"SELECT DISTINCT reason FROM {SCHEMA}.rows WHERE state = 'dropped'")
    assert [("failed_attribute_change: the write was lost on its way",)] == reasons
    pushing.sandbox.knobs.drop_every = 0
    again = pushing.push(spec)
    assert 7 == again.plan.sends
    assert again.complete
    assert 100 == len(_plans(pushing))
    assert 0 == pushing.push(spec).plan.sends
