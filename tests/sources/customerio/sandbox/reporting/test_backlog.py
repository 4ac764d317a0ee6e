"""When the events of a webhook are tried."""

import pytest

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.reporting.backlog import PAUSING, TIMEOUT, Backlog, Event


def _backlog(*times: int) -> Backlog:
    backlog = Backlog()
    backlog.waiting.extend(Event(number=at, id=str(at), at=at, body=b"{}") for at in times)
    return backlog


def test_an_event_is_due_when_it_happened() -> None:
    """Nothing is due before; a 2xx takes the event off the backlog."""
    backlog = _backlog(100)

    assert backlog.due(99) is None
    event, at = backlog.due(500) or pytest.fail("the event is due")
    assert at == 100
    assert backlog.answered(204, at, 30) == "delivered"
    assert (event.id, backlog.due(500)) == ("100", None)


@pytest.mark.parametrize("status", sorted(PAUSING))
def test_some_answers_pause_for_an_hour(status: int) -> None:
    """Later events wait behind; then the wait doubles."""
    backlog = _backlog(100, 101)

    assert backlog.answered(status, 100, 30) == "waiting"
    assert backlog.due(100 + HOUR - 1) is None
    event, at = backlog.due(100 + HOUR) or pytest.fail("the event is due")
    assert (event.id, at) == ("100", 100 + HOUR)
    backlog.answered(status, at, 30)
    assert backlog.free_at == 100 + HOUR + 2 * HOUR


@pytest.mark.parametrize("status", [TIMEOUT, 301, 408, 503])
def test_others_are_tried_again_soon(status: int) -> None:
    """The first wait is the given one."""
    backlog = _backlog(100)

    backlog.answered(status, 100, 30)

    assert backlog.free_at == 130


def test_after_seven_days_an_event_is_given_up() -> None:
    """No try is later than seven days after the first; the next event follows with fresh waits."""
    backlog, at, tried = _backlog(100, 101), 100, [100]
    while backlog.answered(500, at, 30) == "waiting":
        _, at = backlog.due(10 * DAY) or pytest.fail("the event is due")
        tried.append(at)

    assert tried == [100 + (2**tries - 1) * HOUR for tries in range(8)]
    event, _ = backlog.due(10 * DAY) or pytest.fail("the next event is due")
    assert (event.id, backlog.tries) == ("101", 0)
