"""The server's clock is believed while it agrees with this machine's, or a sandbox's with its own."""

import time
from collections.abc import Callable
from email.utils import formatdate

import httpx
import pytest

from sources.customerio.client import Client, WrongClock
from sources.customerio.client.clock import FARTHEST_S, SANDBOX_TIME, ServerClock
from sources.customerio.sandbox.wire.http import response

DAY = 86_400
ClientOf = Callable[..., Client]


def _headers(ahead_s: float, sandbox_s: int | None = None) -> dict[str, str]:
    own = {} if sandbox_s is None else {SANDBOX_TIME: str(int(time.time()) + sandbox_s)}
    return {"date": formatdate(time.time() + ahead_s, usegmt=True), **own}


@pytest.mark.parametrize("ahead_s", [0, FARTHEST_S - 60, -FARTHEST_S + 60])
def test_a_date_within_an_hour_is_the_time(ahead_s: int) -> None:
    """Up to an hour away from this machine's time, the server's is the time."""
    clock = ServerClock()

    clock.update(_headers(ahead_s))

    assert abs(clock.now() - time.time() - ahead_s) < 30


@pytest.mark.parametrize(("ahead_s", "side"), [(400 * DAY, "ahead of"), (-FARTHEST_S - 60, "behind")])
def test_a_date_further_away_is_refused(ahead_s: int, side: str) -> None:
    """Beyond an hour the message says by how much, and which side; the clock stays as it was."""
    clock = ServerClock()

    with pytest.raises(WrongClock, match=f"hours {side} this machine's time"):
        clock.update(_headers(ahead_s), host="api.customer.io")

    assert abs(clock.now() - time.time()) < 30


def test_a_sandbox_s_date_agrees_with_its_own_time_alone() -> None:
    """A sandbox's time may be any; its `Date` has to be that, and only a sandbox may tell one."""
    ServerClock().update(_headers(400 * DAY, 400 * DAY), is_sandbox=True)

    with pytest.raises(WrongClock, match="its own time"):
        ServerClock().update(_headers(0, 400 * DAY), is_sandbox=True)
    with pytest.raises(WrongClock, match="this machine's"):
        ServerClock().update(_headers(400 * DAY, 400 * DAY))


def test_another_clock_is_a_choice() -> None:
    """With `any_time` every `Date` is the time."""
    clock = ServerClock(any_time=True)

    clock.update(_headers(400 * DAY))

    assert abs(clock.now() - time.time() - 400 * DAY) < 30


def test_a_call_that_reads_is_refused_and_one_that_writes_is_not(client_of: ClientOf) -> None:
    """A read with a wrong `Date` raises; a write was accepted, and says so, but moves no clock."""
    client = client_of(lambda _: httpx.Response(200, headers=_headers(400 * DAY), json={}))

    with pytest.raises(WrongClock, match=r"api\.customer\.io is 9,600\.0 hours ahead"):
        client.call("listCampaigns")
    assert 200 == client.call("identify", path={"identifier": "a"}, body={}).status
    assert abs(client.now() - time.time()) < 30


def test_the_sandbox_tells_its_time_by_the_name_that_the_client_reads() -> None:
    """Client and sandbox have the same name for the header."""
    assert SANDBOX_TIME == response.SANDBOX_TIME
