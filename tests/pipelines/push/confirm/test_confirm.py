"""Rows that Customer.io accepted and dropped are found."""

import pytest

from pipelines.push.journal.database import SCHEMA
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
