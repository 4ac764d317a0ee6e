"""Records that are edited in Customer.io's user interface: campaigns, actions, newsletters, templates, ...

A record's `deduplicate_id` is `id:updated`; an action's begins with its template's id instead
[live-airbyte]. Editing an action leaves its campaign's `updated` as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record


@dataclass(frozen=True, kw_only=True)
class RecordKind:
    """One kind of records: its table, the noun in messages, and the fields with its times.

    `hides` are fields that are stored and not shown by the API. `parent` is the (table, field) of the parent
    record, with which it is deleted; `source_key` is the field by which deliveries refer to it.
    """

    table: str
    noun: str
    created: str = "created"
    updated: str = "updated"
    hides: frozenset[str] = frozenset()
    parent: tuple[str, str] | None = None
    source_key: str | None = None


_UNDATED = frozenset({"created", "updated"})
_PLAIN = _UNDATED | {"deduplicate_id"}

RECORD_KINDS = {
    kind.table: kind
    for kind in (
        RecordKind(table="campaigns", noun="campaign", source_key="campaign_id"),
        RecordKind(
            table="campaign_actions",
            noun="action",
            parent=("campaigns", "campaign_id"),
            source_key="action_id",
        ),
        RecordKind(table="broadcasts", noun="broadcast", source_key="broadcast_id"),
        RecordKind(
            table="broadcast_actions",
            noun="action",
            parent=("broadcasts", "broadcast_id"),
            source_key="action_id",
        ),
        RecordKind(
            table="broadcast_triggers",
            noun="trigger",
            created="created_at",
            hides=_PLAIN | {"errors"},
            parent=("broadcasts", "broadcast_id"),
        ),
        RecordKind(table="newsletters", noun="newsletter", source_key="newsletter_id"),
        RecordKind(
            table="newsletter_contents",
            noun="content",
            parent=("newsletters", "newsletter_id"),
            source_key="content_id",
        ),
        RecordKind(
            table="newsletter_test_groups",
            noun="test group",
            hides=_PLAIN | {"newsletter_id", "number"},
            parent=("newsletters", "newsletter_id"),
        ),
        RecordKind(
            table="transactional_messages",
            noun="transactional message",
            created="created_at",
            updated="updated_at",
            hides=frozenset({"deduplicate_id"}),
            source_key="transactional_message_id",
        ),
        RecordKind(
            table="transactional_contents",
            noun="content",
            hides=frozenset({"deduplicate_id", "layout", "transactional_id"}),
            parent=("transactional_messages", "transactional_id"),
        ),
        RecordKind(table="segments", noun="segment", created="created_at", updated="updated_at"),
        RecordKind(table="sender_identities", noun="sender", hides=_UNDATED),
        RecordKind(
            table="snippets",
            noun="snippet",
            updated="updated_at",
            hides=frozenset({"id", "deduplicate_id", "created"}),
        ),
        RecordKind(
            table="collections",
            noun="collection",
            created="created_at",
            updated="updated_at",
            hides=frozenset({"deduplicate_id", "data"}),
        ),
        RecordKind(table="reporting_webhooks", noun="webhook", hides=_PLAIN),
        RecordKind(table="subscription_channels", noun="channel", hides=_PLAIN),
        RecordKind(table="subscription_topics", noun="topic", hides=_PLAIN | {"translations"}),
        RecordKind(table="design_studio_folders", noun="folder"),
        RecordKind(table="design_studio_emails", noun="email"),
        RecordKind(
            table="design_studio_translations",
            noun="translation",
            parent=("design_studio_emails", "email_id"),
        ),
        RecordKind(table="design_studio_components", noun="component"),
        RecordKind(table="asset_folders", noun="folder"),
        RecordKind(table="assets", noun="asset"),
        RecordKind(
            table="esp_suppressions",
            noun="suppression",
            hides=frozenset({"id", "deduplicate_id", "updated", "domain", "suppression_type"}),
        ),
    )
}


UNSCHEDULED: Record = {
    "scheduled_start": 0,
    "scheduled_stop": 0,
    "scheduled_start_should_backfill": False,
    "scheduled_stop_should_sunset": False,
}
"""The fields of a campaign or broadcast that starts and stops at no set time [live-estuary]."""

# The world numbers its records from 1; records added by calls are numbered from here on.
FIRST_ADDED_ID = 10_000


class Table:
    """The records of one kind by integer id, oldest first."""

    def __init__(self, kind: RecordKind) -> None:
        self.kind = kind
        self._records: dict[int, Record] = {}
        self._template_ids: dict[int, int] = {}
        self._next = FIRST_ADDED_ID

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._records

    def shown(self) -> Iterator[Record]:
        """The records as the API shows them."""
        return map(self.show, self)

    def show(self, record: Record) -> Record:
        """One record as the API shows it."""
        return {name: value for name, value in record.items() if name not in self.kind.hides}

    def get(self, record_id: int) -> Record:
        """One record; NotFound if there is no such id."""
        if record_id not in self._records:
            msg = f"{self.kind.noun} with id {record_id} does not exist"
            raise NotFound(msg)
        return self._records[record_id]

    def add(self, fields: Record, at: int) -> int:
        """Add a record, with an id and times unless `fields` has them; returns its id.

        Raises:
            BadRequest: a record has the id already.
        """
        given = fields.pop("id", None)
        record_id = self._next if given is None else int(given)
        if record_id in self._records:
            msg = f"{self.kind.noun} with id {record_id} exists already"
            raise BadRequest(msg)
        self._next = max(self._next, record_id + 1)
        self._template_ids[record_id] = int(fields.pop("template_id", record_id))
        record: Record = {"id": record_id, "deduplicate_id": "", **fields}
        record.setdefault(self.kind.created, at)
        record.setdefault(self.kind.updated, record[self.kind.created])
        self._records[record_id] = record
        self._stamp(record_id)
        return record_id

    def edit(self, record_id: int, fields: Record, at: int) -> None:
        """SetAttribute fields of a record, and its `updated` unless `fields` sets that."""
        self.get(record_id).update({self.kind.updated: at, **fields})
        self._stamp(record_id)

    def delete(self, record_id: int) -> None:
        """Delete a record."""
        self.get(record_id)
        del self._records[record_id]

    def template_id(self, record_id: int) -> int:
        """The id of the template of a record's messages; by default the record's own id."""
        return self._template_ids[record_id]

    def _stamp(self, record_id: int) -> None:
        record = self._records[record_id]
        record["deduplicate_id"] = f"{self._template_ids[record_id]}:{record[self.kind.updated]}"
