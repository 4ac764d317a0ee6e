"""Every public method of Customer.io's Python client and of `async-customerio` works against the sandbox.

The methods are found by introspection, so that a new release with a new method fails until it is called here.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import async_customerio as other
import customerio as official
import pytest
from async_customerio.track.v2 import TrackAPIV2

from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.sandbox.clients.calls import recorded
from tests.sources.customerio.sandbox.clients.tls import tls

BETA = 5  # the world's manual segment
EMAIL, PUSH, SMS, IN_APP, INBOX = 1, 4, 5, 6, 7  # the world's transactional messages
PARCEL = 8  # a message by WhatsApp, which the test adds
ANN, BOB, ACME = {"id": "ann"}, {"id": "bob"}, {"object_type_id": "1", "object_id": "acme"}
TO = {"identifiers": {"id": "user-1"}}
WHATSAPP = {"transactional_message_id": PARCEL, "to": "+15555550100", **TO}

# Methods that make no request, or that the others make theirs with.
OF_THE_CLIENT = {"close", "send_request", "setup_base_url", "is_valid_id_type"}
OF_THE_CLIENT |= {f"get_{name}_query_string" for name in ("customer", "device", "event", "events")}

Calls = Mapping[str, Callable[[Any], Any]]

OFFICIAL_TRACK: Calls = {
    "identify": lambda track: [track.identify(name, plan="pro") for name in (7, "ann", "bob", "cat")],
    "track": lambda track: track.track("ann", "bought", {"total": 12}, timestamp=1_792_058_000),
    "backfill": lambda track: track.backfill("ann", "visited", 1_792_058_000, page="home"),
    "pageview": lambda track: track.pageview("ann", "https://example.com/", referrer="news"),
    "track_anonymous": lambda track: track.track_anonymous("anonymous-1", "looked", {"at": "prices"}),
    "add_device": lambda track: track.add_device("ann", "token/1", "ios", last_used=1_792_058_000),
    "delete_device": lambda track: track.delete_device("ann", "token/1"),
    "merge_customers": lambda track: track.merge_customers("id", "ann", "id", 7),
    "batch": lambda track: track.batch(
        [{"type": "person", "action": "identify", "identifiers": {"id": 8}, "attributes": {"plan": "pro"}}]
    ),
    "suppress": lambda track: track.suppress("bob"),
    "unsuppress": lambda track: track.unsuppress("bob"),
    "delete": lambda track: track.delete("cat"),
}
OFFICIAL_APP: Calls = {
    "send_email": lambda app: app.send_email(
        {"transactional_message_id": EMAIL, "to": "a@example.com", **TO}
    ),
    "send_push": lambda app: app.send_push({"transactional_message_id": PUSH, **TO}),
    "send_sms": lambda app: app.send_sms({"transactional_message_id": SMS, "to": "+15555550100", **TO}),
    "send_whatsapp": lambda app: app.send_whatsapp(WHATSAPP),
    "send_in_app": lambda app: app.send_in_app({"transactional_message_id": IN_APP, **TO}),
    "send_inbox_message": lambda app: app.send_inbox_message({"transactional_message_id": INBOX, **TO}),
}
OTHER_TRACK: Calls = {
    "get_region": lambda track: track.get_region(),
    "identify": lambda track: track.identify("ann", plan="pro"),
    "track": lambda track: track.track("ann", "bought", total=12),
    "backfill": lambda track: track.backfill("ann", "visited", 1_792_058_000, page="home"),
    "pageview": lambda track: track.pageview("ann", "https://example.com/"),
    "track_anonymous": lambda track: track.track_anonymous("anonymous-1", "looked"),
    "add_device": lambda track: track.add_device("ann", "token", "android"),
    "delete_device": lambda track: track.delete_device("ann", "token"),
    "add_to_segment": lambda track: track.add_to_segment(BETA, ["ann", 7]),
    "remove_from_segment": lambda track: track.remove_from_segment(BETA, ["ann", 7]),
    "submit_form": lambda track: track.submit_form("signup", email="form@example.com", plan="free"),
    "report_metric": lambda track: track.report_metric(track.delivery, "opened"),
    "report_push_metric": lambda track: track.report_push_metric(track.delivery, "token", "opened"),
    "unsubscribe": lambda track: track.unsubscribe(track.delivery),
    "send_entity": lambda track: track.send_entity({"id": 7}, "person", other.Actions.identify, plan="pro"),
    "send_batch": lambda track: track.send_batch(
        [{"type": "person", "action": "identify", "identifiers": BOB, "attributes": {}}]
    ),
    "merge_customers": lambda track: track.merge_customers("id", "ann", "id", 7),
    "suppress": lambda track: track.suppress("bob"),
    "unsuppress": lambda track: track.unsuppress("bob"),
    "delete": lambda track: track.delete("ann"),
}
OTHER_TRACK_2: Calls = {
    "identify_person": lambda v2: v2.identify_person(ANN, plan="pro"),
    "track_person_event": lambda v2: v2.track_person_event(ANN, "bought", total=12),
    "person_pageview": lambda v2: v2.person_pageview({"anonymous_id": "a-1"}, "https://example.com/"),
    "person_screen": lambda v2: v2.person_screen(ANN, "Home"),
    "add_person_device": lambda v2: v2.add_person_device(ANN, "token", "ios", last_used=1_792_058_000),
    "delete_person_device": lambda v2: v2.delete_person_device(ANN, "token"),
    "identify_object": lambda v2: v2.identify_object({"object_type_id": 1, "object_id": 9}, name="Nine"),
    "track_object_event": lambda v2: v2.track_object_event(ACME, "renewed"),
    "add_object_relationships": lambda v2: v2.add_object_relationships(ACME, [{"identifiers": ANN}]),
    "delete_object_relationships": lambda v2: v2.delete_object_relationships(ACME, [{"identifiers": ANN}]),
    "add_person_relationships": lambda v2: v2.add_person_relationships(ANN, [{"identifiers": ACME}]),
    "delete_person_relationships": lambda v2: v2.delete_person_relationships(ANN, [{"identifiers": ACME}]),
    "delete_object": lambda v2: v2.delete_object({"object_type_id": "1", "object_id": "9"}),
    "send_entity": lambda v2: v2.send_entity({"type": "person", "action": "identify", "identifiers": BOB}),
    "send_batch": lambda v2: v2.send_batch([{"type": "person", "action": "identify", "identifiers": BOB}]),
    "merge_persons": lambda v2: v2.merge_persons(ANN, BOB),
    "suppress_person": lambda v2: v2.suppress_person({"email": "a@example.com"}),
    "unsuppress_person": lambda v2: v2.unsuppress_person({"email": "a@example.com"}),
    "delete_person": lambda v2: v2.delete_person(ANN),
}
OTHER_APP: Calls = {
    "send_email": lambda app: app.send_email(
        other.SendEmailRequest(transactional_message_id=EMAIL, to="a@example.com", **TO)
    ),
    "send_push": lambda app: app.send_push(other.SendPushRequest(transactional_message_id=PUSH, **TO)),
    "send_sms": lambda app: app.send_sms(
        other.SendSMSRequest(transactional_message_id=SMS, to="+15555550100", **TO)
    ),
    "send_whatsapp": lambda app: app.send_whatsapp(other.SendWhatsAppRequest(**WHATSAPP)),
    "send_in_app": lambda app: app.send_in_app(other.SendInAppRequest(transactional_message_id=IN_APP, **TO)),
    "send_inbox_message": lambda app: app.send_inbox_message(
        other.SendInboxMessageRequest(transactional_message_id=INBOX, **TO)
    ),
}
CUSTOMERS: Calls = {
    "search": lambda api: api.search({"attribute": {"field": "cio_id", "operator": "exists"}}, limit=2),
    "get_by_ids": lambda api: api.get_by_ids(["user-1"]),
    "get_by_email": lambda api: api.get_by_email("nobody@example.com"),
    "get_attributes": lambda api: api.get_attributes("user-1"),
    "get_activities": lambda api: api.get_activities("user-1", limit=10),
    "get_messages": lambda api: api.get_messages("user-1"),
    "get_relationships": lambda api: api.get_relationships("user-1"),
    "get_segments": lambda api: api.get_segments("user-1"),
    "get_subscription_preferences": lambda api: api.get_subscription_preferences("user-1"),
}
SEGMENTS: Calls = {
    "list": lambda api: api.list(),
    "get": lambda api: api.get(BETA),
    "get_customer_count": lambda api: api.get_customer_count(BETA),
    "get_membership": lambda api: api.get_membership(BETA),
    "get_used_by": lambda api: api.get_used_by(BETA),
    "create": lambda api: api.create("Made elsewhere", description="A test"),
    "delete": lambda api: api.delete(BETA),
}
TRANSACTIONAL: Calls = {
    "list": lambda api: api.list(),
    "get": lambda api: api.get(2),
    "list_variants": lambda api: api.list_variants(2),
    "get_variant": lambda api: api.get_variant(2, "de"),
    "get_deliveries": lambda api: api.get_deliveries(EMAIL, limit=3),
    "get_metrics": lambda api: api.get_metrics(EMAIL, steps=3),
    "get_link_metrics": lambda api: api.get_link_metrics(EMAIL, unique=True),
    "update_content": lambda api: api.update_content(2, 901, subject="Hello"),
    "update_variant": lambda api: api.update_variant(2, "de", subject="Hallo"),
}

REFUSED = {"track_object_event": "400"}
"""Calls that the API does not have: version 2 has no events of objects [track26]."""


def _methods(kind: type) -> set[str]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name for name, _ in found if not name.startswith("_")} - OF_THE_CLIENT


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        (official.CustomerIO, OFFICIAL_TRACK),
        (official.APIClient, OFFICIAL_APP),
        (other.AsyncCustomerIO, OTHER_TRACK),
        (TrackAPIV2, OTHER_TRACK_2),
        (other.AsyncAPIClient, OTHER_APP),
        (other.api.customers.Customers, CUSTOMERS),
        (other.api.segments.Segments, SEGMENTS),
        (other.api.transactional.Transactional, TRANSACTIONAL),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_no_method_is_left_out(kind: type, calls: Calls) -> None:
    """The calls of this file are all methods of the client that make a request."""
    assert _methods(kind) == set(calls)


@pytest.fixture
def port(small: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The HTTPS port of the small world, whose certificate both clients trust; it has a WhatsApp template."""
    small.add("transactional_messages", id=PARCEL, name="Parcel", trigger_name="parcel")
    small.add("transactional_contents", transactional_id=PARCEL, type="whatsapp", body="It is here.")
    with small.serve() as served, tls(urlsplit(served.app_url).port or 0, tmp_path) as port:
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
        yield port


