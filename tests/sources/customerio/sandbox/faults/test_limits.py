"""The rate limits."""

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
