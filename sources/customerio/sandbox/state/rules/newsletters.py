"""Newsletters that calls write: created as drafts, sent or scheduled, with languages and test groups.

Documents say which fields a call takes [spec26][sdk node]. The texts of refusals are unverified, and so is
which sends are refused.
"""

from collections.abc import Iterator
from functools import partial

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.rules.create_deliveries import Message, create_deliveries
from sources.customerio.sandbox.state.store.deliveries import Source
from sources.customerio.sandbox.state.store.errors import BadRequest, Conflict, TooLarge
from sources.customerio.sandbox.state.store.filters import compile_filter
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.workspace import Workspace

TYPES = ("email", "twilio", "push", "in_app", "webhook", "inbox")
MOST_BYTES = 1_000_000
_TABLE, _CONTENTS, _GROUPS = "newsletters", "newsletter_contents", "newsletter_test_groups"
_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_EMPTY: Record = {
    **dict.fromkeys(("layout", "body", "body_amp", "language", "from", "reply_to", "preprocessor"), ""),
    **dict.fromkeys(("recipient", "subject", "bcc", "preheader_text"), ""),
    "from_id": None,
    "reply_to_id": None,
    "fake_bcc": False,
    "headers": "[]",
}


def create(workspace: Workspace, body: Record, size: int, *, topic_required: bool) -> Record:
    """Create a newsletter from a body of `size` bytes; sent, scheduled, or a draft without an instant.

    Raises:
        BadRequest: a field is missing or wrong.
        TooLarge: the body has too many bytes.
    """
    if size >= MOST_BYTES:
        msg = "Request body exceeds the limit"
        raise TooLarge(msg)
    fields = _fields(workspace, body, topic_required=topic_required)
    at = _instant(workspace, body)
    newsletter_id = workspace.add_record(_TABLE, fields, workspace.now)
    if body.get("recipients") is not None:
        workspace.newsletter_filters[newsletter_id] = body["recipients"]
    row = _add_content(workspace, newsletter_id, {"name": body["name"], "type": body["type"], **_EMPTY})
    edit_content(workspace, _CONTENTS, row, body)
    if at is not None:
        send(workspace, newsletter_id, at)
    return workspace.tables[_TABLE].get(newsletter_id)


def send(workspace: Workspace, newsletter_id: int, at: int) -> Record:
    """Send a draft, now or at a later instant; returns the newsletter.

    Raises:
        NotFound: there is no such newsletter.
        BadRequest: it was sent or scheduled, has no recipients, or the instant is over.
    """
    newsletter = workspace.tables[_TABLE].get(newsletter_id)
    if newsletter["sent_at"] is not None or newsletter_id in workspace.scheduled_newsletters:
        msg = "the newsletter is no draft"
        raise BadRequest(msg)
    if newsletter_id not in workspace.newsletter_filters and not newsletter["recipient_segment_ids"]:
        msg = "the newsletter has no recipients"
        raise BadRequest(msg)
    if at < workspace.now:
        msg = "scheduled_at must be in the future"
        raise BadRequest(msg)
    workspace.scheduled_newsletters.add(newsletter_id)
    deliver = partial(_deliver, workspace, newsletter_id)
    if at > workspace.now:
        workspace.scheduler.schedule(at, deliver)
    else:
        deliver()
    return newsletter


def add_language(workspace: Workspace, newsletter_id: int, body: Record, group: int | None = None) -> Record:
    """Add a language to a newsletter or to one of its test groups; returns its content.

    Raises:
        NotFound: there is no such newsletter or test group.
        BadRequest: a field is wrong, or there is no language.
        Conflict: the language exists.
    """
    rows = _rows(workspace, newsletter_id, group)
    language = body.get("language")
    if not isinstance(language, str) or not language:
        msg = "language is required"
        raise BadRequest(msg)
    if any(row["language"] == language for row in rows):
        msg = f"language {language!r} exists already"
        raise Conflict(msg)
    row = _add_content(workspace, newsletter_id, {**_copied(rows[0]), "language": language}, group)
    edit_content(workspace, _CONTENTS, row, body)
    return row


def remove_language(
    workspace: Workspace, newsletter_id: int, language: str, group: int | None = None
) -> None:
    """Delete a language; BadRequest if the newsletter has no such language."""
    row = contents.in_language(_rows(workspace, newsletter_id, group), language)
    workspace.delete_record(_CONTENTS, row["id"], workspace.now)
    for table, record in _holders(workspace, newsletter_id):
        kept = [number for number in record["content_ids"] if number != row["id"]]
        workspace.edit_record(table, record["id"], {"content_ids": kept}, workspace.now)


def add_test_group(workspace: Workspace, newsletter_id: int) -> Record:
    """Add a test group with a copy of the first content; the first call makes two groups of one."""
    rows = contents.children(workspace, _CONTENTS, newsletter_id)
    groups = contents.children(workspace, _GROUPS, newsletter_id)
    if not groups:
        _add_group(workspace, newsletter_id, 0, [row["id"] for row in rows])
    number = max(len(groups), 1)
    _add_group(workspace, newsletter_id, number, [])
    _add_content(workspace, newsletter_id, _copied(rows[0]), number)
    return workspace.tables[_TABLE].get(newsletter_id)


