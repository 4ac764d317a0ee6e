"""Campaigns, actions, newsletters, templates: the records that people at Customer.io's screens edit.

A record's `deduplicate_id` is `id:updated`; an action's begins with its template's id instead
[live-airbyte]. Changing an action does not touch its campaign's `updated`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One table of furniture: what a single record is called and where its times are.

    `hides` are fields that a record has and the API does not show. `parent` is the (table, field) of the
    record that it belongs to and goes with; `source_key` the field by which deliveries name it.
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

KINDS = {
    kind.table: kind
    for kind in (
        Kind(table="campaigns", noun="campaign", source_key="campaign_id"),
        Kind(
            table="campaign_actions",
            noun="action",
            parent=("campaigns", "campaign_id"),
            source_key="action_id",
        ),
        Kind(table="broadcasts", noun="broadcast", source_key="broadcast_id"),
        Kind(
            table="broadcast_actions",
            noun="action",
            parent=("broadcasts", "broadcast_id"),
            source_key="action_id",
        ),
        Kind(
            table="broadcast_triggers",
            noun="trigger",
            created="created_at",
            hides=_PLAIN | {"errors"},
            parent=("broadcasts", "broadcast_id"),
        ),
        Kind(table="newsletters", noun="newsletter", source_key="newsletter_id"),
        Kind(
            table="newsletter_contents",
            noun="content",
            hides=frozenset({"created"}),
            parent=("newsletters", "newsletter_id"),
            source_key="content_id",
        ),
        Kind(
            table="newsletter_test_groups",
            noun="test group",
            hides=_PLAIN | {"newsletter_id", "number"},
            parent=("newsletters", "newsletter_id"),
        ),
        Kind(
            table="transactional_messages",
            noun="transactional message",
            created="created_at",
            updated="updated_at",
            hides=frozenset({"deduplicate_id"}),
            source_key="transactional_message_id",
        ),
        Kind(
            table="transactional_contents",
            noun="content",
            hides=frozenset({"deduplicate_id", "transactional_id"}),
            parent=("transactional_messages", "transactional_id"),
        ),
        Kind(table="segments", noun="segment", created="created_at", updated="updated_at"),
        Kind(table="sender_identities", noun="sender", hides=_UNDATED),
        Kind(
            table="snippets",
            noun="snippet",
            updated="updated_at",
            hides=frozenset({"id", "deduplicate_id", "created"}),
        ),
        Kind(
            table="collections",
            noun="collection",
            created="created_at",
            updated="updated_at",
            hides=frozenset({"deduplicate_id", "data"}),
        ),
        Kind(table="reporting_webhooks", noun="webhook", hides=_PLAIN),
        Kind(table="subscription_topics", noun="topic", hides=_PLAIN | {"translations"}),
        Kind(
            table="esp_suppressions",
            noun="suppression",
            hides=frozenset({"id", "deduplicate_id", "updated", "domain", "suppression_type"}),
        ),
    )
}


# The world numbers its furniture from 1; what is added by hand is numbered from here on.
FIRST_ADDED_ID = 10_000


class Table:
    """The records of one kind by integer id, in the order in which they were made."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._records: dict[int, Record] = {}
        self._dedupe: dict[int, int] = {}
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
        """One record; NotFound in the API's words."""
        if record_id not in self._records:
            msg = f"{self.kind.noun} with id {record_id} does not exist"
            raise NotFound(msg)
        return self._records[record_id]

    def add(self, fields: Record, at: int) -> int:
        """Make a record; `id` and times are given to it unless `fields` has them. Answers its id.

        BadRequest if the id is taken.
        """
        given = fields.pop("id", None)
        record_id = self._next if given is None else int(given)
        if record_id in self._records:
            msg = f"{self.kind.noun} with id {record_id} exists already"
            raise BadRequest(msg)
        self._next = max(self._next, record_id + 1)
        self._dedupe[record_id] = int(fields.pop("template_id", record_id))
        record: Record = {"id": record_id, "deduplicate_id": "", **fields}
        record.setdefault(self.kind.created, at)
        record.setdefault(self.kind.updated, record[self.kind.created])
        self._records[record_id] = record
        self._stamp(record_id)
        return record_id

    def edit(self, record_id: int, fields: Record, at: int) -> None:
        """Change fields of a record and its time of change (unless `fields` sets that)."""
        self.get(record_id).update({self.kind.updated: at, **fields})
        self._stamp(record_id)

    def delete(self, record_id: int) -> None:
        """Take a record off; nothing remains of it."""
        self.get(record_id)
        del self._records[record_id]

    def template_id(self, record_id: int) -> int:
        """The id of the template that a record's messages are made from; its own, if it is one."""
        return self._dedupe[record_id]

    def _stamp(self, record_id: int) -> None:
        record = self._records[record_id]
        record["deduplicate_id"] = f"{self._dedupe[record_id]}:{record[self.kind.updated]}"
