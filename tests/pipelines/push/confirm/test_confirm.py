"""Rows that Customer.io accepted and dropped are found."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.push.journal.database import SCHEMA
from sources.customerio.sandbox import Fault
from tests.pipelines.push.conftest import Pushing, user_rows


def _plans(pushing: Pushing) -> dict[str, str]:
    return {
        user: row["plan"] for user, row in pushing.people().items() if user.startswith(("u0", "u1", "u2"))
    }


@pytest.mark.proof
def test_seven_of_a_hundred_are_dropped_silently(pushing: Pushing) -> None:
    """Rows that were answered with 200 and dropped are found with their reason, and sent again."""
    pushing.sandbox.knobs.drop_every = 14
    spec = pushing.users(user_rows(100))
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


@pytest.mark.proof
@pytest.mark.parametrize("days", [-31, -400, 2])
def test_events_that_do_not_show_are_accepted_and_not_sent_again(pushing: Pushing, days: int) -> None:
    """Events older than Customer.io's activities, or in the future, are neither dropped nor repeated."""
    at = datetime.fromtimestamp(pushing.sandbox.clock.now() + days * 86_400, UTC)
    recent = datetime.fromtimestamp(pushing.sandbox.clock.now() - 86_400, UTC)
    rows = [
        {"order": f"o{number}", "who": pushing.ids()[0], "at": recent if number == 0 else at}
        for number in range(12)
    ]
    spec = pushing.declare(
        "orders", rows, object="event", mode="append", person={"id": "who"}, key="order", first_run="all",
        event={"name": "bought", "at": "at"},
    )  # fmt: skip
    result = pushing.push(spec)
    assert result.complete
    assert result.run is not None
    confirmation = result.run.confirmation
    assert (1, 1, 11) == (confirmation.confirmed, confirmation.sampled, confirmation.unreadable)
    assert 0 == pushing.push(spec).plan.sends
    assert 12 == len(pushing.sandbox.writes())


@pytest.mark.proof
def test_activities_that_cannot_be_read_stop_no_push(pushing: Pushing) -> None:
    """Those without a time or of no shape say nothing; rows that were dropped are found beside them."""
    odd = ("null", "7", '{"id": "x", "timestamp": null}', '{"id": "y", "timestamp": "soon", "data": []}')
    at = pushing.sandbox.clock.now() + 5
    shapes = ("[]", '"no"', "7", '{"identifiers": [1], "attributes": "x"}')
    named = [
        f'{{"id": "z{place}", "type": "failed_event", "timestamp": {at}, "data": {data}}}'
        for place, data in enumerate(shapes)
    ]
    pushing.sandbox.faults.add(Fault(operation="listActivities", raw_records=(*odd, *named), times=None))
    pushing.sandbox.knobs.drop_every = 5

    result = pushing.push(pushing.users(user_rows(20)))

    assert result.run is not None
    assert (16, 4) == (result.run.confirmation.confirmed, result.run.confirmation.dropped)


@pytest.mark.proof
@pytest.mark.parametrize("profiles", [[7, None, {"identifiers": None, "attributes": None}], None])
def test_rows_that_cannot_be_read_back_stay_accepted(pushing: Pushing, profiles: Any) -> None:
    """Profiles of another shape, or none, confirm nothing, and the push ends without a traceback."""
    document = {"customers": profiles}
    pushing.sandbox.faults.add(Fault(operation="getPeopleById", document=document, times=None))

    result = pushing.push(pushing.users(user_rows(20)))

    assert result.run is not None
    assert 0 == result.run.confirmation.confirmed
    assert {"accepted": 20} == pushing.states()
