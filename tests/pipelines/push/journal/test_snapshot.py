"""The snapshot and the rejects follow the log of each run."""

from collections import Counter
from typing import Any

import pytest

from pipelines.push.journal.database import SCHEMA
from sources.customerio.client import RetryLater
from sources.customerio.sandbox import Fault
from tests.pipelines.push.conftest import Pushing, user_rows


@pytest.mark.proof
def test_a_row_that_is_refused_too_often_is_left_alone_until_it_changes(pushing: Pushing) -> None:
    """After its last attempt a row is a dead letter: it is not sent again until the model changes it."""
    pushing.sandbox.knobs.item_bytes = 400
    bad = [{"user_id": "u0001", "plan": "y" * 500}]
    spec = pushing.users(bad, deliver={"max_attempts": 2})
    assert [False, False] == [pushing.push(spec).complete for _ in range(2)]
    before = pushing.requests()
    third = pushing.push(spec)
    assert (0, 1) == (third.plan.sends, third.plan.counts["dead"])
    assert before == pushing.requests()
    assert pushing.push(pushing.users(user_rows(2))).complete
    assert [] == pushing.query(f"SELECT key FROM {SCHEMA}.rejects")


def _plans(pushing: Pushing) -> dict[str, str]:
    return {
        user: row["plan"] for user, row in pushing.people().items() if user.startswith(("u0", "u1", "u2"))
    }


def test_what_may_have_arrived_is_sent_again(pushing: Pushing) -> None:
    """A request whose answer never comes leaves its rows unknown; the next run sends the latest rows."""
    pushing.sandbox.faults.add(Fault(operation="batch", truncate=True, times=None))
    with pytest.raises(RetryLater):
        pushing.push(pushing.users(user_rows(10)), retry_for_s=0.0)
    assert {"unknown": 10} == pushing.states()
    pushing.sandbox.faults.clear()
    result = pushing.push(pushing.users(user_rows(8, plan="newer")))
    assert result.complete
    assert 8 == result.plan.counts["change"]
    assert {"newer": 8, "x": 2} == dict(Counter(_plans(pushing).values()))
    assert 0 == pushing.push(pushing.users(user_rows(8, plan="newer"))).plan.sends


def test_a_mirror_removes_what_may_have_arrived(pushing: Pushing) -> None:
    """A device that may have been added, and left the model since, is removed."""
    user = pushing.ids()[0]
    what: dict[str, Any] = {
        "object": "device",
        "mode": "mirror",
        "person": {"id": "who"},
        "device": {"token": "token", "platform": "platform"},
    }
    rows = [{"who": user, "token": f"t{number}", "platform": "ios"} for number in range(3)]
    pushing.sandbox.faults.add(Fault(operation="batch", truncate=True, times=None))
    with pytest.raises(RetryLater):
        pushing.push(pushing.declare("phones", rows, **what), retry_for_s=0.0)
    pushing.sandbox.faults.clear()
    assert pushing.push(pushing.declare("phones", rows[:1], **what)).complete
    tokens = {device["id"] for row in pushing.sandbox.rows("people") for device in row["devices"] or ()}
    assert {"t0"} == tokens & {"t0", "t1", "t2"}


def test_events_are_sent_again_as_they_were_stored(pushing: Pushing) -> None:
    """Unknown events are sent again as stored, with the same id, even if the model has changed."""
    from datetime import UTC, datetime

    user = pushing.ids()[0]
    at = datetime(2026, 10, 10, tzinfo=UTC)
    rows = [{"order": f"o{number}", "who": user, "at": at, "total": number} for number in range(6)]
    what: dict[str, Any] = {
        "object": "event", "mode": "append", "person": {"id": "who"}, "key": "order", "first_run": "all",
        "event": {"name": "bought", "at": "at"}, "fields": {"total": "integer"},
    }  # fmt: skip
    pushing.sandbox.faults.add(Fault(operation="batch", truncate=True, times=None))
    with pytest.raises(RetryLater):
        pushing.push(pushing.declare("orders", rows, **what), retry_for_s=0.0)
    pushing.sandbox.faults.clear()
    changed = [{**row, "total": 100} for row in rows[:4]]
    result = pushing.push(pushing.declare("orders", changed, **what))
    assert result.complete
    applied = [row["op"] for row in pushing.sandbox.writes() if row["outcome"] == "applied"]
    assert [0, 1, 2, 3, 4, 5] == sorted(op["attributes"]["total"] for op in applied)
    assert 6 == len({op["id"] for op in applied})
    assert 0 == pushing.push(pushing.declare("orders", changed, **what)).plan.sends
