"""Keys, headers, error bodies, unknown paths and parameters."""

import base64
import re
from typing import Any

import httpx
import pytest

from sources.customerio.catalogue import OPERATIONS, Operation, operation
from sources.customerio.sandbox import Sandbox


def _errors(response: httpx.Response) -> dict[str, Any]:
    (error,) = response.json()["errors"]
    assert error["status"] == str(response.status_code)
    assert re.search(r" \(reference [0-9A-HJKMNP-TV-Z]{26}\)$", error["detail"])
    return dict(error)


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_a_list_has_the_recorded_headers(api: httpx.Client) -> None:
    """An App API answer carries the live headers, chunked, without rate limits or a request id."""
    headers = api.get("/v1/campaigns").headers

    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["cache-control"] == "must-revalidate,no-cache,no-store"
    assert headers["transfer-encoding"] == "chunked"
    assert headers["via"] == "1.1 google"
    assert not [name for name in headers if "rate" in name or "request-id" in name or name == "server"]


def test_the_date_header_follows_the_clock(small: Sandbox, small_api: httpx.Client) -> None:
    """Readers that trust the server's date see the sandbox's time."""
    assert small_api.get("/v1/campaigns").headers["date"] == "Thu, 15 Oct 2026 10:00:00 GMT"

    small.clock.advance(86_400)

    assert small_api.get("/v1/campaigns").headers["date"] == "Fri, 16 Oct 2026 10:00:00 GMT"


@pytest.mark.parametrize("key", ["", "Bearer wrong", "Basic abc"])
def test_a_wrong_app_key_is_401(api: httpx.Client, key: str) -> None:
    """No key, a bad key and a key in the wrong scheme are all the same 401."""
    error = _errors(api.get("/v1/campaigns", headers={"Authorization": key}))

    assert error["status"] == "401"
    assert error["code"] == "invalid_credentials"


def test_track_and_app_keys_do_not_open_each_other(tiny: Sandbox, api: httpx.Client) -> None:
    """A Track pair is refused by the App API, an App key by the Track API."""
    track = _basic(tiny.track_site_id, tiny.track_api_key)

    assert api.get("/v1/campaigns", headers=track).status_code == 401
    assert api.get("/api/v1/accounts/region").status_code == 401
    assert api.get("/api/v1/accounts/region").json() == {"meta": {"error": "Unauthorized request"}}


def test_the_track_api_tells_the_region(tiny: Sandbox, api: httpx.Client) -> None:
    """`getRegion` answers with url, region and workspace; its JSON ends with a newline and a length."""
    response = api.get("/api/v1/accounts/region", headers=_basic(tiny.track_site_id, tiny.track_api_key))

    assert response.json() == {"url": "https://track.customer.io", "region": "us", "environment_id": 144601}
    assert response.content.endswith(b"}\n")
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["status"] == "200 OK"


def test_the_wrong_region_knows_no_app_key(small: Sandbox, small_api: httpx.Client) -> None:
    """On the other region's host every App request is a 401, while `getRegion` returns the right region."""
    small.knobs.wrong_region = True

    assert small_api.get("/v1/workspaces").status_code == 401
    track = small_api.get("/api/v1/accounts/region", headers=_basic(small.track_site_id, small.track_api_key))
    assert track.json()["region"] == "us"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nothing"), ("DELETE", "/v1/campaigns"), ("GET", "/")]
)
def test_an_unknown_call_is_404(api: httpx.Client, method: str, path: str) -> None:
    """A path that Customer.io does not have, or not by this method, is a plain-text 404 [live-estuary]."""
    response = api.request(method, path)
    assert (response.status_code, response.text) == (404, "404 page not found")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "campaigns/9999/actions",
        "broadcasts/9999/actions",
        "newsletters/9999/contents",
        "segments/9999/membership",
    ],
)
def test_a_missing_parent_is_404_in_json(api: httpx.Client, path: str) -> None:
    """A list below a missing parent is never empty: it is `not found`, with a new reference each time."""
    first, second = (_errors(api.get(f"/v1/{path}"))["detail"] for _ in range(2))

    assert first.split(" (")[0] == second.split(" (")[0] == "not found"
    assert first != second


