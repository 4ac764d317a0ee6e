"""Transactional sends: each creates a delivery that gets metrics like any other."""

import base64
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

_DAY = 86_400
EMAIL = {"transactional_message_id": 1, "identifiers": {"id": "ann"}, "to": "ann@example.com"}


@pytest.fixture
def ann(small: Sandbox) -> Sandbox:
    """A workspace with a person, Ann, who has an email address and a phone number."""
    small.add("people", id="ann", email="ann@example.com", phone="+15555550123", first_name="Ann")
    return small


def _send(api: httpx.Client, body: Any, medium: str = "email") -> dict[str, Any]:
    answer: dict[str, Any] = api.post(f"/v1/send/{medium}", json=body).raise_for_status().json()
    return answer


def _message(api: httpx.Client, delivery_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/v1/messages/{delivery_id}").json()["message"]
    return found


def test_a_send_is_a_delivery(ann: Sandbox, small_api: httpx.Client) -> None:
    """The delivery is listed at once as the newest one, with its template and no other parent."""
    answer = _send(small_api, EMAIL)

    message = _message(small_api, answer["delivery_id"])
    assert answer["queued_at"] == message["created"] == ann.clock.now()
    assert (message["transactional_message_id"], message["msg_template_id"]) == (1, 900)
    assert message["recipient"] == "ann@example.com"
    assert message["customer_identifiers"]["id"] == "ann"
    parents = ("campaign_id", "action_id", "newsletter_id", "content_id", "broadcast_id")
    assert all(message[name] is None for name in parents)
    for path in ("/v1/messages", "/v1/transactional/1/messages", "/v1/customers/ann/messages"):
        assert small_api.get(path, params={"limit": 1}).json()["messages"] == [message]


def test_metrics_arrive_with_the_clock(ann: Sandbox, small_api: httpx.Client) -> None:
    """First it is sent, then delivered, then opened, and each metric has an activity."""
    ids = [_send(small_api, EMAIL)["delivery_id"] for _ in range(20)]
    assert all(set(_message(small_api, one)["metrics"]) <= {"sent"} for one in ids)

    ann.clock.advance(_DAY)

    messages = [_message(small_api, one) for one in ids]
    delivered = [row for row in messages if "delivered" in row["metrics"]]
    assert len(delivered) > 10
    row = delivered[0]
    assert row["created"] <= row["metrics"]["sent"] < row["metrics"]["delivered"]
    log = {(row["type"], row["delivery_id"]): row for row in ann.rows("activities")}
    for row in delivered:
        assert log["delivered_email", row["id"]]["timestamp"] == row["metrics"]["delivered"]
    ann.clock.advance(60 * _DAY)
    opened = [one for one in ids if "opened" in _message(small_api, one)["metrics"]]
    assert opened, "some are opened in two months"


def test_sends_among_the_worlds_own_deliveries_keep_their_order(
    ann: Sandbox, small_api: httpx.Client
) -> None:
    """Pages through everything give each delivery once, the day after as well."""
    ids = {_send(small_api, EMAIL)["delivery_id"] for _ in range(5)}
    ann.clock.advance(3 * _DAY)
    ids |= {_send(small_api, EMAIL)["delivery_id"] for _ in range(5)}
    ann.clock.advance(3 * _DAY)

    found: list[dict[str, Any]] = []
    start = ""
    while True:
        params: dict[str, str | int] = {"limit": 7, **({"start": start} if start else {})}
        page = small_api.get("/v1/messages", params=params).json()
        found += page["messages"]
        start = page["next"]
        if not start:
            break

    assert found == [row for row in ann.rows("messages") if row["created"] >= found[-1]["created"]]
    assert len({row["id"] for row in found}) == len(found)
    assert ids <= {row["id"] for row in found}


def test_a_send_shows_up_in_an_export(ann: Sandbox, small_api: httpx.Client) -> None:
    """A deliveries export of the template has a row more."""
    delivery_id = _send(small_api, EMAIL)["delivery_id"]

    ordered = small_api.post("/v1/exports/deliveries", json={"transactional_message_id": 1}).json()["export"]
    ann.clock.advance(60)
    link = small_api.get(f"/v1/exports/{ordered['id']}/download").json()["url"]

    assert delivery_id in httpx.get(link, trust_env=False).text


@pytest.mark.parametrize(
    ("medium", "body", "channel"),
    [
        ("push", {"transactional_message_id": 4}, "push"),
        ("sms", {"transactional_message_id": 5, "to": "{{customer.phone}}"}, "twilio"),
        ("in_app", {"transactional_message_id": "seat_upgrade"}, "in_app"),
        ("inbox_message", {"transactional_message_id": 7}, "in_app"),
        ("email", {"transactional_message_id": "Password_Reset"}, "email"),
        ("email", {"body": "<b>Hi</b>", "subject": "Hi", "from": "me@example.com"}, "email"),
    ],
)
def test_every_medium(
    ann: Sandbox, small_api: httpx.Client, medium: str, body: dict[str, Any], channel: str
) -> None:
    """Templates are named by id or, in any case, by trigger name; without one, template 1 counts it."""
    answer = _send(small_api, {"identifiers": {"id": "ann"}, **body}, medium)

    message = _message(small_api, answer["delivery_id"])
    assert message["type"] == channel
    named = {"Password_Reset": 2, "seat_upgrade": 6}
    given = body.get("transactional_message_id", 1)
    assert message["transactional_message_id"] == named.get(given, given)
    assert ann.clock.now() == message["created"]


def test_an_unknown_person_is_created(small: Sandbox, small_api: httpx.Client) -> None:
    """An unknown id or email creates a person; a refused send or an unknown cio_id does not."""
    before = len(list(small.rows("people")))

    _send(small_api, {**EMAIL, "identifiers": {"email": "New@example.com"}, "to": "new@example.com"})
    sms = {"transactional_message_id": 5, "identifiers": {"id": "zed"}, "to": "12"}
    refused = [
        small_api.post("/v1/send/sms", json=sms),
        small_api.post("/v1/send/email", json={**EMAIL, "identifiers": {"cio_id": "00000000"}}),
    ]

    assert [answer.status_code for answer in refused] == [400, 400]
    people = list(small.rows("people"))
    assert len(people) == before + 1
    assert people[-1]["identifiers"]["email"] == "New@example.com"


@pytest.mark.parametrize(
    ("changed", "metric", "reason"),
    [
        ({"unsubscribed": "true"}, "undeliverable", "Recipient is unsubscribed"),
        ({"email": ""}, "undeliverable", "No recipient address"),
    ],
)
def test_what_cannot_leave_says_why(
    ann: Sandbox, small_api: httpx.Client, changed: dict[str, str], metric: str, reason: str
) -> None:
    """The delivery exists and has failed."""
    ann.edit("people", "ann", **changed)

    body = {"transactional_message_id": 1, "identifiers": {"id": "ann"}, "send_to_unsubscribed": False}
    delivery_id = _send(small_api, body)["delivery_id"]
    ann.clock.advance(5)

    message = _message(small_api, delivery_id)
    assert list(message["metrics"]) == [metric]
    assert message["failure_message"] == reason


def test_a_suppressed_person_gets_nothing(ann: Sandbox, small_api: httpx.Client) -> None:
    """The delivery is dropped and has no person."""
    ann.suppress("ann")

    delivery_id = _send(small_api, EMAIL)["delivery_id"]
    ann.clock.advance(5)

    message = _message(small_api, delivery_id)
    assert list(message["metrics"]) == ["dropped"]
    assert (message["customer_identifiers"], message["recipient"]) == (None, None)


def test_a_send_can_be_put_off_held_back_and_forgotten(ann: Sandbox, small_api: httpx.Client) -> None:
    """`send_at` delays the delivery; a draft is not listed; without retention there is no content."""
    at = ann.clock.now() + 3600
    later = _send(small_api, {**EMAIL, "send_at": at})
    past = _send(small_api, {**EMAIL, "send_at": 5})
    draft = _send(small_api, {**EMAIL, "queue_draft": True})["delivery_id"]
    forgotten = _send(small_api, {**EMAIL, "disable_message_retention": True})["delivery_id"]

    ann.clock.advance(1800)
    assert (later["queued_at"], past["queued_at"]) == (at, at - 3600)
    assert _message(small_api, later["delivery_id"])["metrics"] == {}
    assert list(_message(small_api, draft)["metrics"]) == ["drafted"]
    assert draft not in {row["id"] for row in small_api.get("/v1/messages").json()["messages"]}
    drafts = small_api.get("/v1/transactional/1/messages", params={"state": "drafted"}).json()["messages"]
    assert [row["id"] for row in drafts] == [draft]
    assert _message(small_api, forgotten)["forgotten"] is True
    ann.clock.advance(3600)
    assert min(_message(small_api, later["delivery_id"])["metrics"].values()) >= at


def test_a_language_is_another_content(ann: Sandbox, small_api: httpx.Client) -> None:
    """By the person's `language`, by the body's before it, and the default where there is none."""
    body = {**EMAIL, "transactional_message_id": 2}
    default, asked, unknown = (
        _message(small_api, _send(small_api, {**body, **language})["delivery_id"])
        for language in ({}, {"language": "de"}, {"language": "fr"})
    )
    ann.edit("people", "ann", language="de")
    preferred = _message(small_api, _send(small_api, body)["delivery_id"])

    assert [row["msg_template_id"] for row in (default, asked, unknown, preferred)] == [901, 951, 901, 951]


_FILE = base64.b64encode(b"x" * 999).decode()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"identifiers": {}}, 400, "exactly one of id, email and cio_id"),
        ({"identifiers": {"id": "a", "email": "a@example.com"}}, 400, "exactly one of"),
        ({"identifiers": None}, 400, "exactly one of"),
        ({"transactional_message_id": 77}, 400, "no transactional message of type email"),
        ({"transactional_message_id": 4}, 400, "no transactional message of type email"),
        ({"transactional_message_id": None}, 400, 'Missing required field: "body"'),
        ({"to": ", ".join(f"a{n}@example.com" for n in range(15)), "bcc": "b@example.com"}, 400, "15 recip"),
        ({"send_at": 2**40}, 400, "90 days"),
        ({"send_at": "soon"}, 400, "send_at"),
        ({"queue_draft": "yes"}, 400, "queue_draft must be a boolean"),
        ({"headers": "no json"}, 400, "headers"),
        ({"headers": {"X-Tag": 7}}, 400, "headers"),
        ({"message_data": []}, 400, "message_data"),
        ({"attachments": {"a.csv": "no base64"}}, 400, 'Attachment must be base64 encoded: "a.csv"'),
        ({"attachments": {"a.exe": _FILE}}, 403, "Forbidden file type exe for attachment a.exe."),
        ({"attachments": {"a.txt": base64.b64encode(b"x" * 2_000_001).decode()}}, 413, "exceeds the limit"),
        ({"body": "x" * 1_000_001}, 413, "exceeds the limit"),
    ],
)
def test_refusals_come_in_meta(api: httpx.Client, body: dict[str, Any], status: int, error: str) -> None:
    """`{"meta": {"error": ...}}`, and nothing is sent."""
    before = api.get("/v1/messages").json()

    response = api.post("/v1/send/email", json={**EMAIL, **body})

    assert response.status_code == status
    assert error in response.json()["meta"]["error"]
    assert api.get("/v1/messages").json() == before


