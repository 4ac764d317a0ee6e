"""Retries: safe calls are retried, unsafe ones are not, and every retry ends."""

from collections.abc import Callable

import httpx
import pytest
import stamina

from sources.customerio.catalogue import OPERATIONS, operation
from sources.customerio.client import (
    BadRequest,
    Client,
    CustomerioError,
    RateLimited,
    Unavailable,
    Unreachable,
)
from sources.customerio.client.retry import LONGEST_PAUSE_S, RetryPolicy, safe_to_repeat

ClientOf = Callable[..., Client]
PATHS: dict[str, dict[str, object]] = {
    "identify": {"identifier": "7"},
    "delete": {"identifier": "7"},
    "deleteManSegment": {"segment_id": 7},
}


class Flaky:
    """Fails in one way a number of times, then answers `{}`; counts what reached it."""

    def __init__(self, failure: httpx.Response | Exception, times: int = 1) -> None:
        self.failure = failure
        self.times = times
        self.requests = 0

    def __call__(self, _: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests += 1
        if self.requests > self.times:
            return httpx.Response(200, json={})
        if isinstance(self.failure, Exception):
            raise self.failure
        return httpx.Response(self.failure.status_code, headers=self.failure.headers)


LOST = httpx.ReadTimeout("lost")
REFUSED = httpx.ConnectError("refused")
LIMITED = httpx.Response(429, headers={"Retry-After": "1"})
BROKEN = httpx.Response(503)


@pytest.mark.parametrize(
    ("operation_id", "failure", "requests"),
    [
        ("listCampaigns", LOST, 2),
        ("listCampaigns", BROKEN, 2),
        ("listCampaigns", httpx.Response(408), 2),
        ("listCampaigns", LIMITED, 2),
        ("getPeopleById", LOST, 2),
        ("identify", LOST, 2),
        ("identify", BROKEN, 2),
        ("sendEmail", LIMITED, 2),
        ("sendEmail", REFUSED, 2),
        ("delete", REFUSED, 2),
    ],
)
def test_what_is_safe_is_repeated(
    client_of: ClientOf, operation_id: str, failure: httpx.Response | Exception, requests: int
) -> None:
    """Reads and writes are repeated after any passing failure, the rest where nothing was done."""
    outside = Flaky(failure)
    body = b"{}" if operation(operation_id).body == "json" else None
    answer = client_of(outside).call(operation_id, path=PATHS.get(operation_id), body=body)
    assert (answer.status, outside.requests) == (200, requests)


@pytest.mark.parametrize("operation_id", ["sendEmail", "delete", "deleteManSegment"])
@pytest.mark.parametrize("failure", [LOST, BROKEN, httpx.Response(500), httpx.RemoteProtocolError("gone")])
def test_what_may_have_happened_is_not_repeated(
    client_of: ClientOf, operation_id: str, failure: httpx.Response | Exception
) -> None:
    """A message may be out and a person may be gone: the error says so and the caller decides."""
    outside = Flaky(failure)
    body = b"{}" if operation_id == "sendEmail" else None
    with pytest.raises(Unavailable, match="may have taken effect") as caught:
        client_of(outside).call(operation_id, path=PATHS.get(operation_id), body=body)
    assert (caught.value.ambiguous, caught.value.attempts, outside.requests) == (True, 1, 1)


def test_a_refusal_is_not_repeated(client_of: ClientOf) -> None:
    """A refused request is made once: Customer.io would refuse it again."""
    outside = Flaky(httpx.Response(422))
    with pytest.raises(BadRequest):
        client_of(outside).call("listCampaigns")
    assert outside.requests == 1


def test_the_last_error_is_raised_with_the_number_of_tries(client_of: ClientOf) -> None:
    """If every try fails, the error of the last one is raised."""
    outside = Flaky(BROKEN, times=99)
    with pytest.raises(Unavailable) as caught:
        client_of(outside).call("listCampaigns")
    assert outside.requests == 4
    assert caught.value.status == 503


def test_a_pause_longer_than_the_retries_is_not_waited_for(client_of: ClientOf) -> None:
    """Retry-After beyond the bound gives up at once and says how long to wait."""
    outside = Flaky(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimited, match=r"asks to wait 3,600 s, longer than the 600 s") as caught:
        client_of(outside).call("listCampaigns")
    assert (caught.value.retry_after_s, outside.requests) == (3600.0, 1)


def test_a_used_up_day_is_not_waited_for(client_of: ClientOf) -> None:
    """A 429 without Retry-After at the daily quota gives up at once."""
    outside = Flaky(httpx.Response(429))
    with pytest.raises(RateLimited, match="asks to wait 86,400 s"):
        client_of(outside).call("getArchivedMessage", path={"message_id": "a"})
    assert outside.requests == 1


def test_repeats_end_when_the_time_is_up() -> None:
    """The bound is elapsed time, not a number of tries."""
    tries = []

    def failing(number: int, left_s: float) -> None:
        tries.append((number, left_s))
        msg = "It failed."
        raise Unavailable(msg, retry_after_s=0.004)

    with stamina.set_testing(False), pytest.raises(Unavailable, match=r"Given up after \d+ tries") as caught:
        RetryPolicy(0.02, safe_to_repeat=True, proven=lambda: True).run(failing)
    assert 2 <= len(tries) == caught.value.attempts <= 6
    assert [left for _, left in tries] == sorted((left for _, left in tries), reverse=True)


def test_an_unproven_host_is_given_up_early() -> None:
    """A host that never answered is most likely a wrong setting, and its error is not kept back."""
    error = Unreachable("No connection.", retry_after_s=25.0)
    unproven = RetryPolicy(600, safe_to_repeat=True, proven=lambda: False)
    proven = RetryPolicy(600, safe_to_repeat=True, proven=lambda: True)
    assert unproven.pause(error) is False
    assert proven.pause(error) == 25.0


def test_pauses_grow_with_full_jitter() -> None:
    """Without Retry-After a pause is anything up to a bound that doubles and then stays."""
    patience = RetryPolicy(1e9, safe_to_repeat=True, proven=lambda: True)
    pauses = [patience.pause(CustomerPause()) for _ in range(400)]
    assert all(0 <= pause <= min(LONGEST_PAUSE_S, 2**number) for number, pause in enumerate(pauses))
    assert max(pauses) > LONGEST_PAUSE_S * 0.9
    assert min(pauses[20:]) < LONGEST_PAUSE_S * 0.1


class CustomerPause(Unavailable):
    """A passing failure without a wish for a pause."""

    def __init__(self) -> None:
        super().__init__("It failed.")


def test_only_sends_and_destroys_are_unsafe_to_repeat() -> None:
    """The effect of an operation decides, for every row of the catalogue."""
    unsafe = {row.effect for row in OPERATIONS if not safe_to_repeat(row)}
    assert unsafe == {"send", "destroy"}


def test_errors_of_ours_are_no_reason_to_repeat() -> None:
    """A bug in the code that is called comes out as it is, at once."""
    tries = []

    def buggy(number: int, _left_s: float) -> None:
        tries.append(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RetryPolicy(600, safe_to_repeat=True, proven=lambda: True).run(buggy)
    assert tries == [1]
    assert not issubclass(ZeroDivisionError, CustomerioError)
