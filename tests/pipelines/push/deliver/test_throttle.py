"""The rate of a run rises by steps after successes, and is halved after errors."""

from pipelines.push.deliver.throttle import SLOWEST, Throttle
from sources.customerio.client import Request


def _request(status: int | None) -> Request:
    return Request(operation="batch", status=status, attempt=1, seconds=0.0, waited_s=0.0)


def test_errors_that_come_together_halve_the_rate_once() -> None:
    """Five errors at the same moment are one reason to send at half the rate."""
    throttle = Throttle(100.0)
    for status in (429, 503, None, 408, 500):
        throttle.record(_request(status))
    assert 50.0 == throttle.rate
    assert 5 == throttle.requests


def test_successes_lead_back_to_the_configured_rate() -> None:
    """Each success adds a twentieth of the configured rate, and no more than that rate is reached."""
    throttle = Throttle(100.0)
    throttle.record(_request(429))
    rates = []
    for _ in range(12):
        throttle.record(_request(200))
        rates.append(throttle.rate)
    assert [55.0, 60.0] == rates[:2]
    assert 100.0 == rates[-1]


def test_a_rejected_row_is_no_reason_to_slow_down() -> None:
    """400 concerns the rows of a request, not the number of requests."""
    throttle = Throttle(100.0)
    throttle.record(_request(400))
    assert 100.0 == throttle.rate


def test_the_rate_has_a_floor() -> None:
    """A rate that is configured below the floor is not raised by an error."""
    throttle = Throttle(SLOWEST / 2)
    throttle.record(_request(429))
    assert SLOWEST / 2 == throttle.rate
