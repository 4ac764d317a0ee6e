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


DRAFT = {"name": "News", "type": "email", "subject": "Hello", "recipients": {"segment": {"id": 1}}}
PATH = "/v1/newsletters"


def _sent(api: httpx.Client, newsletter_id: int) -> list[dict[str, Any]]:
    params = {"newsletter_id": newsletter_id, "limit": 1000}
    found: list[dict[str, Any]] = api.get("/v1/messages", params=params).json()["messages"]
    return found


def _create(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = api.post(PATH, json={**DRAFT, **fields}).raise_for_status().json()["newsletter"]
    return made


def test_a_draft_is_created_and_sent(small: Sandbox, small_api: httpx.Client) -> None:
    """A draft has a content and no deliveries; sent, it has one for each member of its segment."""
    made = _create(small_api, subscription_topic_id=2)
    assert (None, [1], 2) == (made["sent_at"], made["recipient_segment_ids"], made["subscription_topic_id"])
    (content,) = small_api.get(f"{PATH}/{made['id']}/contents").json()["contents"]
    assert (made["content_ids"], "Hello") == ([content["id"]], content["subject"])
    assert [] == _sent(small_api, made["id"])

    assert 200 == small_api.post(f"{PATH}/{made['id']}/send", json={}).status_code

    members = {row["cio_id"] for row in small.rows("segment_memberships") if row["segment_id"] == 1}
    assert members
    assert members == {row["customer_identifiers"]["cio_id"] for row in _sent(small_api, made["id"])}
    assert small.clock.now() == small_api.get(f"{PATH}/{made['id']}").json()["newsletter"]["sent_at"]
    assert 400 == small_api.post(f"{PATH}/{made['id']}/send", json={}).status_code


def test_a_newsletter_is_scheduled(small: Sandbox, small_api: httpx.Client) -> None:
    """By its creation or by a call, it is sent at its instant, and not before."""
    at = small.clock.now() + 3600
    first = _create(small_api, scheduled_at=at)["id"]
    second = _create(small_api)["id"]
    assert 200 == small_api.post(f"{PATH}/{second}/schedule", json={"scheduled_at": at}).status_code
    assert 400 == small_api.post(f"{PATH}/{second}/send", json={}).status_code
    small.clock.advance(3599)
    assert [] == _sent(small_api, first) + _sent(small_api, second)
    small.clock.advance(1)
    assert {at} == {row["created"] for row in _sent(small_api, first) + _sent(small_api, second)}


def test_a_newsletter_is_sent_at_once(small: Sandbox, small_api: httpx.Client) -> None:
    """With `send_now` the answer has the time of sending."""
    assert small.clock.now() == _create(small_api, send_now=True)["sent_at"]


def test_bad_newsletters_are_refused(small: Sandbox, small_api: httpx.Client) -> None:
    """It needs a name, a known type and topic, a valid filter, one future instant, less than a megabyte."""
    bad: tuple[dict[str, Any], ...] = (
        {"name": ""},
        {"type": "pigeon"},
        {"subscription_topic_id": 77},
        {"recipients": {"segment": 4}},
        {"send_now": True, "scheduled_at": small.clock.now() + 60},
        {"scheduled_at": small.clock.now() - 60},
        {"send_now": True, "recipients": None},
    )
    for fields in bad:
        assert 400 == small_api.post(PATH, json={**DRAFT, **fields}).status_code
    assert 413 == small_api.post(PATH, json={**DRAFT, "body": "x" * 1_000_000}).status_code
    made = _create(small_api)["id"]
    assert 400 == small_api.post(f"{PATH}/{made}/schedule", json={}).status_code
    assert 404 == small_api.post(f"{PATH}/777/send", json={}).status_code

    small.knobs.topic_required = True
    assert 400 == small_api.post(PATH, json=DRAFT).status_code


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
