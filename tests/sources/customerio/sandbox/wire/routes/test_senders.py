"""Senders: visible and hidden ones, the empty last page, and usage."""

from collections.abc import Callable
from typing import Any

import httpx

from sources.customerio.sandbox import Sandbox

Reader = Callable[..., list[dict[str, Any]]]


def test_hidden_senders_have_a_list_of_their_own(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """`hidden=true` lists only the hidden senders, else only the others are listed."""
    visible = read(api, "/v1/sender_identities", "sender_identities")
    hidden = read(api, "/v1/sender_identities", "sender_identities", hidden="true")

    assert visible == read(api, "/v1/sender_identities", "sender_identities", hidden="false")
    assert [False, True] == [all(row["hidden"] for row in rows) for rows in (visible, hidden)]
    assert sorted(tiny.rows("sender_identities"), key=lambda row: int(row["id"])) == sorted(
        visible + hidden, key=lambda row: int(row["id"])
    )


def test_behind_the_last_page_there_is_an_empty_one(api: httpx.Client) -> None:
    """`next` is the position, on the last page too; following it gives no rows and no `next`."""
    page = api.get("/v1/sender_identities", params={"limit": 100}).json()
    assert "Mw==" == page["next"]

    assert {"sender_identities": [], "next": ""} == (
        api.get("/v1/sender_identities", params={"start": page["next"]}).json()
    )


def test_senders_sort_and_page(api: httpx.Client, read: Reader) -> None:
    """`sort=desc` reverses the list; pages have every sender once."""
    ascending = read(api, "/v1/sender_identities", "sender_identities", limit=1)

    assert [1, 2, 4] == [row["id"] for row in ascending]
    assert read(api, "/v1/sender_identities", "sender_identities", limit=2, sort="desc") == ascending[::-1]
    assert 400 == api.get("/v1/sender_identities", params={"start": "no token"}).status_code


def test_one_sender(api: httpx.Client) -> None:
    """A sender has an address and a type; an unknown id is a 404."""
    sender = api.get("/v1/sender_identities/1").json()["sender_identity"]

    assert ("Acme <hello@example.com>", "email", False) == (
        sender["address"], sender["template_type"], sender["hidden"]
    )  # fmt: skip
    assert sender["deduplicate_id"].startswith("1:")
    assert sender["phone"] == "", "phone is a key of every sender [live-ingestr]"
    assert api.get("/v1/sender_identities/4").json()["sender_identity"]["phone"] == "+15550100"
    assert 404 == api.get("/v1/sender_identities/77").status_code


def test_what_uses_a_sender_is_not_wrapped(small: Sandbox, small_api: httpx.Client) -> None:
    """Campaigns whose messages come from it; an action that changes sender changes both."""
    before = small_api.get("/v1/sender_identities/1/used_by").json()
    assert {"campaigns", "sent_newsletters", "draft_newsletters"} == set(before)
    assert 1 in before["campaigns"]
    assert [] == small_api.get("/v1/sender_identities/2/used_by").json()["campaigns"]

    small.edit("campaign_actions", "18", from_id=2)

    assert [1] == small_api.get("/v1/sender_identities/2/used_by").json()["campaigns"]
    assert 404 == small_api.get("/v1/sender_identities/77/used_by").status_code
