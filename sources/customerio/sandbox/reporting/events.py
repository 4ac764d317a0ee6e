"""The events of a workspace in a stretch of time, as the bodies that reporting webhooks post.

Fields by object and metric are those of Customer.io's document [wh26]; no body was seen live. Each metric of
a delivery is one event: a second opening or click of the same delivery is not reported.
"""

from collections.abc import Callable, Iterator

import numpy as np
import orjson

from sources.customerio.sandbox.reporting.backlog import Event
from sources.customerio.sandbox.state.rules.archive import archived
from sources.customerio.sandbox.state.rules.triggers import processing
from sources.customerio.sandbox.state.store.activities import ActivityFilter
from sources.customerio.sandbox.state.store.deliveries import METRICS
from sources.customerio.sandbox.state.store.links import Link, link_clicked
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

Numbered = tuple[int, int]
"""The number of an event and its time."""
FieldOf = Callable[[Workspace, Record, int], Record]
"""Makes a field from the workspace, the delivery's record and its row."""

_OF_CHANNEL = {"twilio": "sms"}
"""Objects whose name differs from the channel's."""
_TO_ONE = "recipient content"
_FAILED = "failure_message"
_CLICK = "recipient href link_id"
_TO_ENDPOINT = {
    "drafted": "",
    "attempted": _FAILED,
    "sent": _TO_ONE,
    "clicked": _CLICK,
    **dict.fromkeys(("failed", "undeliverable"), _FAILED),
}
_FIELDS = {
    "email": {
        "drafted": "recipient subject",
        "attempted": _FAILED,
        "sent": "recipient subject content headers",
        "delivered": "recipient subject",
        "opened": "recipient subject proxied prefetched",
        "clicked": "recipient subject href link_id machine",
        "converted": "recipient subject",
        "bounced": "recipient subject failure_message",
        "dropped": "recipient subject failure_message",
        "deferred": "recipient subject failure_message",  # has no schema; seen by receivers
        "failed": "subject failure_message",
        "undeliverable": "recipient subject failure_message",
        "unsubscribed": "recipient subject",
        "spammed": "recipient subject",
    },
    "push": {
        "drafted": "",
        "attempted": _FAILED,
        "sent": "content recipients",
        "clicked": "recipients href link_id",
        **dict.fromkeys(("delivered", "opened", "converted", "bounced", "dropped"), "recipients"),
        **dict.fromkeys(("failed", "undeliverable"), _FAILED),
    },
    "sms": {
        "drafted": "",
        "attempted": _FAILED,
        "sent": _TO_ONE,
        "clicked": _CLICK,
        "bounced": "recipient failure_message",
        **dict.fromkeys(("delivered", "converted"), "recipient"),
        **dict.fromkeys(("failed", "undeliverable"), _FAILED),
    },
    "whatsapp": {
        "drafted": "",
        "attempted": _FAILED,
        "sent": _TO_ONE,
        "clicked": _CLICK,
        **dict.fromkeys(("delivered", "opened", "converted"), "recipient"),
        **dict.fromkeys(("bounced", "dropped"), "recipient failure_message"),
        **dict.fromkeys(("failed", "undeliverable"), _FAILED),
    },
    "in_app": {
        "drafted": "",
        "attempted": _FAILED,
        "opened": "",
        "sent": _TO_ONE,
        "clicked": _CLICK,
        "converted": "recipient",
        **dict.fromkeys(("failed", "undeliverable"), _FAILED),
    },
    "slack": _TO_ENDPOINT,
    "webhook": _TO_ENDPOINT,
}
"""The fields beside the parent's, by object and metric; other metrics have no event."""
_PARENTS = (
    ("broadcast_id", ("broadcast_id", "action_id", "parent_action_id")),
    ("campaign_id", ("campaign_id", "action_id", "parent_action_id", "trigger_event_id")),
    ("newsletter_id", ("newsletter_id", "content_id")),
    ("transactional_message_id", ("transactional_message_id",)),
)
"""The fields of each parent [wh26]; optional ones are left out where they are null."""
_OPTIONAL = frozenset({"parent_action_id", "content_id"})
_CHOICES = ("unsubscribed", "cio_subscription_preferences")
"""The attributes of a person's subscriptions; two, as `_changes` numbers them."""
_METRIC_BITS = 5


def numbers(workspace: Workspace, since: int, until: int) -> list[Numbered]:
    """The numbers and times of all events of a stretch, both ends included, oldest first.

    Those of deliveries are positive, those of people negative.
    """
    columns = workspace.deliveries.columns
    metrics = columns["metrics"]
    rows, names = np.nonzero((metrics >= max(since, 1)) & (metrics <= until))
    number = (columns["seq"][rows] << _METRIC_BITS) | names
    found = list(zip(number.tolist(), metrics[rows, names].tolist(), strict=True))
    return sorted([*found, *_changes(workspace, since, until)], key=lambda one: (one[1], one[0]))


def event(workspace: Workspace, webhook: Record, number: int, at: int) -> Event | None:
    """The event with a number, as the webhook's settings want it; None if it did not ask for such events."""
    told = _of_delivery(workspace, webhook, number) if number >= 0 else _of_person(workspace, webhook, number)
    if told is None:
        return None
    event_id = workspace.ids.ulid(at, number)
    body = orjson.dumps({**told, "event_id": event_id, "timestamp": at})
    return Event(number=number, id=event_id, at=at, body=body)


