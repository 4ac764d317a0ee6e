"""Customer.io's own Python client, pointed at the sandbox: it works unchanged, as against the real hosts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from customerio import (
    APIClient,
    CustomerIO,
    CustomerIOException,
    SendEmailRequest,
    SendPushRequest,
    SendSMSRequest,
)
from ulid import ULID

from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.sandbox.clients.tls import tls


@pytest.fixture
def hosts(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The HTTPS port of a served sandbox, whose certificate the client trusts."""
    with sandbox.serve() as served, tls(urlsplit(served.app_url).port or 0, tmp_path) as port:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        yield port


@pytest.fixture
def track(sandbox: Sandbox, hosts: int) -> Iterator[CustomerIO]:
    """The client of the Track API."""
    with CustomerIO(sandbox.track_site_id, sandbox.track_api_key, host="localhost", port=hosts) as client:
        yield client


@pytest.fixture
def app(sandbox: Sandbox, hosts: int) -> Iterator[APIClient]:
    """The client of the App API's sends."""
    with APIClient(sandbox.app_api_key, url=f"https://localhost:{hosts}") as client:
        yield client


def _person(sandbox: Sandbox, id_: str) -> dict[str, Any]:
    (found,) = [row for row in sandbox.rows("people") if row["id"] == id_]
    return dict(found["attributes"])


def test_a_person_is_identified_tracked_merged_and_suppressed(sandbox: Sandbox, track: CustomerIO) -> None:
    """Every method of the Track client is accepted, and its write is in the workspace."""
    track.identify("c/1+2=", email="one@example.com", plan="pro")
    track.track("c/1+2=", "bought", {"total": 12}, id=str(ULID()))
    track.backfill("c/1+2=", "visited", sandbox.clock.now() - 3600, page="home")
    track.pageview("c/1+2=", "https://example.com/", referrer="news")
    track.track_anonymous("anonymous-1", "looked", {"at": "prices"})
    track.add_device("c/1+2=", "token-1", "ios", last_used=sandbox.clock.now())
    attributes = _person(sandbox, "c/1+2=")
    names = {row.get("name") for row in sandbox.rows("activities") if row["type"] in ("event", "page")}
    track.delete_device("c/1+2=", "token-1")
    track.identify("second", plan="free")
    track.merge_customers("id", "c/1+2=", "id", "second")
    track.suppress("c/1+2=")
    track.unsuppress("c/1+2=")
    track.identify("third", plan="free")
    track.delete("third")

    assert ("one@example.com", "pro") == (attributes["email"], attributes["plan"])
    assert {"bought", "visited"} <= names
    assert not {"c/1+2=", "second", "third"} & {row["id"] for row in sandbox.rows("people")}


def test_a_batch_is_taken_and_a_wrong_key_refused(sandbox: Sandbox, track: CustomerIO, hosts: int) -> None:
    """The v2 batch; and the error that the client makes of a 401."""
    person = {"type": "person", "identifiers": {"id": "batched"}}
    track.batch(
        [
            {**person, "action": "identify", "attributes": {"plan": "team"}},
            {**person, "action": "event", "name": "began", "attributes": {"step": 1}},
        ]
    )

    assert "team" == _person(sandbox, "batched")["plan"]
    wrong = CustomerIO(sandbox.track_site_id, "wrong", host="localhost", port=hosts, retries=0)
    with wrong, pytest.raises(CustomerIOException, match="401"):
        wrong.identify("batched", plan="none")


def test_messages_are_sent_and_show_up_as_deliveries(sandbox: Sandbox, app: APIClient) -> None:
    """Email, push and SMS to a person: each response names a delivery of the workspace."""
    person = next(row for row in sandbox.rows("people") if row["id"] and row["attributes"].get("email"))
    to = {"identifiers": {"id": person["id"]}}
    email, push, sms = ({**to, "transactional_message_id": template_id} for template_id in (1, 4, 5))

    answers = [
        app.send_email(SendEmailRequest(to=person["attributes"]["email"], **email)),
        app.send_push(SendPushRequest(**push)),
        app.send_sms(SendSMSRequest(to="+15555550100", **sms)),
    ]

    sandbox.clock.advance(60)
    sent = {row["id"] for row in sandbox.rows("messages")}
    assert {answer["delivery_id"] for answer in answers} <= sent
    with pytest.raises(CustomerIOException, match="400"):
        app.send_email({"transactional_message_id": 1})