def test_an_unknown_type_of_suppressions_has_no_reference(api: httpx.Client) -> None:
    """The provider's lists have their own words, without a reference [live-estuary]."""
    response = api.get("/v1/esp/suppression/complaints")

    assert response.status_code == 400
    assert response.json() == {"errors": [{"detail": "type is invalid", "status": "400"}]}


def test_an_operation_that_is_not_served_is_an_unknown_path(small: Sandbox, small_api: httpx.Client) -> None:
    """`not_served` answers like a path that does not exist, for a region or plan without the call."""
    small.knobs.not_served = {"listCampaigns"}

    assert small_api.get("/v1/campaigns").text == "404 page not found"
    assert small_api.get("/v1/broadcasts").status_code == 200


def test_unknown_parameters_are_ignored_and_large_limits_clamped(api: httpx.Client) -> None:
    """A parameter that an operation does not have changes nothing; too large a page is the largest page."""
    plain = api.get("/v1/campaigns").json()

    assert api.get("/v1/campaigns", params={"limit": 1, "updated_since": 5}).json() == plain
    assert len(api.get("/v1/activities", params={"limit": 10_000}).json()["activities"]) == 100
    assert api.get("/v1/messages", params={"limit": 10_000}).status_code == 200


@pytest.mark.parametrize("params", [{"limit": "many"}, {"start_ts": "monday"}, {"start": "not a token"}])
def test_malformed_parameters_are_400(api: httpx.Client, params: dict[str, str]) -> None:
    """A parameter that is not a number or not a token is `bad request`, with a reference."""
    error = _errors(api.get("/v1/messages", params=params))
    assert error["status"] == "400"
    assert error["detail"].startswith("bad request (reference ")


def test_tokens_mind_their_case(api: httpx.Client) -> None:
    """A lower-cased token is a 400."""
    token = api.get("/v1/messages", params={"limit": 3}).json()["next"]

    assert token.lower() != token
    assert api.get("/v1/messages", params={"start": token.lower()}).status_code == 400


def test_every_operation_has_a_route(small_api: httpx.Client, small: Sandbox) -> None:
    """No operation of the catalogue is an unknown path."""
    track = _basic(small.track_site_id, small.track_api_key)
    for row in OPERATIONS:
        path = re.sub(r"\{[a-z_]+\}", "987654", row.path)
        headers = track if row.api == "track" else {}
        body: dict[str, object] | None = {} if row.body != "none" else None
        response = small_api.request(row.method, path, json=body, headers=headers)
        nowhere = response.text in ("404 page not found", '{"meta":{"error":"not found"}}\n')

        assert not (response.status_code == 404 and nowhere), row.id


def test_answered_operations_are_the_ones_promised(api: httpx.Client) -> None:
    """The generated page names every operation of the catalogue, and all stable ones are answered."""
    page = api.get("/_sandbox/").text

    assert all(row.id in page for row in OPERATIONS)
    assert operation("listMessages").path in page
    stable = sum(row.stability == "stable" for row in OPERATIONS)
    assert f"{stable} of {len(OPERATIONS)} operations are answered" in page


DOUBTFUL = [row for row in OPERATIONS if row.stability == "doubtful"]


@pytest.mark.parametrize("row", DOUBTFUL, ids=lambda row: row.id)
def test_a_doubtful_operation_is_a_501_with_its_name(
    small_api: httpx.Client, small: Sandbox, row: Operation
) -> None:
    """The sandbox does not invent what is not known to exist."""
    path = re.sub(r"\{[a-z_]+\}", "1", row.path)
    headers = _basic(small.track_site_id, small.track_api_key) if row.api == "track" else {}

    response = small_api.request(row.method, path, headers=headers)

    assert 501 == response.status_code
    assert row.id in response.text