def _of_delivery(workspace: Workspace, webhook: Record, number: int) -> Record | None:
    seq, metric = number >> _METRIC_BITS, METRICS[number & ((1 << _METRIC_BITS) - 1)]
    row = workspace.deliveries.position(seq, workspace.now)
    if row is None:
        return None
    record = workspace.delivery_view.record(row, workspace.now)
    kind = _OF_CHANNEL.get(record["type"]) or str(record["type"])
    names = _FIELDS.get(kind, {}).get(metric)
    if names is None or f"{kind}_{metric}" not in webhook["events"]:
        return None
    data = _parent(workspace, record) | {"delivery_id": record["id"]} | _person(record)
    for name in names.split():
        data |= (
            _FIELD[name](workspace, record, row) if name not in _CONTENT or webhook["with_content"] else {}
        )
    return {"metric": metric, "object_type": kind, "data": data}


def _parent(workspace: Workspace, record: Record) -> Record:
    for key, names in _PARENTS:
        if record[key] is not None:
            data = {name: record[name] for name in names if record[name] is not None or name not in _OPTIONAL}
            return data | (_trigger(workspace, record) if key == "broadcast_id" else {})
    return {}


def _trigger(workspace: Workspace, record: Record) -> Record:
    """The trigger in whose processing the delivery was made, if there is one."""
    for row in workspace.tables["broadcast_triggers"]:
        if row["broadcast_id"] == record["broadcast_id"]:
            first, last = processing(workspace, record["broadcast_id"], row["id"])
            if first <= record["created"] <= last:
                return {"trigger_id": row["id"]}
    return {}


def _person(record: Record) -> Record:
    """The identifiers; `customer_id` is blank once the person is deleted [wh26]."""
    identifiers = record["customer_identifiers"] or {"id": None, "email": None, "cio_id": ""}
    return {"identifiers": identifiers, "customer_id": record["customer_id"] or ""}


def _link(workspace: Workspace, _record: Record, row: int) -> Link | None:
    columns = workspace.deliveries.columns
    source = workspace.deliveries.sources[int(columns["source"][row])]
    return link_clicked(source, int(columns["seq"][row]))


def _href(workspace: Workspace, record: Record, row: int) -> Record:
    link = _link(workspace, record, row)
    return {"href": link.href} if link else {}


def _link_id(workspace: Workspace, record: Record, row: int) -> Record:
    link = _link(workspace, record, row)
    return {"link_id": link.id} if link else {}


def _content(workspace: Workspace, _record: Record, row: int) -> Record:
    return {"content": archived(workspace, np.array([row]))[0]["body"]}


def _devices(workspace: Workspace, record: Record, row: int) -> Record:
    """The device that the push went to; none once the person or the device is gone."""
    person = workspace.people.get(int(workspace.deliveries.columns["person"][row]))
    devices = (person.devices if person else None) or ()
    held = next((one for one in devices if one["id"] == record["recipient"]), None)
    if held is None:
        return {"recipients": []}
    failure = {"failure_message": record["failure_message"]} if record["failure_message"] else {}
    return {"recipients": [{"device_id": held["id"], "device_platform": held["platform"], **failure}]}


def _plain(name: str) -> FieldOf:
    return lambda _workspace, record, _row: {name: record[name] or ""}


def _machine(name: str, metric: str) -> FieldOf:
    return lambda _workspace, record, _row: {name: metric in record["metrics"]}


_FIELD: dict[str, FieldOf] = {
    "recipient": _plain("recipient"),
    "subject": _plain("subject"),
    "failure_message": _plain("failure_message"),
    "recipients": _devices,
    "href": _href,
    "link_id": _link_id,
    "machine": _machine("machine", "prefetch_clicked"),
    "prefetched": _machine("prefetched", "prefetch_opened"),
    # No delivery of the sandbox is opened through an image proxy of which this would be known.
    "proxied": lambda *_: {"proxied": False},
    "content": _content,
    "headers": lambda *_: {"headers": {}},
}
_CONTENT = frozenset({"content", "headers"})
"""The fields that a webhook gets `with_content` alone."""


def _changes(workspace: Workspace, since: int, until: int) -> Iterator[Numbered]:
    """The changes of people's subscriptions, which are changes of attributes."""
    log = workspace.activities
    rows = log.newest(ActivityFilter(type="attribute_change"), workspace.now)
    for row in rows.tolist():
        uid, at = int(log.columns["uid"][row]), int(log.columns["timestamp"][row])
        if since <= at <= until:
            changed = log.details.get(uid, {})
            # Logged activities have negative numbers, of which each stands for two events.
            yield from ((2 * uid + place, at) for place, name in enumerate(_CHOICES) if name in changed)


def _of_person(workspace: Workspace, webhook: Record, number: int) -> Record | None:
    uid, name = number // 2, _CHOICES[number % 2]
    log = workspace.activities
    change = log.details.get(uid, {}).get(name)
    found = np.flatnonzero(log.columns["uid"] == uid)
    if change is None or not len(found):
        return None
    identifiers = workspace.people.identifiers(int(log.columns["person"][found[0]])) or {}
    data = {
        "customer_id": identifiers.get("id") or "",
        "email_address": identifiers.get("email"),
        "identifiers": identifiers,
    }
    if name == "unsubscribed":
        metric = subscribed = "unsubscribed" if change["to"] == "true" else "subscribed"
    else:
        metric, subscribed = "cio_subscription_preferences_changed", "subscription_preferences_changed"
        data |= {"content": change["to"]} if webhook["with_content"] else {}
    if f"customer_{subscribed}" not in webhook["events"]:
        return None
    return {"metric": metric, "object_type": "customer", "data": data}
