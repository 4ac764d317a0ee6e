"""What a workspace is furnished with, and how that changes from day to day.

Senders, snippets, collections, reporting webhooks, topics, and the addresses that its domain's provider
suppresses: most of those on account of others who send from the same domain [live-airbyte].
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.collections import measure
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.planned_changes import AddRecord, EditRecord
from sources.customerio.sandbox.state.store.suppressions import CATEGORIES, suppression
from sources.customerio.sandbox.world.scale import Scale

DOMAIN, OTHER_DOMAIN = "example.com", "mail.example.org"
HOURS = 2
"""The collection that is replaced every week, its `updated_at` left as it was."""
_COLLECTIONS_AGE_S = 120 * DAY
_REPLACE_EVERY, _EDIT_SNIPPET_EVERY, _BOUNCE_EVERY = 7, 11, 3

# id, name, address, kind, made by Customer.io itself, hidden
_SENDERS = (
    (1, "Acme", f"hello@{DOMAIN}", "email", False, False),
    (2, "Acme Billing", f"billing@{OTHER_DOMAIN}", "email", False, False),
    (3, "Acme (retired)", f"old@{DOMAIN}", "email", True, True),
    (4, "Acme text", "+15550100", "phone", False, False),
)
_SNIPPETS = (
    ("signature", "<p>Yours, the people at Acme</p>"),
    ("address", "<strong>Acme</strong><br/>1234 Fake St<br/>Fake, NY 10111"),
    ("legal-note", "<small>You get this because you have an account with us.</small>"),
    ("summer sale", "{% if customer.plan == 'free' %}20 % off, this week{% endif %}"),
    ("Größe/Maße", "Ünïcode in a name with a slash"),
)
_TOPICS: tuple[tuple[str, str, bool, dict[str, list[str]]], ...] = (
    ("Product Updates", "For people who want updates on product releases.", True,
     {"de": ["Produktneuheiten", "Für alle, die von neuen Versionen hören wollen."]}),
    ("Offers", "Sales and coupons.", True, {"de": ["Angebote", "Rabatte und Gutscheine."]}),
    ("Events", "", False, {}),
)  # fmt: skip
# The credentials are in the endpoint, and are shown there.
_WEBHOOKS: tuple[Record, ...] = (
    {
        "id": 1,
        "name": "Warehouse events",
        "endpoint": "https://cio:s3cr3t-pass@hooks.example.com/cio?token=abc123&env=prod",
        "events": ["email_sent", "email_delivered", "email_opened", "email_clicked"],
        "full_resolution": True,
    },
    {
        "id": 2,
        "name": "Unsubscribes to the CRM",
        "endpoint": "https://crm.example.net/in",
        "events": ["customer_unsubscribed", "customer_subscription_preferences_changed"],
    },
    {
        "id": 3,
        "name": "Old endpoint",
        "endpoint": "https://old.example.net/in?key=k-42",
        "events": ["email_failed", "webhook_failed"],
        "disabled": True,
    },
)


def fittings(scale: Scale, genesis: int) -> Iterator[AddRecord]:
    """Everything that is there when the world begins."""
    for table, made in (
        ("sender_identities", _senders()),
        ("snippets", _snippets(genesis)),
        ("collections", _collections(genesis)),
        ("reporting_webhooks", _webhooks()),
        ("subscription_topics", _topics()),
        ("esp_suppressions", _suppressions(scale, genesis)),
    ):
        yield from (AddRecord(at=genesis, table=table, fields=fields) for fields in made)


def daily(day: int, begins: int, genesis: int) -> Iterator[AddRecord | EditRecord]:
    """What changes on a day."""
    if day % _BOUNCE_EVERY == 1:
        at = begins + 5 * HOUR
        yield AddRecord(at=at, table="esp_suppressions", fields=_bounced("day", day, "bounces", at))
    if day % _REPLACE_EVERY == 2:
        hours = [{"day": name, "from": 9 + day % 3, "to": 18} for name in ("weekdays", "Saturday")]
        fields = {**measure(hours), "updated_at": genesis - _COLLECTIONS_AGE_S}
        yield EditRecord(at=begins + 6 * HOUR, table="collections", id=HOURS, fields=fields)
    if day % _EDIT_SNIPPET_EVERY == 3:
        value = f"<small>You get this because you have an account with us. Version {day}.</small>"
        yield EditRecord(at=begins + 13 * HOUR, table="snippets", id=3, fields={"value": value})


def _senders() -> Iterator[Record]:
    for sender_id, name, address, kind, auto_generated, hidden in _SENDERS:
        yield {
            "id": sender_id,
            "name": name,
            "email": address if kind == "email" else "",
            "address": f"{name} <{address}>" if kind == "email" else address,
            "template_type": kind,
            "auto_generated": auto_generated,
            "hidden": hidden,
        }


def _snippets(genesis: int) -> Iterator[Record]:
    for number, (name, value) in enumerate(_SNIPPETS, start=1):
        made = genesis - (90 - number) * DAY
        yield {"id": number, "name": name, "value": value, "updated_at": made}


def _collections(genesis: int) -> Iterator[Record]:
    events = [
        {
            "eventName": f"Meet-up {number}",
            "eventDate": f"2026-{1 + number % 12:02d}-15T18:00:00.000Z",
            "presents": {"something_you_want": "toys", "total": number},
            **({"remote": True} if number % 5 == 0 else {}),
        }
        for number in range(40)
    ]
    kept: tuple[tuple[int, str, Any], ...] = (
        (1, "events", events),
        (HOURS, "hours", [{"day": "weekdays", "from": 9, "to": 18}]),
        (3, "shop", {"name": "Acme", "currency": "EUR", "vat": 0.19}),
        (4, "empty", []),
    )
    for collection_id, name, data in kept:
        made = genesis - _COLLECTIONS_AGE_S
        yield {"id": collection_id, "name": name, "created_at": made, "updated_at": made, **measure(data)}


def _webhooks() -> Iterator[Record]:
    flags = {"disabled": False, "full_resolution": False, "with_content": False}
    for fields in _WEBHOOKS:
        yield {"type": "webhook", **flags, **fields}


def _topics() -> Iterator[Record]:
    for number, (name, description, subscribed, translations) in enumerate(_TOPICS, start=1):
        yield {
            "id": number,
            "identifier": f"topic_{number}",
            "name": name,
            "description": description,
            "subscribed_by_default": subscribed,
            "translations": translations,
        }


def _suppressions(scale: Scale, genesis: int) -> Iterator[Record]:
    """Enough bounces for a second page, of however many rows it is; few complaints; never an invalid one."""
    for kind in CATEGORIES:
        count = {"bounces": 110 + scale.people // 2, "blocks": 12, "spam_reports": 5}.get(kind, 0)
        yield from (_bounced(scale.name, number, kind, genesis - number * HOUR) for number in range(count))


def _bounced(seed: str, number: int, kind: str, created: int) -> Record:
    noise = blake2b(f"{seed} {kind} {number}".encode(), digest_size=5).hexdigest()
    domain = OTHER_DOMAIN if number % 9 == 4 else DOMAIN
    reason = (
        f"550 5.1.1 <{noise}@elsewhere.example>: no such user" if number % 2 else "552 5.2.2 Mailbox full"
    )
    return suppression(kind, f"{noise}@elsewhere.example", domain, created, reason)
