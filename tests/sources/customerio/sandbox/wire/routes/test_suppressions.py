"""Addresses that the email service provider suppresses: four kinds, by offset, null without any."""

from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

KINDS = ("bounces", "blocks", "spam_reports", "invalid_emails")


def _pages(api: httpx.Client, kind: str, limit: int, **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        params: dict[str, str | int] = {"limit": limit, "offset": len(rows), **query}
        page = api.get(f"/v1/esp/suppression/{kind}", params=params).json()["suppressions"]
        if page is None:
            return rows
        rows += page


def _truth(sandbox: Sandbox, kind: str, domain: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in ("suppression_type", "domain")}
        for row in sandbox.rows("esp_suppressions")
        if (row["suppression_type"], row["domain"]) == (kind, domain)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_pages_by_offset_are_the_truth(tiny: Sandbox, api: httpx.Client, kind: str) -> None:
    """In the order of the addresses, without overlap, of all domains or of one."""
    whole = _pages(api, kind, 40)

    assert _truth(tiny, kind, "") == whole
    assert sorted(row["email"] for row in whole) == [row["email"] for row in whole]
    for domain in ("example.com", "mail.example.org"):
        assert _truth(tiny, kind, domain) == _pages(api, kind, 1000, domain=domain)


def test_the_first_page_has_a_hundred(api: httpx.Client) -> None:
    """A page has a category, no total and no `next`."""
    page = api.get("/v1/esp/suppression/bounces").json()

    assert ({"category", "suppressions"}, "bounces", 100) == (
        set(page), page["category"], len(page["suppressions"])
    )  # fmt: skip
    assert {"created", "email", "reason", "status"} == set(page["suppressions"][0])
    assert "spam" == api.get("/v1/esp/suppression/spam_reports").json()["category"]


@pytest.mark.parametrize(
    ("kind", "query"),
    [("invalid_emails", {}), ("bounces", {"offset": "100000"}), ("bounces", {"domain": "nobody.example"})],
)
def test_nothing_is_null_without_a_category(api: httpx.Client, kind: str, query: dict[str, str]) -> None:
    """An empty list, an offset past the end and an unknown domain are 200 and null."""
    assert {"suppressions": None} == api.get(f"/v1/esp/suppression/{kind}", params=query).json()


def test_a_kind_that_does_not_exist_is_refused(api: httpx.Client) -> None:
    """The kinds are four; another one is refused."""
    assert 400 == api.get("/v1/esp/suppression/complaints").status_code


def test_an_address_is_suppressed_and_freed(small_api: httpx.Client) -> None:
    """It is listed under its kind, in any case of letters; a second suppression or removal is no error."""
    path = "/v1/esp/suppression/blocks/New%2Bone%40example.net"
    search = "/v1/esp/search_suppression/new%2Bone%40example.net"
    assert {"suppressions": None} == small_api.get(search).json()

    assert {} == small_api.post(path).json() == small_api.post(path).json()

    (row,) = small_api.get(search).json()["suppressions"]
    assert ("new+one@example.net", "Uploaded manually via api.customer.io") == (row["email"], row["reason"])
    assert row in _pages(small_api, "blocks", 1000, domain="example.com")
    assert [204, 204] == [small_api.delete(path).status_code for _ in range(2)]
    assert {"suppressions": None} == small_api.get(search).json()


def test_a_bounce_of_ours_is_listed_until_it_is_freed(api: httpx.Client) -> None:
    """A bounced address is suppressed from then on; once removed, the old bounce does not list it again."""
    sandbox = Sandbox()
    bounced = {
        row["recipient"].lower(): row["metrics"]["bounced"]
        for row in sandbox.rows("messages")
        if row["type"] == "email" and "bounced" in row["metrics"]
    }
    assert bounced
    listed = {row["email"]: row["created"] for row in _pages(api, "bounces", 1000)}
    assert bounced.keys() <= listed.keys()
    assert all(listed[email] <= at for email, at in bounced.items())
    with sandbox.serve() as served:
        client = httpx.Client(
            base_url=served.app_url, headers={"Authorization": f"Bearer {sandbox.app_api_key}"}
        )
        with client:
            email = min(bounced)
            client.delete(f"/v1/esp/suppression/bounces/{email}")
            assert email not in {row["email"] for row in _pages(client, "bounces", 1000)}


def test_others_fill_the_list_too(small: Sandbox) -> None:
    """Within a week, addresses appear that got no delivery of this workspace."""
    before = {row["email"] for row in small.rows("esp_suppressions")}
    small.clock.advance(7 * 86_400)

    added = {row["email"] for row in small.rows("esp_suppressions")} - before
    assert added - {(row["recipient"] or "").lower() for row in small.rows("messages")}


def _by_domain(api: httpx.Client, domain: str, kind: str = "bounces", **params: Any) -> httpx.Response:
    return api.get(f"/v1/esp/domains/{domain}/suppression/{kind}", params=params)


def test_the_addresses_of_one_domain_come_in_pages(api: httpx.Client) -> None:
    """Pages by token have what the flat list has for the domain; the last one has no `next`."""
    flat = api.get("/v1/esp/suppression/bounces", params={"domain": "example.com", "limit": 1000}).json()
    rows, page = [], _by_domain(api, "Example.com", limit=50).json()
    while "next" in page:
        assert "bounces" == page["category"]
        rows += page["suppressions"]
        page = _by_domain(api, "example.com", limit=50, start=page["next"]).json()

    assert flat["suppressions"] == rows + page["suppressions"]
    assert {"suppressions": None} == _by_domain(api, "example.com", "invalid_emails").json()


def test_an_address_of_a_domain_is_found(api: httpx.Client) -> None:
    """`email` returns one row at most, and no cursor; the flat list takes it too."""
    row = _by_domain(api, "example.com").json()["suppressions"][3]

    found = _by_domain(api, "example.com", email=row["email"].upper(), limit=1).json()
    assert {"category": "bounces", "suppressions": [row]} == found
    assert {"suppressions": None} == _by_domain(api, "example.com", email="nobody@example.com").json()
    flat = api.get("/v1/esp/suppression/bounces", params={"email": row["email"]}).json()
    assert [row] == flat["suppressions"]


def test_unknown_domains_and_types_have_their_own_errors(api: httpx.Client) -> None:
    """A domain without a sender is a JSON 404; a type that is none of the four a 400 without a reference."""
    assert "404" == _by_domain(api, "nowhere.example").json()["errors"][0]["status"]
    for path in ("/v1/esp/domains/example.com/suppression/drops", "/v1/esp/suppression/drops"):
        assert [{"detail": "type is invalid", "status": "400"}] == api.get(path).json()["errors"]
