"""What becomes of rows when requests are refused, dropped, cut off or answered with nonsense."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.push import PushSpec
from pipelines.push.journal.database import SCHEMA
from sources.customerio.client import RetryLater, Unauthorized
from sources.customerio.sandbox import Fault
from tests.pipelines.push.conftest import Pushing, Row


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


def _rows(count: int, plan: str = "x") -> list[Row]:
    return [{"user_id": f"u{number:04}", "plan": plan} for number in range(count)]


def _plans(pushing: Pushing) -> dict[str, str]:
    return {
        user: row["plan"] for user, row in pushing.people().items() if user.startswith(("u0", "u1", "u2"))
    }


def test_seven_of_a_hundred_are_dropped_silently(pushing: Pushing) -> None:
    """Answered with 200 and dropped: those rows are found, named with the reason, and planned again alone."""
    pushing.sandbox.knobs.drop_every = 14
    sync = _users(pushing, _rows(100))
    result = pushing.push(sync)
    assert not result.complete
    assert result.run is not None
    assert (93, 7) == (result.run.confirmation.confirmed, result.run.confirmation.dropped)
    assert {"confirmed": 93, "dropped": 7} == pushing.states()
    reasons = pushing.query(f"SELECT DISTINCT reason FROM {SCHEMA}.rows WHERE state = 'dropped'")
    assert [("failed_attribute_change: the write was lost on its way",)] == reasons
    pushing.sandbox.knobs.drop_every = 0
    again = pushing.push(sync)
    assert 7 == again.plan.sends
    assert again.complete
    assert 100 == len(_plans(pushing))
    assert 0 == pushing.push(sync).plan.sends


def test_refused_items_do_not_keep_the_others_back(pushing: Pushing) -> None:
    """What a 207 lists is rejected with its reason, and tried again by the next run; the rest is accepted."""
    pushing.sandbox.faults.add(Fault(operation="batch", refuse_items=(3, 5)))
    sync = _users(pushing, _rows(20))
    result = pushing.push(sync)
    assert result.run is not None
    assert (18, 2) == (result.run.delivery.accepted, result.run.delivery.rejected)
    again = pushing.push(sync)
    assert 2 == again.plan.sends
    assert again.complete
    assert [] == pushing.query(f"SELECT key FROM {SCHEMA}.rejects")


def test_a_refused_request_is_halved_until_the_bad_row_is_alone(pushing: Pushing) -> None:
    """One bad row that makes Customer.io refuse the whole request keeps nobody else back."""
    pushing.sandbox.knobs.batch_whole = True
    pushing.sandbox.knobs.item_bytes = 400
    rows = [{"user_id": f"u{number:04}", "plan": "y" * 500 if number == 13 else "x"} for number in range(32)]
    sync = _users(pushing, rows)
    result = pushing.push(sync)
    assert result.run is not None
    assert (31, 1) == (result.run.delivery.accepted, result.run.delivery.rejected)
    assert 31 == len(_plans(pushing))
    ((key, attempts),) = pushing.query(f"SELECT key, attempts FROM {SCHEMA}.rejects")
    assert ("u0013", 1) == (key, attempts)


def test_a_row_that_is_refused_too_often_is_left_alone_until_it_changes(pushing: Pushing) -> None:
    """After its last try a row is dead, costs no more requests, and lives again when the model changes it."""
    pushing.sandbox.knobs.item_bytes = 400
    bad = [{"user_id": "u0001", "plan": "y" * 500}]
    sync = _users(pushing, bad, deliver={"max_attempts": 2})
    assert [False, False] == [pushing.push(sync).complete for _ in range(2)]
    before = pushing.requests()
    third = pushing.push(sync)
    assert (0, 1) == (third.plan.sends, third.plan.counts["dead"])
    assert before == pushing.requests()
    assert pushing.push(_users(pushing, _rows(2))).complete
    assert [] == pushing.query(f"SELECT key FROM {SCHEMA}.rejects")


@pytest.mark.parametrize("status", [401, 403])
def test_keys_that_are_not_accepted_stop_the_run(pushing: Pushing, status: int) -> None:
    """Nothing of it was taken, nothing more is sent, and the next run sends it all."""
    pushing.sandbox.faults.add(Fault(operation="batch", status=status))
    sync = _users(pushing, _rows(2_500), deliver={"in_flight": 1})
    with pytest.raises(Exception, match="others are sent by the next run") as caught:
        pushing.push(sync)
    assert status == 403 or isinstance(caught.value, Unauthorized)
    assert 1 == pushing.requests()
    assert {"planned": 2_500} == pushing.states()
    assert 2_500 == pushing.push(sync).plan.counts["add"]
    assert 2_500 == len(_plans(pushing))


@pytest.mark.proof
@pytest.mark.parametrize(
    "fault",
    [
        Fault(operation="batch", status=429, retry_after="0", times=2),
        Fault(operation="batch", status=429, times=1),
        Fault(operation="batch", status=503, times=2),
        Fault(operation="batch", drop_connection=True, times=1),
        Fault(operation="batch", truncate=True, times=1),
    ],
    ids=["429 with Retry-After", "429", "503", "cut off before the answer", "cut off within the answer"],
)
def test_trouble_that_passes_is_waited_for(pushing: Pushing, fault: Fault) -> None:
    """The run goes on more slowly, and every row arrives."""
    pushing.sandbox.faults.add(fault)
    assert pushing.push(_users(pushing, _rows(30))).complete
    assert 30 == len(_plans(pushing))


def test_what_may_have_arrived_is_sent_again(pushing: Pushing) -> None:
    """A request whose answer never comes leaves its rows unknown; the next run sends the latest rows."""
    pushing.sandbox.faults.add(Fault(operation="batch", truncate=True, times=None))
    with pytest.raises(RetryLater):
        pushing.push(_users(pushing, _rows(10)), retry_for_s=0.0)
    assert {"unknown": 10} == pushing.states()
    pushing.sandbox.faults.clear()
    result = pushing.push(_users(pushing, _rows(8, plan="newer")))
    assert result.complete
    assert 8 == result.plan.counts["change"]
    assert {"newer": 8, "x": 2} == dict(Counter(_plans(pushing).values()))
    assert 0 == pushing.push(_users(pushing, _rows(8, plan="newer"))).plan.sends


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
    """What may have arrived goes again with the same id, even if the model has changed or has it no more."""
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
