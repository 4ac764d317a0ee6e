"""The account: its region, its workspaces, Customer.io's IP addresses."""

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served


def test_an_eu_account_says_so() -> None:
    """`getRegion` returns the region of the account."""
    sandbox = Sandbox(region="eu")

    with sandbox.serve() as served:
        keys = (sandbox.track_site_id, sandbox.track_api_key)
        body = httpx.get(f"{served.track_url}/api/v1/accounts/region", auth=keys, trust_env=False).json()

    assert body["region"] == "eu"
    assert body["url"] == "https://track-eu.customer.io"


@pytest.mark.parametrize(("given", "status"), [(None, 200), ("wrong", 401)])
def test_keys_are_checked(small: Sandbox, small_served: Served, given: str | None, status: int) -> None:
    """`/auth` on the Track API's host confirms its keys, and no others."""
    keys = (small.track_site_id, given or small.track_api_key)

    assert httpx.get(f"{small_served.track_url}/auth", auth=keys, trust_env=False).status_code == status


def test_the_allowlist_needs_no_key(api: httpx.Client) -> None:
    """Customer.io's own addresses are public."""
    response = api.get("/v1/info/ip_addresses", headers={"Authorization": ""})

    assert response.status_code == 200
    assert response.json()["ip_addresses"]


def test_the_list_of_workspaces_is_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """Every workspace of the account is listed, though the key belongs to one of them."""
    assert api.get("/v1/workspaces").json()["workspaces"] == list(tiny.rows("workspaces"))
