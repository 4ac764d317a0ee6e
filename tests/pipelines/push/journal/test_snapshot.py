"""The snapshot and the rejects follow the log of each run."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.push import retry_dead_letters
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


_FAILURES: dict[str, tuple[str, int]] = {
    "rejected": ("item_bytes", 400),
    "dropped": ("drop_every", 1),
    "missing": ("apply_delay_s", 60),
}
"""The knob by which a row fails: it is refused, dropped with an activity, or never seen."""


@pytest.mark.proof
@pytest.mark.parametrize(
    "ways",
    [("rejected",) * 3, ("dropped",) * 3, ("missing",) * 3, ("dropped", "rejected", "missing")],
    ids=", ".join,
)
def test_a_row_that_fails_every_time_is_a_dead_letter_whichever_way_it_fails(
    pushing: Pushing, ways: tuple[str, ...]
) -> None:
    """After `max_attempts` it is not sent again, the run is complete, and a retry revives it."""
    pushing.proves_keys()
    spec = pushing.users([{"user_id": "u0001", "plan": "y" * 500}], deliver={"max_attempts": 3})
    usual = {name: getattr(pushing.sandbox.knobs, name) for name, _ in _FAILURES.values()}
    for way in ways:
        _set(pushing, {**usual, **dict([_FAILURES[way]])})
        assert not pushing.push(spec).complete
    after = pushing.push(spec)
    assert (0, 1, True) == (after.plan.sends, after.plan.counts["dead"], after.complete)
    assert [(3, True)] == pushing.query(f"SELECT attempts, dead FROM {SCHEMA}.rejects")
    _set(pushing, usual)
    pushing.sandbox.clock.advance(60)
    assert 1 == retry_dead_letters(pushing.settings, spec)
    revived = pushing.push(spec)
    assert (1, True) == (revived.plan.sends, revived.complete)
    assert [] == pushing.query(f"SELECT key FROM {SCHEMA}.rejects")


def _set(pushing: Pushing, knobs: dict[str, int]) -> None:
    for name, value in knobs.items():
        setattr(pushing.sandbox.knobs, name, value)


@pytest.mark.proof
def test_an_event_that_is_dropped_every_time_is_a_dead_letter(pushing: Pushing) -> None:
    """Attempts of events are counted too, though each is sent as it was stored."""
    pushing.proves_keys()
    pushing.sandbox.knobs.drop_every = 1
    at = datetime.fromtimestamp(pushing.sandbox.clock.now() - 60, UTC)
    spec = pushing.declare(
        "orders", [{"order": "o1", "who": pushing.ids()[0], "at": at}], object="event", mode="append",
        person={"id": "who"}, key="order", first_run="all", event={"name": "bought", "at": "at"},
        deliver={"max_attempts": 2},
    )  # fmt: skip
    assert [False, False, True] == [pushing.push(spec).complete for _ in range(3)]
    assert 1 + 2 == len(pushing.sandbox.writes())


@pytest.mark.proof
def test_a_row_that_failed_before_is_read_back_beside_the_sample(pushing: Pushing) -> None:
    """A row that is dropped without a trace after it failed once is found, though the sample has others."""
    pushing.sandbox.faults.add(Fault(operation="batch", drop_items=(1,), times=1))
    kept: dict[str, Any] = {"confirm": {"sample": 1, "wait_s": 0}}
    assert not pushing.push(pushing.users(user_rows(2), **kept)).complete
    pushing.sandbox.knobs.apply_delay_s = 1_000_000
    result = pushing.push(pushing.users(user_rows(30), **kept))
    assert result.run is not None
    assert (29, 1) == (result.plan.sends, result.run.confirmation.sampled)
    assert [("u0001", 2)] == pushing.query(f"SELECT key, attempts FROM {SCHEMA}.rejects WHERE key = 'u0001'")


def _plans(pushing: Pushing) -> dict[str, str]:
    return {
        user: row["plan"] for user, row in pushing.people().items() if user.startswith(("u0", "u1", "u2"))
    }


@pytest.mark.proof
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


@pytest.mark.proof
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


@pytest.mark.proof
def test_events_are_sent_again_as_they_were_stored(pushing: Pushing) -> None:
    """Unknown events are sent again as stored, with the same id, even if the model has changed."""
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