def test_fifteen_recipients_and_a_small_attachment_are_fine(small_api: httpx.Client) -> None:
    """Values at the limits are accepted; a comma in a quoted name does not separate recipients."""
    to = ", ".join(['"Doe, Ann" <ann@example.com>', *(f"a{n}@example.com" for n in range(13))])
    big = base64.b64encode(b"x" * 1_500_000).decode()

    answer = _send(small_api, {**EMAIL, "to": to, "bcc": "b@example.com", "attachments": {"a.txt": big}})

    assert _message(small_api, answer["delivery_id"])["recipient"] == to


@pytest.mark.parametrize(
    ("medium", "body", "error"),
    [
        ("sms", {"transactional_message_id": 5, "to": "555"}, "Phone numbers must be in E.164 format."),
        ("sms", {"transactional_message_id": 5}, 'Missing required field: "to"'),
        ("push", {"transactional_message_id": 4, "to": "someone-elses"}, "to must be all, last_used"),
        ("in_app", {}, "transactional_message_id is required"),
        ("inbox_message", {"transactional_message_id": 6}, "of type inbox"),
    ],
)
def test_refusals_of_other_media(api: httpx.Client, medium: str, body: dict[str, Any], error: str) -> None:
    """Each medium has its own rules."""
    response = api.post(f"/v1/send/{medium}", json={"identifiers": {"id": "00000"}, **body})

    assert response.status_code == 400
    assert error in response.json()["meta"]["error"]