def _fields(workspace: Workspace, body: Record, *, topic_required: bool) -> Record:
    name, kind, topic = body.get("name"), body.get("type"), body.get("subscription_topic_id")
    if not isinstance(name, str) or not name:
        msg = "name is required"
        raise BadRequest(msg)
    if kind not in TYPES:
        msg = f"type must be one of {', '.join(TYPES)}"
        raise BadRequest(msg)
    if topic_required and topic is None:
        msg = "subscription_topic_id is required"
        raise BadRequest(msg)
    if topic is not None and topic not in workspace.tables["subscription_topics"]:
        msg = "subscription_topic_id names no topic"
        raise BadRequest(msg)
    if (recipients := body.get("recipients")) is not None:
        compile_filter(recipients, workspace.segments.is_member)
    fields = {"content_ids": [], "name": name, "sent_at": None, "type": kind, "tags": []}
    fields["recipient_segment_ids"] = sorted(set(_segments(recipients)))
    return fields | ({} if topic is None else {"subscription_topic_id": topic})


def _segments(given: object) -> Iterator[int]:
    """The segments that a filter names, at any depth."""
    if isinstance(given, list):
        for one in given:
            yield from _segments(one)
    elif isinstance(given, dict):
        if isinstance(segment := given.get("segment"), dict) and isinstance(segment.get("id"), int):
            yield segment["id"]
        for value in given.values():
            yield from _segments(value)


def _instant(workspace: Workspace, body: Record) -> int | None:
    """When a new newsletter is sent, None if it stays a draft."""
    at = body.get("scheduled_at")
    if body.get("send_now") is True:
        if at is not None:
            msg = "send_now and scheduled_at cannot be used together"
            raise BadRequest(msg)
        return workspace.now
    return None if at is None else instant(workspace, at)


def instant(workspace: Workspace, given: object) -> int:
    """The value of `scheduled_at`; BadRequest if it is no Unix timestamp of the future."""
    if not isinstance(given, int) or isinstance(given, bool) or given < workspace.now:
        msg = "scheduled_at must be a Unix timestamp in the future"
        raise BadRequest(msg)
    return given


def _add_content(
    workspace: Workspace, newsletter_id: int, fields: Record, group: int | None = None
) -> Record:
    number = workspace.add_record(_CONTENTS, {"newsletter_id": newsletter_id, **fields}, workspace.now)
    for table, record in _holders(workspace, newsletter_id):
        if table == _TABLE or group == record["number"]:
            held = [*record["content_ids"], number]
            workspace.edit_record(table, record["id"], {"content_ids": held}, workspace.now)
    return workspace.tables[_CONTENTS].get(number)


def _add_group(workspace: Workspace, newsletter_id: int, number: int, content_ids: list[int]) -> None:
    label = _LABELS[number % len(_LABELS)]
    fields = {
        "newsletter_id": newsletter_id,
        "number": number,
        "name": f"Test group {label}",
        "label": label,
        "winner": False,
        "content_ids": content_ids,
    }
    workspace.add_record(_GROUPS, fields, workspace.now)


def _holders(workspace: Workspace, newsletter_id: int) -> list[tuple[str, Record]]:
    """The records with a list of the newsletter's contents: itself, and its test groups."""
    groups = contents.children(workspace, _GROUPS, newsletter_id)
    return [(_TABLE, workspace.tables[_TABLE].get(newsletter_id)), *((_GROUPS, one) for one in groups)]


def _rows(workspace: Workspace, newsletter_id: int, group: int | None) -> list[Record]:
    if group is None:
        return contents.children(workspace, _CONTENTS, newsletter_id)
    return contents.test_group(workspace, newsletter_id, group)


def _copied(row: Record) -> Record:
    own = ("id", "deduplicate_id", "created", "updated", "newsletter_id")
    return {name: value for name, value in row.items() if name not in own}


def _deliver(workspace: Workspace, newsletter_id: int) -> None:
    if newsletter_id not in workspace.tables[_TABLE]:
        return  # it was deleted in the meantime
    newsletter = workspace.tables[_TABLE].get(newsletter_id)
    given = {"or": [{"segment": {"id": one}} for one in newsletter["recipient_segment_ids"]]}
    test = compile_filter(
        workspace.newsletter_filters.get(newsletter_id, given), workspace.segments.is_member
    )
    groups = contents.children(workspace, _GROUPS, newsletter_id)
    parts = [contents.test_group(workspace, newsletter_id, one["number"]) for one in groups]
    parts = parts or [contents.children(workspace, _CONTENTS, newsletter_id)]
    messages = [
        _message(person, newsletter, parts[person.number % len(parts)])
        for person in workspace.people
        if test(person)
    ]
    create_deliveries(workspace, messages)
    workspace.edit_record(_TABLE, newsletter_id, {"sent_at": workspace.now}, workspace.now)


def _message(person: Person, newsletter: Record, rows: list[Record]) -> Message:
    row = contents.for_language(rows, person.attribute("language"))
    source = Source(
        # No documented delivery type is `inbox`: it counts as in-app (unverified).
        channel="in_app" if newsletter["type"] == "inbox" else newsletter["type"],
        template_id=row["id"],
        newsletter_id=newsletter["id"],
        content_id=row["id"],
        subject=row["subject"] or None,
    )
    return Message(person=person.number, source=source)
