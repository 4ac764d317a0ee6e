"""Newsletters: their order, and the time of sending."""

import base64
from collections.abc import Callable
from typing import Any

import httpx

from sources.customerio.sandbox import Sandbox

Reader = Callable[..., list[dict[str, Any]]]


def test_the_list_is_the_truth(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """The pages together have every newsletter of the workspace, by id."""
    listed = read(api, "/v1/newsletters", "newsletters", limit=4)

    assert listed == sorted(tiny.rows("newsletters"), key=lambda row: row["id"])


def test_newsletters_sort(api: httpx.Client, read: Reader) -> None:
    """`sort=desc` reverses the list."""
    ascending = read(api, "/v1/newsletters", "newsletters")

    assert read(api, "/v1/newsletters", "newsletters", sort="desc", limit=3) == ascending[::-1]


def test_keys_that_are_not_set_are_absent(api: httpx.Client) -> None:
    """A newsletter without segments, topic or file has no keys for them [live-estuary]."""
    rows = {row["id"]: row for row in api.get("/v1/newsletters").json()["newsletters"]}

    assert rows[1]["recipient_segment_ids"] == [2]
    assert set(rows[5]) == {
        "id", "deduplicate_id", "content_ids", "name", "sent_at", "created", "updated", "type", "tags",
    }  # fmt: skip
    assert rows[5]["deduplicate_id"] == f"5:{rows[5]['updated']}"


def test_a_draft_newsletter_was_never_sent(api: httpx.Client) -> None:
    """`sent_at` is null until a newsletter is sent."""
    sent = {row["id"]: row["sent_at"] for row in api.get("/v1/newsletters").json()["newsletters"]}

    assert sent[9001] is None
    assert sent[1] > 0


def test_a_token_is_a_position_and_an_empty_page_follows(tiny: Sandbox, api: httpx.Client) -> None:
    """The last page has a `next`; behind it are an empty page and no restart [live-estuary]."""
    count = len(list(tiny.rows("newsletters")))
    last = api.get("/v1/newsletters", params={"limit": 1000}).json()["next"]

    assert base64.b64decode(last) == str(count).encode()
    for token in (last, base64.b64encode(b"5000").decode()):
        page = api.get("/v1/newsletters", params={"start": token, "limit": 1000}).json()
        assert page == {"newsletters": [], "next": ""}
    assert api.get("/v1/newsletters", params={"start": "djIwOjE="}).status_code == 400


def test_a_page_that_is_not_full_may_be_the_last(small: Sandbox, small_api: httpx.Client) -> None:
    """With `next_after_full_only` only a full page has a `next`."""
    small.knobs.next_after_full_only = True
    count = len(list(small.rows("newsletters")))

    assert small_api.get("/v1/newsletters", params={"limit": count + 1}).json()["next"] == ""
    assert small_api.get("/v1/newsletters", params={"limit": count}).json()["next"]
