"""Newsletters: their order, and the time of sending."""

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


def test_a_draft_newsletter_was_never_sent(api: httpx.Client) -> None:
    """`sent_at` is null until a newsletter is sent."""
    sent = {row["id"]: row["sent_at"] for row in api.get("/v1/newsletters").json()["newsletters"]}

    assert sent[9001] is None
    assert sent[1] > 0
