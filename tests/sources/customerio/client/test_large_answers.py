"""Large answers are held one at a time."""

from collections.abc import Callable
from threading import Thread

import httpx
import pytest

from sources.customerio.client import MB, Client
from sources.customerio.client.bounds import Allowance, Overdue
from sources.customerio.client.large_answers import LARGE_BYTES, LargeAnswers, values_of

ClientOf = Callable[..., Client]


def _in_a_thread(work: Callable[[], None]) -> list[BaseException]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return failed


def test_the_second_thread_waits_for_its_turn() -> None:
    """A thread may take the turn twice; another one gets it once it is left, and not before."""
    large = LargeAnswers()
    large.enter(Allowance(1, 1))
    large.enter(Allowance(1, 1))
    (error,) = _in_a_thread(lambda: large.enter(Allowance(0.01, 1)))
    assert isinstance(error, Overdue)
    _in_a_thread(large.leave)
    assert _in_a_thread(lambda: large.enter(Allowance(0.01, 1))), "a thread left the turn of another one"
    large.leave()
    assert [] == _in_a_thread(lambda: large.enter(Allowance(1, 1)))


@pytest.mark.parametrize("status", [200, 500, 401])
def test_a_call_leaves_its_turn(client_of: ClientOf, status: int) -> None:
    """After a large answer, good or bad, another thread can read one."""
    body = b'{"campaigns":[]' + b" " * LARGE_BYTES + b"}"
    client = client_of(lambda _: httpx.Response(status, content=body))

    def read() -> None:
        if status == 200:
            assert [[]] == [page.records for page in client.pages("listCampaigns")]
            assert {"campaigns": []} == client.call("listCampaigns").json()
        else:
            with pytest.raises(Exception, match=str(status)):
                client.call("listCampaigns")

    read()
    assert [] == _in_a_thread(read)


def test_values_are_never_counted_too_low() -> None:
    """The number of values and keys is an upper bound, since signs in texts count too."""
    assert values_of(b'{"a":[1,2,{"b":"c,d"}]}') == 6
    assert values_of(b"[" + b"{}," * MB + b"{}]") == 2 * MB + 2
