"""The log of requests, and counts of it."""

import threading
import time

import httpx

from sources.customerio.sandbox import Fault, Sandbox


def test_equal_requests_are_known_by_path_query_and_body(small: Sandbox, small_api: httpx.Client) -> None:
    """Another query or body is another request; so is one that failed and had to be made again."""
    small.faults.add(Fault(operation="listCampaigns", status=503))
    everyone = {"filter": {"attribute": {"field": "cio_id", "operator": "exists"}}}
    known = {"filter": {"attribute": {"field": "id", "operator": "exists"}}}

    for path in ("campaigns", "campaigns", "messages?limit=1", "messages?limit=2", "segments", "segments"):
        small_api.get(f"/v1/{path}")
    for body in (everyone, known, everyone):
        small_api.post("/v1/customers", json=body)

    [(searched, times), (listed, twice)] = sorted(small.stats.repeated.items(), reverse=True)
    assert (searched.split()[:2], times) == (["POST", "/v1/customers"], 2)
    assert (listed, twice) == ("GET /v1/segments", 2)


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
    """Latency delays answers, not arrivals: ten requests of a second arrive before the first is answered."""
    sandbox = Sandbox(latency_ms=1_000)
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

    assert took < 5
    assert sandbox.stats.arrivals[-1] - sandbox.stats.arrivals[0] < 1
    assert sandbox.stats.by_status == {200: 10}
