"""Rows that cannot be sent are in the journal's rejects and in the status, until they are valid or gone."""

import pytest

from pipelines.push import read_status
from tests.pipelines.push.conftest import LOOSE, Pushing, user_rows

_REJECTS = "SELECT key, action, reason, attempts, dead FROM customerio_push.rejects ORDER BY key"


@pytest.mark.proof
def test_invalid_rows_are_rejects(pushing: Pushing) -> None:
    """An invalid row is a reject with its reason and attempts, beside the rows that are sent."""
    long = {"user_id": "u0002", "plan": "x" * 1_001}
    spec = pushing.users([*user_rows(2), long, {"user_id": None, "plan": "y"}])
    pushing.push(spec)
    pushing.push(spec)
    assert [
        ("", "invalid", "user_id: it is empty", 2, False),
        ("u0002", "invalid", "plan: has more than 1,000 bytes", 2, False),
    ] == pushing.query(_REJECTS)
    (status,) = read_status(pushing.settings)
    assert (2, 2, 0, 0) == (status.held, status.invalid, status.rejected, status.dead)
    table = pushing.warehouse.query("SELECT key, reason FROM customerio_push.rejects WHERE key <> ''")
    assert [("u0002", "plan: has more than 1,000 bytes")] == table


@pytest.mark.proof
def test_a_row_that_is_valid_again_is_sent(pushing: Pushing) -> None:
    """A corrected row is sent by the next run, and no reject is left."""
    pushing.push(pushing.users([*user_rows(2), {"user_id": "u0002", "plan": "x" * 1_001}]))
    result = pushing.push(pushing.users(user_rows(3)))
    assert 1 == result.plan.counts["add"]
    assert [] == pushing.query(_REJECTS)


def test_a_run_that_a_brake_stopped_shows_its_invalid_rows(pushing: Pushing) -> None:
    """Invalid rows are in the status of a push that never sent anything, too."""
    spec = pushing.users([{"user_id": "u1", "plan": "x" * 1_001}], brakes={**LOOSE, "min_rows": 2})
    assert pushing.push(spec).brakes
    (status,) = read_status(pushing.settings)
    assert (None, 0, 1) == (status.last_run, status.held, status.invalid)
