"""Contents of messages: those of newsletters with their test groups, and transactional templates.

Every third newsletter has two variants: in turn an A/B test and a newsletter in two languages. Every other
A/B test has both groups in two languages as well. Contents have the ids that the world's deliveries name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.planned_changes import AddRecord

LANGUAGE = "de"
_LABELS = ("A", "B")
_GREETING = {"": "Hello", LANGUAGE: "Hallo"}
_GROUPS = 10


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One content of a newsletter: its id, its test group (None without an A/B test), its language."""

    content_id: int
    group: int | None = None
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A transactional message and its default content."""

    id: int
    name: str
    channel: str
    content_id: int
    hidden: bool = False
    languages: tuple[tuple[str, int], ...] = ()


TEMPLATES = (
    Template(id=1, name="Receipt", channel="email", content_id=900),
    Template(id=2, name="Password reset", channel="email", content_id=901, languages=((LANGUAGE, 951),)),
    Template(id=3, name="Login code", channel="email", content_id=902, hidden=True),
    # The world sends from the first three; the others are for requests to `/v1/send/...`.
    Template(id=4, name="Order shipped", channel="push", content_id=903),
    Template(id=5, name="Verification code", channel="twilio", content_id=904),
    Template(id=6, name="Seat upgrade", channel="in_app", content_id=905),
    Template(id=7, name="Statement ready", channel="inbox", content_id=906),
)


def variants(newsletter_id: int, contents: int) -> list[Variant]:
    """The variants of a newsletter that is sent with one content or two; those two come first."""
    first, number = newsletter_id * 10, newsletter_id - 1
    if contents == 1:
        return [Variant(content_id=first)]
    if number % 6 == 3:
        return [Variant(content_id=first), Variant(content_id=first + 1, language=LANGUAGE)]
    tested = [Variant(content_id=first + group, group=group) for group in (0, 1)]
    if number % 12 == 6:
        tested += [Variant(content_id=first + 2 + g, group=g, language=LANGUAGE) for g in (0, 1)]
    return tested


def subject(name: str, variant: Variant) -> str:
    """The subject of a variant of a newsletter."""
    return f"{name}{' (B)' if variant.group == 1 else ''}{' (auf Deutsch)' if variant.language else ''}"


def winner(newsletter_id: int) -> int:
    """The id of the test group that wins, for a newsletter with test groups."""
    return newsletter_id * _GROUPS + newsletter_id // 2 % 2


def newsletter(
    newsletter_id: int, name: str, channel: str, count: int, at: int, created: int
) -> Iterator[AddRecord]:
    """A newsletter with its contents before it is sent: `sent_at` is null until then [live-airbyte]."""
    fields: Record = {
        "id": newsletter_id,
        "content_ids": [variant.content_id for variant in variants(newsletter_id, count)],
        "name": name,
        "sent_at": None,
        "created": created,
        "updated": created,
        "type": channel,
        "tags": ["newsletter"] if newsletter_id % 2 else [],
    }
    if newsletter_id % 5:
        # Absent while no segment is chosen, as other unset keys are [live-estuary].
        fields["recipient_segment_ids"] = [1 + newsletter_id % 4]
    yield AddRecord(at=at, table="newsletters", fields=fields)
    for step in _of_newsletter(newsletter_id, name, channel, count, created):
        yield AddRecord(at=at, table=step.table, fields=step.fields)


def _of_newsletter(
    newsletter_id: int, name: str, channel: str, contents: int, at: int
) -> Iterator[AddRecord]:
    """The contents and test groups of a newsletter."""
    written = variants(newsletter_id, contents)
    for variant in written:
        label = "" if variant.group is None else f" {_LABELS[variant.group]}"
        title = subject(name, variant) if channel == "email" else ""
        fields = {"id": variant.content_id, "newsletter_id": newsletter_id, "name": f"{name}{label}"}
        fields |= content(channel, variant.language, title) | {"created": at, "updated": at}
        # Contents without an A/B test have group 0; the number of the others is unverified [live-estuary].
        fields |= {"body_plain": "", "cc": "", "test_group_id": variant.group or 0}
        yield AddRecord(at=at, table="newsletter_contents", fields=fields)
    for group in sorted({variant.group for variant in written if variant.group is not None}):
        fields = {
            "id": newsletter_id * _GROUPS + group,
            "newsletter_id": newsletter_id,
            "number": group,
            "name": f"Test group {_LABELS[group]}",
            "label": _LABELS[group],
            "winner": False,
            "content_ids": [variant.content_id for variant in written if variant.group == group],
        }
        yield AddRecord(at=at, table="newsletter_test_groups", fields=fields)


def transactional(genesis: int) -> Iterator[AddRecord]:
    """The transactional templates with their contents."""
    for template in TEMPLATES:
        made = genesis - (320 - 9 * template.id) * DAY
        times = {"created_at": made, "updated_at": made + template.id * 5000}
        fields = {
            "id": template.id,
            "name": template.name,
            "description": f"{template.name}, sent by the shop",
            "trigger_name": template.name.lower().replace(" ", "_"),
            "send_to_unsubscribed": True,
            "link_tracking": template.channel == "email",
            "open_tracking": template.channel == "email",
            "hide_message_body": template.hidden,
            "queue_drafts": False,
        }
        yield AddRecord(at=genesis, table="transactional_messages", fields=fields | times)
        for language, content_id in (("", template.content_id), *template.languages):
            title = f"{template.name}{' (auf Deutsch)' if language else ''}"
            fields = {
                "id": content_id,
                "transactional_id": template.id,
                "name": template.name,
                **content(template.channel, language, title if template.channel == "email" else ""),
                **dict.fromkeys(_UNSET_IN_TEMPLATES),
            }
            times = {"created": made, "updated": made + content_id}
            yield AddRecord(at=genesis, table="transactional_contents", fields=fields | times)


def content(channel: str, language: str, title: str) -> Record:
    """The fields of a content; unset ones are "", and the preprocessor `none` [live-estuary]."""
    email = channel == "email"
    hello = f"{_GREETING[language]} {{{{customer.first_name}}}}"
    return {
        "layout": "default" if email else "",
        "body": f"<p>{hello}</p>" if email else hello,
        "body_amp": "",
        "language": language,
        "type": channel,
        "from": "Acme <hello@example.com>" if email else "",
        "from_id": 1 if email else None,
        "reply_to": "",
        "reply_to_id": None,
        "preprocessor": "premailer" if email and language else "none",
        "recipient": _RECIPIENT.get(channel, ""),
        "subject": title,
        "bcc": "",
        "fake_bcc": False,
        "preheader_text": "",
        "headers": "[]",
    }


# Null where nothing is set, unlike in other contents, and there is no `layout` [live-estuary].
_UNSET_IN_TEMPLATES = ("bcc", "cc", "recipient", "preheader_text")
_RECIPIENT = {"email": "{{customer.email}}", "twilio": "{{customer.phone}}"}
