"""`--full`: rows are sent as if nothing were known of those that were sent before."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import PushOptions, plan_push
from sources.customerio.client import CustomerioError
from sources.customerio.sandbox.faults.fault import Fault
from tests.pipelines.push.conftest import Pushing, user_rows

_DEVICE: dict[str, Any] = {
    "object": "device", "mode": "mirror", "person": {"id": "who"},
    "device": {"token": "t", "platform": "p"},
}  # fmt: skip


@pytest.mark.proof
def test_a_full_run_repairs_a_value_that_was_edited_by_hand(pushing: Pushing) -> None:
    """A run sends nothing, a full run sends every row as a change, and the next run nothing again."""
    spec = pushing.users(user_rows(4))
    pushing.push(spec)
    pushing.sandbox.edit("people", "u0001", plan="by hand")
    assert 0 == pushing.push(spec).plan.sends
    result = pushing.push(spec, full=True)
    assert {"change": 4} == {name: rows for name, rows in result.plan.counts.items() if rows}
    assert result.complete
    assert "x" == pushing.people()["u0001"]["plan"]
    assert 0 == pushing.push(spec).plan.sends


@pytest.mark.proof
def test_a_full_mirror_keeps_its_removals(pushing: Pushing) -> None:
    """A row that left the model is removed by a full run, too."""
    who = pushing.ids()[0]
    rows = [{"who": who, "t": token, "p": "ios"} for token in ("A", "B")]
    pushing.push(pushing.declare("phones", rows, **_DEVICE))
    result = pushing.push(pushing.declare("phones", rows[:1], **_DEVICE), full=True)
    assert (1, 1) == (result.plan.counts["change"], result.plan.counts["remove"])
    (held,) = [row["devices"] for row in pushing.sandbox.rows("people") if row["id"] == who]
    assert "A" in [each["id"] for each in held]
    assert "B" not in [each["id"] for each in held]


@pytest.mark.proof
def test_a_full_run_is_stopped_by_the_same_brakes(pushing: Pushing) -> None:
    """A full run that changes too many rows sends nothing until its plan is approved."""
    spec = pushing.users(user_rows(4))
    pushing.push(spec)
    tight = spec.model_copy(update={"brakes": spec.brakes.model_copy(update={"max_changes_percent": 50.0})})
    before = pushing.requests()
    stopped = pushing.push(tight, full=True)
    assert ["max_changes_percent"] == [brake.name for brake in stopped.brakes]
    assert before == pushing.requests()
    assert "run users --full" == stopped.plan.command
    seen = plan_push(pushing.settings, tight, folder=pushing.folder, full=True)
    sent = pushing.push(tight, full=True, plan_id=seen.plan_id, approve=True)
    assert sent.run is not None
    assert 4 == sent.run.delivery.accepted


@pytest.mark.proof
def test_suppressions_in_full_need_approval(pushing: Pushing) -> None:
    """Suppressing again needs a person's approval, since people may have been released meanwhile."""
    rows = [{"who": pushing.ids()[0]}]
    spec = pushing.declare("gone", rows, object="suppression", mode="append", person={"id": "who"})
    pushing.approved(spec)
    assert ["approval"] == [brake.name for brake in pushing.push(spec, full=True).brakes]


def test_events_are_never_sent_in_full(pushing: Pushing) -> None:
    """A full run of events is refused before anything is sent, with the reason."""
    rows = [{"k": "a", "who": pushing.ids()[0], "at": datetime(2026, 10, 1, tzinfo=UTC)}]
    spec = pushing.declare(
        "orders", rows, object="event", mode="append", person={"id": "who"}, key="k", first_run="all",
        event={"name": "order", "at": "at"},
    )  # fmt: skip
    pushing.push(spec)
    before = pushing.requests()
    with pytest.raises(InvalidSpec, match="could count twice"):
        pushing.push(spec, full=True)
    assert before == pushing.requests()


@pytest.mark.proof
def test_a_full_run_that_broke_off_is_ended_by_the_next_run(pushing: Pushing) -> None:
    """Rows that a full run did not send stay in doubt, so that a run without options sends them."""
    spec = pushing.users(user_rows(3))
    pushing.push(spec)
    pushing.sandbox.edit("people", "u0001", plan="by hand")
    pushing.sandbox.faults.add(Fault(operation="batch", status=401, times=None))
    with pytest.raises(CustomerioError):
        pushing.push(spec, full=True)
    pushing.sandbox.faults.clear()
    assert 3 == pushing.push(spec).plan.sends
    assert "x" == pushing.people()["u0001"]["plan"]


def test_the_options_name_themselves() -> None:
    """A plan knows the option with which it was made, so that its approval names it."""
    assert "--full" == PushOptions(full=True).named
    assert "" == PushOptions().named
