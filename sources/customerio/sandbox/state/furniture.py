"""Campaigns, actions, broadcasts, newsletters: the records that people at Customer.io's screens edit.

A record's `deduplicate_id` is `id:updated`; an action's begins with its template's id instead
[live-airbyte]. Changing an action does not touch its campaign's `updated`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sources.customerio.sandbox.state.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.people import Record


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One table of furniture: what a single record is called and where its times are."""

    table: str
    noun: str
    created: str = "created"
    updated: str = "updated"


KINDS = {
    kind.table: kind
    for kind in (
        Kind(table="campaigns", noun="campaign"),
        Kind(table="campaign_actions", noun="action"),
        Kind(table="broadcasts", noun="broadcast"),
        Kind(table="broadcast_actions", noun="action"),
        Kind(table="newsletters", noun="newsletter"),
        Kind(table="segments", noun="segment", created="created_at", updated="updated_at"),
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

    def _stamp(self, record_id: int) -> None:
        record = self._records[record_id]
        record["deduplicate_id"] = f"{self._dedupe[record_id]}:{record[self.kind.updated]}"