def test_the_way_through_time_does_not_matter_to_sends() -> None:
    """A send and a move of three days, or three moves of one: the same deliveries and activities."""
    tables = []
    for moves in ([3 * _DAY], [_DAY] * 3):
        sandbox = Sandbox(seed=3)
        with sandbox.serve() as served:
            headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
            with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
                for _ in range(10):
                    _send(api, EMAIL)
                for seconds in moves:
                    sandbox.clock.advance(seconds)
                    list(sandbox.rows("activities"))
        tables.append([list(sandbox.rows(name)) for name in ("messages", "activities", "people")])

    assert tables[0] == tables[1]


def test_whatsapp_needs_its_template(ann: Sandbox, small_api: httpx.Client) -> None:
    """A template of another type is refused; with one of its own the delivery has the type `whatsapp`."""
    body = {"identifiers": {"id": "ann"}, "transactional_message_id": 8}
    text = {**body, "transactional_message_id": 5}
    assert 400 == small_api.post("/v1/send/whatsapp", json=text).status_code
    assert 400 == small_api.post("/v1/send/whatsapp", json={"identifiers": {"id": "ann"}}).status_code
    ann.add("transactional_messages", id=8, name="Parcel", trigger_name="parcel")
    ann.add("transactional_contents", transactional_id=8, type="whatsapp", body="It is here.")

    sent = _send(small_api, {**body, "to": "+15555550123"}, "whatsapp")

    message = _message(small_api, sent["delivery_id"])
    assert ("whatsapp", "+15555550123", 8) == (
        message["type"],
        message["recipient"],
        message["transactional_message_id"],
    )
    assert 400 == small_api.post("/v1/send/whatsapp", json={**body, "to": "0123"}).status_code


@pytest.mark.parametrize(
    "given",
    [{"X-Tag": "a"}, [{"name": "X-Tag", "value": "a"}], '{"X-Tag": "a"}', "[]", [], {}, "", None],
    ids=repr,
)
def test_headers_have_many_forms(small_api: httpx.Client, given: object) -> None:
    """An object, a list, either as text, and nothing are taken."""
    body = {"transactional_message_id": 1, "identifiers": {"id": "user-1"}, "headers": given}

    assert small_api.post("/v1/send/email", json=body).status_code == 200


def test_a_send_with_a_wrong_key(small_api: httpx.Client) -> None:
    """Its 401 has the form of a send's other errors."""
    response = small_api.post("/v1/send/email", json={}, headers={"Authorization": "Bearer wrong"})

    assert (response.status_code, response.json()) == (401, {"meta": {"error": "Unauthorized"}})
