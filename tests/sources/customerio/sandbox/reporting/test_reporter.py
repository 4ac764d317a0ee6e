"""Reporting webhooks end to end: what happens in a workspace comes to a server."""

import hmac
from hashlib import sha256

import httpx

from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.clock import DAY, HOUR
from tests.sources.customerio.sandbox.reporting.conftest import Receiver

EMAILS = ["email_sent", "email_delivered", "email_opened", "email_clicked", "email_bounced"]


def _add(sandbox: Sandbox, receiver: Receiver, events: list[str], **fields: bool) -> int:
    flags = {"disabled": False, "full_resolution": False, "with_content": False, **fields}
    return int(
        sandbox.add(
            "reporting_webhooks", name="Ours", type="webhook", endpoint=receiver.url, events=events, **flags
        )
    )


def test_every_metric_of_a_delivery_is_an_event(small: Sandbox, receiver: Receiver) -> None:
    """As the clock moves, the chosen metrics come once each, in their order, with the parents' fields."""
    _add(small, receiver, EMAILS)
    start = small.clock.now()
    small.clock.advance(30 * DAY)
    made = small.report()

    came = receiver.bodies()
    expected = sorted(
        (at, row["id"], metric)
        for row in small.rows("messages")
        if row["type"] == "email"
        for metric, at in row["metrics"].items()
        if f"email_{metric}" in EMAILS and at > start
    )
    assert expected
    assert sorted((one["timestamp"], one["data"]["delivery_id"], one["metric"]) for one in came) == expected
    assert [one["timestamp"] for one in came] == sorted(one["timestamp"] for one in came)
    assert len({one["event_id"] for one in came}) == len(came) == made
    assert {"recipient", "subject", "identifiers", "customer_id"} <= came[0]["data"].keys()
    assert "content" not in came[0]["data"]
    assert small.report() == 0


def test_a_clicked_email_tells_its_link(small: Sandbox, receiver: Receiver) -> None:
    """The number of the link is that of the metric; `machine` says if it was a scanner."""
    _add(small, receiver, ["email_clicked"])
    small.clock.advance(60 * DAY)
    small.report()

    messages = {row["id"]: row["metrics"] for row in small.rows("messages")}
    came = receiver.bodies()
    assert came
    for one in came:
        data = one["data"]
        assert f"link:{data['link_id']}" in messages[data["delivery_id"]]
        assert data["href"].startswith("https://")
        assert data["machine"] is ("prefetch_clicked" in messages[data["delivery_id"]])


def test_an_unsubscribed_person_is_an_event_of_the_customer(small: Sandbox, receiver: Receiver) -> None:
    """A change of attributes is told with the address; the preferences with their content if it is wanted."""
    cio_id = small.add("people", id="ann", email="ann@example.com")
    _add(
        small,
        receiver,
        ["customer_unsubscribed", "customer_subscription_preferences_changed"],
        with_content=True,
    )
    small.edit("people", cio_id, unsubscribed="true", plan="pro")
    small.edit("people", cio_id, cio_subscription_preferences='{"topics":{"topic_1":false}}')
    small.report()

    told = {
        one["metric"]: one["data"]
        for one in receiver.bodies()
        if one["data"]["email_address"] == "ann@example.com"
    }
    assert told["unsubscribed"]["identifiers"] == {"cio_id": cio_id, "email": "ann@example.com", "id": "ann"}
    assert told["cio_subscription_preferences_changed"]["content"] == '{"topics":{"topic_1":false}}'


def test_what_was_before_the_webhook_is_not_told(small: Sandbox, receiver: Receiver) -> None:
    """The history of the workspace stays where it is, and so does what happens while it is disabled."""
    webhook = _add(small, receiver, ["customer_unsubscribed"])
    cio_id = small.add("people", id="ann")
    small.edit("reporting_webhooks", webhook, disabled=True)
    small.edit("people", cio_id, unsubscribed="true")
    small.edit("reporting_webhooks", webhook, disabled=False)
    small.report()

    assert receiver.bodies() == []


def test_a_failing_webhook_holds_its_later_events_back(small: Sandbox, receiver: Receiver) -> None:
    """After a 500 the same event is tried an hour later by the clock, with a new time and signature."""
    _add(small, receiver, ["customer_unsubscribed"])
    people = [small.add("people", id=f"p{number}") for number in range(2)]
    for cio_id in people:
        small.edit("people", cio_id, unsubscribed="true")
    receiver.statuses = [500]

    assert small.report() == 1
    assert small.report() == 0
    small.clock.advance(HOUR)
    assert small.report() >= 2

    attempts = small.webhook_attempts()
    assert [(one["status"], one["outcome"]) for one in attempts[:3]] == [
        (500, "waiting"),
        (200, "delivered"),
        (200, "delivered"),
    ]
    assert attempts[0]["event_id"] == attempts[1]["event_id"] != attempts[2]["event_id"]
    assert attempts[1]["at"] == attempts[0]["at"] + HOUR
    (first, body), (second, again) = receiver.came.get_nowait(), receiver.came.get_nowait()
    assert body == again
    for headers in (first, second):
        signed = b"v0:" + headers["x-cio-timestamp"].encode() + b":" + body
        key = small.webhook_signing_key.encode()
        assert headers["x-cio-signature"] == hmac.new(key, signed, sha256).hexdigest()
    assert first["x-cio-timestamp"] != second["x-cio-timestamp"]


def test_no_other_host_is_called(small: Sandbox) -> None:
    """The webhooks of the world itself are posted to no one."""
    small.clock.advance(DAY)

    assert small.report() == 0


def test_a_served_sandbox_posts_by_itself(
    small: Sandbox, small_api: httpx.Client, receiver: Receiver
) -> None:
    """A webhook and a send through the API are enough; the control route has the key and the requests."""
    body = {"name": "Ours", "endpoint": receiver.url, "events": ["email_sent"], "with_content": True}
    small_api.post("/v1/reporting_webhooks", json=body).raise_for_status()
    send = {"transactional_message_id": 1, "to": "a@example.com", "identifiers": {"id": "user-1"}}
    sent = small_api.post("/v1/send/email", json={**send, "body": "Hello"}).raise_for_status().json()
    small.clock.advance(HOUR)

    headers, raw = receiver.came.get(timeout=60)
    while sent["delivery_id"].encode() not in raw:
        headers, raw = receiver.came.get(timeout=60)

    assert b"transactional_message_id" in raw and b"Hello" in raw
    told = small_api.get("/_sandbox/webhooks").json()
    signed = b"v0:" + headers["x-cio-timestamp"].encode() + b":" + raw
    assert headers["x-cio-signature"] == hmac.new(told["signing_key"].encode(), signed, sha256).hexdigest()
