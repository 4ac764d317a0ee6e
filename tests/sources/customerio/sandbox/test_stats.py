"""The log of requests: what was asked, and what was asked twice."""

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
