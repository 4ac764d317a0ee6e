"""The client: host and key of a call, observers, and the clock."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from sources.customerio.client import BadAnswer, Client, ConfigError, NotFound, Request

ClientOf = Callable[..., Client]


class Echo:
    """Answers every request with what it saw of it."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        return httpx.Response(200, json={"url": str(request.url)})


@pytest.mark.parametrize(
    ("operation_id", "path", "sent_to", "authorization"),
    [
        ("listCampaigns", None, "https://api-eu.customer.io/v1/campaigns", "Bearer app-key"),
        (
            "getRegion",
            None,
            "https://track-eu.customer.io/api/v1/accounts/region",
            "Basic c2l0ZTp0cmFjay1rZXk=",
        ),
        ("getCioAllowlist", None, "https://api-eu.customer.io/v1/info/ip_addresses", None),
        (
            "unsubscribe",
            {"delivery_id": "a="},
            "https://track-eu.customer.io/unsubscribe/a%3D",
            None,
        ),
    ],
)
def test_the_operation_picks_host_and_key(
    client_of: ClientOf,
    operation_id: str,
    path: dict[str, object] | None,
    sent_to: str,
    authorization: str | None,
) -> None:
    """One client serves both APIs; what needs no key gets none."""
    outside = Echo()
    answer = client_of(outside, region="eu").call(operation_id, path=path)
    assert answer.json() == {"url": sent_to}
    assert outside.requests[0].headers.get("authorization") == authorization


def test_other_hosts_may_be_given(client_of: ClientOf) -> None:
    """A sandbox's URLs take the place of Customer.io's."""
    client = client_of(Echo(), app_url="http://127.0.0.1:1/", track_url="http://127.0.0.1:2")
    assert client.call("listCampaigns").json() == {"url": "http://127.0.0.1:1/v1/campaigns"}
    assert client.call("getRegion").json() == {"url": "http://127.0.0.1:2/api/v1/accounts/region"}


def test_a_body_is_sent_as_json(client_of: ClientOf) -> None:
    """A write goes out with its method, its content type and its body."""
    outside = Echo()
    client_of(outside).call("identify", path={"identifier": "a@b"}, body={"plan": "π"})
    (request,) = outside.requests
    assert (request.method, request.headers["content-type"]) == ("PUT", "application/json")
    assert request.content == '{"plan":"π"}'.encode()
    assert request.url.raw_path == b"/api/v1/customers/a%40b"


def test_a_missing_key_is_named_and_nothing_is_sent(client_of: ClientOf) -> None:
    """A call without its key makes no request; the error names the missing setting."""
    outside = Echo()
    client = client_of(outside, app_api_key=None)
    with pytest.raises(ConfigError, match="set CUSTOMERIO_APP_API_KEY"):
        client.call("listCampaigns")
    assert client.call("getCioAllowlist").status == 200
    assert len(outside.requests) == 1


def test_an_error_carries_its_facts(client_of: ClientOf) -> None:
    """A vanished parent is a NotFound with operation and status."""
    body = {"errors": [{"detail": "campaign with id 1 does not exist", "status": "404"}]}
    client = client_of(lambda _: httpx.Response(404, json=body))
    with pytest.raises(NotFound, match="campaign with id 1 does not exist") as caught:
        client.call("listCampaignActions", path={"campaign_id": 1})
    assert (caught.value.operation, caught.value.status) == ("listCampaignActions", 404)


def test_answers_may_be_empty_or_no_json(client_of: ClientOf) -> None:
    """An empty body is None, and a body that is not JSON raises when it is decoded."""
    client = client_of(lambda _: httpx.Response(204))
    assert client.call("deleteManSegment", path={"segment_id": 1}).json() is None
    answer = client_of(lambda _: httpx.Response(200, text="<html>")).call("listCampaigns")
    assert answer.body == b"<html>"
    with pytest.raises(BadAnswer, match=r"`listCampaigns` \(status 200, 6 bytes\) is not JSON"):
        answer.json()


def test_the_observer_gets_every_request(client_of: ClientOf) -> None:
    """Each try is reported with its outcome, to the observer of that client alone."""
    answers: list[httpx.Response | Exception] = [
        httpx.Response(503),
        httpx.ConnectError("down"),
        httpx.Response(200),
        httpx.Response(200),
    ]
    outside = iter(answers)

    def flaky(_: httpx.Request) -> httpx.Response:
        answer = next(outside)
        if isinstance(answer, Exception):
            raise answer
        return answer

    seen: list[Request] = []
    others: list[Request] = []
    client = client_of(flaky, on_request=seen.append)
    client.call("listCampaigns")
    client.watching(others.append).call("listSegments")
    assert [replace(request, seconds=0, waited_s=0) for request in seen + others] == [
        Request("listCampaigns", 503, 1, 0, 0),
        Request("listCampaigns", None, 2, 0, 0),
        Request("listCampaigns", 200, 3, 0, 0),
        Request("listSegments", 200, 1, 0, 0),
    ]
    assert all(request.seconds > 0 for request in seen + others)


def test_the_clock_is_customer_ios(client_of: ClientOf) -> None:
    """The Date of the last answer is the time, for all clients that share it; before it, the local clock."""
    dates = iter(["Wed, 01 Jan 2025 00:00:00 GMT", "no date", None])

    def outside(_: httpx.Request) -> httpx.Response:
        date = next(dates)
        return httpx.Response(200, headers={"Date": date} if date else {})

    client = client_of(outside, any_clock=True)
    assert abs(client.now() - time.time()) < 2
    for _ in range(3):
        client.watching(lambda _: None).call("listCampaigns")
        assert 1735689600 <= client.now() <= 1735689602


def test_threads_share_a_client(client_of: ClientOf) -> None:
    """Many threads get each their own answer."""
    client = client_of(Echo())

    def call(number: int) -> str:
        return str(client.call("getSegment", path={"segment_id": number}).json()["url"].rsplit("/", 1)[1])

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(call, range(200))) == [str(number) for number in range(200)]
