"""One process runs a push at a time, and a process that lost its lease writes nothing more."""

from pathlib import Path

import pytest

from pipelines.errors import LeaseHeld, LeaseLost
from pipelines.push.journal.database import BatchRecord, Journal, PushId
from pipelines.push.journal.lease import hold_lease

_PUSH = PushId("workspace", "users")


def test_a_lease_is_held_once(tmp_path: Path) -> None:
    """A second holder is refused with the name of the first; other pushes are not affected."""
    journal = Journal(tmp_path)
    with hold_lease(journal, _PUSH):
        with pytest.raises(LeaseHeld, match="runs the push users"), hold_lease(journal, _PUSH):
            pass
        with hold_lease(journal, PushId("workspace", "events")) as other:
            assert 1 == other


def test_an_old_token_writes_nothing(tmp_path: Path) -> None:
    """Each holder gets a higher fencing token, and writes with a lower one are refused."""
    journal = Journal(tmp_path)
    with hold_lease(journal, _PUSH) as old:
        pass
    with hold_lease(journal, _PUSH) as new:
        assert old < new
        record = BatchRecord(batch=1, operation="batch", first=1, last=2, bytes=10)
        for fence in (0, old):
            with pytest.raises(LeaseLost, match="has taken over the push users"):
                journal.record_batches(_PUSH, fence, "run", [record])
        assert [] == journal.query("FROM customerio_push.batches")
        journal.record_batches(_PUSH, new, "run", [record])
        assert [("run", 1, "sending")] == journal.query(
            "SELECT run_id, batch, state FROM customerio_push.batches"
        )
