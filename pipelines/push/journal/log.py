"""The log of a run: its rows, numbered in the order of sending, and their states."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipelines.push.journal.database import SCHEMA, Journal, PushId

_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Item:
    """A row to send: its number in the log, its JSON, the person or object it changes, and the operation."""

    seq: int
    body: bytes
    entity: str
    operation: str = "batch"


@dataclass(frozen=True, kw_only=True)
class AcceptedRow:
    """A row that Customer.io accepted: `payload` as it was sent, `entity` the person or object it changed."""

    seq: int
    key: str
    action: str
    entity: str
    payload: Any


def items_to_send(journal: Journal, run_id: str) -> Iterator[Item]:
    """The rows of a run in their order, without those that are assumed to be accepted."""
    last = 0
    while rows := journal.query(_ITEMS, [run_id, last, last + _ROWS_AT_ONCE]):
        for seq, body, entity, operation in rows:
            if body is not None:
                yield Item(seq, body.encode(), entity, operation)
        last += _ROWS_AT_ONCE


_ITEMS = f"""
SELECT l.seq, CASE WHEN l.action <> 'assume' THEN coalesce(l.item, l.payload) END, coalesce(l.entity, l.key),
       l.operation
FROM {SCHEMA}.log AS l
WHERE l.run_id = ? AND l.seq > ? AND l.seq <= ? ORDER BY l.seq
"""


@dataclass(frozen=True)
class Readable:
    """The accepted rows that can be read back.

    Attributes:
        removals: True if removed rows can be.
        after: Unix seconds; events of that time or earlier are among no activities.
        until: Unix seconds; later events are not among them yet.
    """

    removals: bool
    after: int
    until: int

    @property
    def shows(self) -> str:
        """SQL: the row is no event, or one of a time that shows."""
        return f"(l.happened_at IS NULL OR (l.happened_at > {self.after} AND l.happened_at <= {self.until}))"

    @property
    def condition(self) -> str:
        """SQL: the row can be read back."""
        return self.shows if self.removals else f"({self.shows} AND l.action <> 'remove')"


def sample_accepted(journal: Journal, run_id: str, readable: Readable, *, limit: int) -> list[AcceptedRow]:
    """A random sample of the accepted rows of a run, the same each time."""
    return _accepted(
        journal, run_id, f"AND {readable.condition} ORDER BY hash(l.run_id, l.seq) LIMIT ?", [limit]
    )


def failed_before(
    journal: Journal, push_id: PushId, run_id: str, readable: Readable, *, limit: int
) -> list[AcceptedRow]:
    """The accepted rows of a run that an earlier run had among its rejects, at most so many."""
    rejects = f"SELECT key FROM {SCHEMA}.rejects WHERE {push_id.where}"
    if not journal.query(f"{rejects} LIMIT 1"):
        return []
    return _accepted(
        journal,
        run_id,
        f"AND {readable.condition} AND l.key IN ({rejects}) ORDER BY l.seq LIMIT ?",
        [limit],
    )


def count_unreadable(journal: Journal, run_id: str, readable: Readable) -> int:
    """The number of accepted events of a run whose time does not show among the activities."""
    ((rows,),) = journal.query(
        f"""
        SELECT count(*) FROM {SCHEMA}.log AS l
        JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq
        WHERE l.run_id = ? AND v.run_id = ? AND v.state = 'accepted' AND l.action = 'add'
          AND NOT {readable.shows}
        """,
        [run_id, run_id],
    )
    return int(rows)


def accepted_of(journal: Journal, run_id: str, entities: set[str]) -> list[AcceptedRow]:
    """The accepted rows of a run that changed one of those people or objects."""
    return _accepted(journal, run_id, "AND list_contains(?, coalesce(l.entity, l.key))", [list(entities)])


def count_states(journal: Journal, run_id: str) -> dict[str, int]:
    """The number of rows of a run by state."""
    found = journal.query(
        f"SELECT state, count(*) FROM {SCHEMA}.rows WHERE run_id = ? GROUP BY ALL", [run_id]
    )
    return {str(state): int(count) for state, count in found}


def _accepted(journal: Journal, run_id: str, condition: str, parameters: Sequence[Any]) -> list[AcceptedRow]:
    found = journal.query(
        f"""
        SELECT l.seq, l.key, l.action, coalesce(l.entity, l.key), l.payload FROM {SCHEMA}.log AS l
        JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq
        WHERE l.run_id = ? AND v.run_id = ? AND v.state = 'accepted' AND l.action <> 'assume' {condition}
        """,
        [run_id, run_id, *parameters],
    )
    return [
        AcceptedRow(seq=seq, key=key, action=action, entity=entity, payload=orjson.loads(payload))
        for seq, key, action, entity, payload in sorted(found)
    ]