@pytest.mark.proof
def test_the_official_client(small: Sandbox, port: int) -> None:
    """Every call succeeds, but for those that the API does not have; every write is applied."""
    keys = (small.track_site_id, small.track_api_key)
    with (
        official.CustomerIO(*keys, host="localhost", port=port, retries=0) as track,
        official.APIClient(small.app_api_key, url=f"https://localhost:{port}", retries=0) as app,
    ):
        for client, calls in ((track, OFFICIAL_TRACK), (app, OFFICIAL_APP)):
            for name, call in calls.items():
                if name in REFUSED:
                    with pytest.raises(official.CustomerIOException, match=REFUSED[name]):
                        call(client)
                else:
                    call(client)

    assert {"applied"} == {row["outcome"] for row in small.writes()}
    assert set(small.stats.by_operation) == recorded(f"customerio for Python {version('customerio')}")


@pytest.mark.proof
def test_the_asynchronous_client(small: Sandbox, port: int) -> None:
    """Every call succeeds, but for those that the API does not have; every write is applied."""
    asyncio.run(_call_all(small, port))

    dropped = [row["op"] for row in small.writes() if row["outcome"] == "dropped"]
    assert dropped == []
    assert set(small.stats.by_operation) == recorded(f"async-customerio {version('async-customerio')}")


async def _call_all(sandbox: Sandbox, port: int) -> None:
    keys = (sandbox.track_site_id, sandbox.track_api_key)
    app = other.AsyncAPIClient(sandbox.app_api_key, url=f"https://localhost:{port}")
    track = other.AsyncCustomerIO(*keys, host="localhost", port=port)
    track.delivery = next(row["id"] for row in sandbox.rows("messages") if row["type"] == "email")
    async with app, track:
        for client, calls in (
            (app.customers, CUSTOMERS),
            (app.transactional, TRANSACTIONAL),
            (app, OTHER_APP),
            (track, OTHER_TRACK),
            (track.v2, OTHER_TRACK_2),
            (app.segments, SEGMENTS),
        ):
            for name, call in calls.items():
                await _check(name, call(client))


async def _check(name: str, answer: Awaitable[Any]) -> None:
    if name in REFUSED:
        with pytest.raises(other.AsyncCustomerIOError, match=REFUSED[name]):
            await answer
    else:
        await answer
