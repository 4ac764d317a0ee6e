"""The write queue and its log."""

from typing import Any

from sources.customerio.sandbox.state.store.write_queue import WriteQueue


def _op(name: str) -> dict[str, Any]:
    return {"type": "person", "action": "identify", "identifiers": {"id": name}}


def test_a_later_write_never_overtakes() -> None:
    """A write that is due waits for an earlier one that is not."""
    queue = WriteQueue()
    queue.accept("identify", _op("slow"), at=10, delay_s=60)
    queue.accept("identify", _op("quick"), at=11)

    assert list(queue.due(30)) == []
    assert [queued.op["identifiers"]["id"] for queued in queue.due(70)] == ["slow", "quick"]
    assert len(queue) == 0


def test_the_log_keeps_the_last_writes() -> None:
    """The log drops its oldest writes and goes on numbering; a new write is waiting."""
    queue = WriteQueue()
    for name in ("a", "b", "c"):
        queue.accept("identify", _op(name), at=5, log_size=2)

    log = queue.writes()

    assert [(write["number"], write["op"]["identifiers"]["id"]) for write in log] == [(2, "b"), (3, "c")]
    assert {write["outcome"] for write in log} == {"waiting"}
    assert queue.accepted == 3
