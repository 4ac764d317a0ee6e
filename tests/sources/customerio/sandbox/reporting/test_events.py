"""The bodies of events, beside the schemas of Customer.io's document."""

import json
from typing import Any

import pytest

from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.clock import DAY
from tests.sources.customerio.sandbox.contract.documents import EVENTS_FILE
from tests.sources.customerio.sandbox.contract.test_contract import deviations
from tests.sources.customerio.sandbox.reporting.conftest import Receiver

SCHEMAS = json.loads(EVENTS_FILE.read_text())
OBJECTS = ("email", "push", "sms", "whatsapp", "in_app", "slack", "webhook")
METRICS = (
    *("drafted", "attempted", "sent", "deferred", "delivered", "opened", "clicked", "converted"),
    *("bounced", "dropped", "failed", "undeliverable", "unsubscribed", "spammed", "replied"),
)
CUSTOMER = ("subscribed", "unsubscribed", "subscription_preferences_changed")
EVERY = [
    *(f"{kind}_{metric}" for kind in OBJECTS for metric in METRICS),
    *(f"customer_{metric}" for metric in CUSTOMER),
]

DEVIATIONS = {
    # The document requires the recipient, and does not have it among the properties [wh26].
    "email_failed": {("$.data.recipient", "left out")},
    # The document spells it `object_type_type`, and has no change that no message caused [wh26].
    "person_cio_subscription_preferences_changed": {
        ("$.object_type", "not documented"),
        ("$.data.delivery_id", "left out"),
        ("$.data.newsletter_id", "left out"),
    },
}
WITHOUT_SCHEMA = {"email_deferred"}
"""Events that can be subscribed to [spec25], and whose body no document describes."""


@pytest.fixture(scope="module")
def world() -> Sandbox:
    """A tiny world, to which a webhook is added before half a year passes."""
    return Sandbox(scale="tiny")


@pytest.mark.proof
def test_every_body_fits_its_schema(world: Sandbox, receiver: Receiver) -> None:
    """Half a year of events of all kinds, with content, has the documented fields and no others."""
    flags = {"disabled": False, "full_resolution": True, "with_content": True, "type": "webhook"}
    world.add("reporting_webhooks", name="All", endpoint=receiver.url, events=EVERY, **flags)
    cio_id = world.add("people", id="ann", email="ann@example.com")
    for changed in ({"unsubscribed": "true"}, {"cio_subscription_preferences": '{"topics":{}}'}):
        world.edit("people", cio_id, **changed)
    world.edit("people", cio_id, unsubscribed="false")
    world.clock.advance(180 * DAY)
    world.report()

    bodies = receiver.bodies()
    kinds = {_kind(body) for body in bodies}
    assert {"email_sent", "email_clicked", "push_sent", "sms_sent", "in_app_opened", "slack_sent"} <= kinds
    assert {"person_subscribed", "person_unsubscribed"} <= kinds
    assert "person_cio_subscription_preferences_changed" in kinds
    for body in bodies:
        kind = _kind(body)
        if kind not in WITHOUT_SCHEMA:
            schema = {"$defs": SCHEMAS["$defs"], **SCHEMAS["schemas"][kind]}
            assert deviations(body, schema) == DEVIATIONS.get(kind, set()), body


def _kind(body: dict[str, Any]) -> str:
    """The name of the event's schema."""
    kind = "person" if body["object_type"] == "customer" else body["object_type"]
    return f"{kind}_{body['metric']}"
