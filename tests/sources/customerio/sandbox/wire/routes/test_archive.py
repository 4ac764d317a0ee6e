"""Archived copies of messages, and their daily quota."""

from typing import Any

import httpx

from sources.customerio.sandbox import Sandbox

_DAY = 86_400


def _copy(api: httpx.Client, delivery_id: str) -> dict[str, Any]:
    answer = api.get(f"/v1/messages/{delivery_id}/archived_message").raise_for_status()
    found: dict[str, Any] = answer.json()["archived_message"]
    return found


def test_a_copy_belongs_to_its_delivery(small: Sandbox, small_api: httpx.Client) -> None:
    """The same recipient and subject, a full body, and no content without retention."""
    truth = {row["id"]: row for row in small.rows("archived_messages")}
    messages = list(small.rows("messages"))
    assert set(truth) == {row["id"] for row in messages}
    for row in messages[:40]:
        copy = _copy(small_api, row["id"])
        assert copy == truth[row["id"]]
        assert (copy["recipient"], copy["subject"]) == (row["recipient"], row["subject"])
        assert bool(copy["body"]) is not row["forgotten"]
        assert (copy["request_method"] == "POST") is (row["type"] == "webhook")
    assert any(row["forgotten"] for row in messages)


def test_a_copy_does_not_follow_its_template(small: Sandbox, small_api: httpx.Client) -> None:
    """An archived message does not change with its template."""
    message = next(row for row in small.rows("messages") if row["campaign_id"])
    before = _copy(small_api, message["id"])

    small.edit("campaign_actions", message["action_id"], body="Something else")

    assert _copy(small_api, message["id"]) == before


def test_a_copy_says_what_the_call_said(small_api: httpx.Client) -> None:
    """The body of a send, with the message's data in it, goes before the template's."""
    body = {
        "transactional_message_id": 1,
        "identifiers": {"email": "ann@example.com"},
        "body": "Token {{message_data.token}}",
        "message_data": {"token": 7},
        "subject": "Yours",
        "from": "me@example.com",
        "bcc": "you@example.com",
        "preheader": "Psst",
    }
    delivery_id = small_api.post("/v1/send/email", json=body).json()["delivery_id"]

    copy = _copy(small_api, delivery_id)

    assert "Token 7" in copy["body"]
    assert [copy[name] for name in ("subject", "from", "bcc", "preheader_text")] == [
        "Yours",
        "me@example.com",
        "you@example.com",
        "Psst",
    ]


def test_no_copy_of_nothing(api: httpx.Client) -> None:
    """404 for an unknown delivery."""
    path = "/v1/messages/dgOq6QWq6QUBAAF4_CGoeVX7mFkDbRFu7ek=/archived_message"

    assert api.get(path).status_code == 404


def test_a_hundred_a_day(small: Sandbox, small_api: httpx.Client) -> None:
    """The next one is 429 without Retry-After; a day later it works; lists have no quota."""
    path = f"/v1/messages/{next(small.rows('messages'))['id']}/archived_message"
    answers = [small_api.get(path) for _ in range(101)]

    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert "retry-after" not in answers[-1].headers
    assert answers[-1].json()["errors"][0]["status"] == "429"
    assert small_api.get("/v1/messages").status_code == 200
    small.clock.advance(_DAY - 1)
    assert small_api.get(path).status_code == 429
    small.clock.advance(1)
    assert small_api.get(path).status_code == 200
