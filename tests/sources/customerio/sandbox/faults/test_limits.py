"""The rate limit, and the counting of requests."""

import threading
import time

import httpx

from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.faults.limits import RateLimit


def test_ten_in_any_second() -> None:
    """The eleventh within a second is refused, does not count, and a second later there is room again."""
    limit = RateLimit()

    assert [limit.admit(5.0 + i / 100) for i in range(11)] == [True] * 10 + [False]
    assert not limit.admit(5.99)
    assert limit.admit(6.0)
    assert not limit.admit(6.005)
    assert limit.admit(6.01)


def test_too_many_requests_over_http() -> None:
    """A strict sandbox answers 429 with Retry-After: 1 and the documented words, for reads and writes."""
    sandbox = Sandbox(strict_limits=True)
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
            answers = [api.get("/v1/broadcasts") for _ in range(10)]
            answers.append(api.post("/v1/segments", json={"segment": {"name": "x"}}))
            public = api.get("/v1/info/ip_addresses")
            wrong = api.get("/v1/broadcasts", headers={"Authorization": "Bearer no"})

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert (
        answers[-1].json()["errors"][0]["detail"].startswith("rate limited to 10 requests per 1s (reference ")
    )
    assert (public.status_code, wrong.status_code) == (200, 401)
    assert sandbox.stats.max_per_second >= 11
    assert sandbox.stats.by_status == {200: 11, 429: 1, 401: 1}


def test_one_broadcast_in_ten_seconds() -> None:
    """A strict sandbox refuses the second trigger and says when it comes; the app's bucket is another one."""
    sandbox = Sandbox(strict_limits=True)
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
            answers = [api.post("/v1/campaigns/501/triggers", json={}) for _ in range(2)]
            listed = api.get("/v1/broadcasts/501/triggers")

    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "10"
    assert listed.status_code == 200


def test_a_lenient_sandbox_counts_only(small: Sandbox, small_api: httpx.Client) -> None:
    """Without strict limits nothing is refused, and the counts say what was asked."""
    for _ in range(15):
        small_api.get("/v1/campaigns")
    small_api.get("/v1/nothing")

    assert small.stats.total == 16
    assert small.stats.by_operation == {"listCampaigns": 15, "unknown": 1}
    assert small.stats.max_per_second >= 10
    assert small.stats.arrivals == sorted(small.stats.arrivals)


def test_arrivals_are_stamped_while_others_wait() -> None:
    """Latency delays answers, not arrivals: ten requests of 200 ms arrive within one tenth of a second."""
    sandbox = Sandbox(latency_ms=200)
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
            began = time.monotonic()
            threads = [threading.Thread(target=api.get, args=("/v1/campaigns",)) for _ in range(10)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.monotonic() - began

    assert took < 1.5
    assert sandbox.stats.arrivals[-1] - sandbox.stats.arrivals[0] < 0.2
    assert sandbox.stats.by_status == {200: 10}
