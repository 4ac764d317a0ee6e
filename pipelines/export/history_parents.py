"""The parents of deliveries that the warehouse knows, and those of which it knows deliveries of a time.

`KINDS` has a row for each kind of parent: its sender, and how an export names it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import orjson

from pipelines.export.requests import DeliveriesRequest
from pipelines.times import DAY, HOUR
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.catalogue import resource
from sources.customerio.catalogue.senders import BROADCAST, CAMPAIGN, NEWSLETTER, TRANSACTIONAL, Sender
from sources.customerio.extract import Window


@dataclass(frozen=True, kw_only=True)
class ParentKind:
    """A kind of parent.

    Attributes:
        sender: The sender of its deliveries, with the calls and tables that tell of them.
        parameter: The parameter of an export that names the parent.
        created: The column of the senders' creation (Unix s).
        items: The column with the list of a sender's parts, each of which is exported; None exports itself.
    """

    sender: Sender
    parameter: str
    created: str = "created"
    items: str | None = None


KINDS = (
    ParentKind(sender=CAMPAIGN, parameter="campaign_id"),
    ParentKind(sender=NEWSLETTER, parameter="newsletter_id"),
    ParentKind(sender=TRANSACTIONAL, parameter="transactional_message_id", created="created_at"),
    # A broadcast is no parent, its actions are.
    ParentKind(sender=BROADCAST, parameter="action_id", items="actions"),
)
"""All kinds."""


@dataclass(frozen=True, kw_only=True)
class Parent:
    """A parent: its id, when it was created (Unix s; 0 for unknown), and the ids that are exported."""

    kind: ParentKind
    id: int
    created: int
    exported: tuple[int, ...]

    def requests(self, time: Window) -> Iterator[DeliveriesRequest]:
        """The requests that bring its deliveries of that time."""
        for number in self.exported:
            parent = {self.kind.parameter: number}
            yield DeliveriesRequest(**parent, start=time.start, end=time.end)  # type: ignore[arg-type]


def known_parents(query: Query, there: set[str]) -> list[Parent]:
    """The parents that the tables of `there` name, without those that were deleted: these have no export."""
    found = (sorted(_parents(query, there, kind), key=lambda parent: parent.id) for kind in KINDS)
    return list(chain.from_iterable(found))


def _parents(query: Query, there: set[str], kind: ParentKind) -> Iterator[Parent]:
    table, column = kind.sender.table, kind.sender.column
    if table in there:
        alive = "deleted_at IS NULL" if resource(table).tombstones else "1 = 1"
        columns = f"id, {kind.created}, {kind.items or 'id'}"
        for number, created, parts in query(f"SELECT {columns} FROM {DATASET}.{table} WHERE {alive}"):
            yield Parent(kind=kind, id=int(number), created=int(created or 0), exported=_ids(parts))
    elif "messages" in there and kind.items is None:
        named = f"SELECT DISTINCT {column} FROM {DATASET}.messages WHERE {column} IS NOT NULL"
        for (number,) in query(named):
            yield Parent(kind=kind, id=int(number), created=0, exported=(int(number),))


def _ids(cell: object) -> tuple[int, ...]:
    """The ids in a cell: one id, or those of a list of objects, which some destinations hold as text."""
    found = orjson.loads(cell) if isinstance(cell, str) else cell
    if isinstance(found, list):
        return tuple(int(item["id"]) for item in found)
    return () if found is None else (int(str(found)),)


def with_deliveries(query: Query, there: set[str], sender: Sender, time: Window) -> set[int]:
    """The ids of the parents of which the warehouse says that they have deliveries of that time.

    `messages` and the counts prove it. That a newsletter was sent then makes it likely; an export of one that
    has none is empty.
    """
    asked = [sql for table, sql in _tellers(sender, time) if table in there]
    return {int(number) for sql in asked for (number,) in query(sql)}


def _tellers(sender: Sender, time: Window) -> Iterator[tuple[str, str]]:
    """Tables, and the query for the parents of which that table tells."""
    within = f"BETWEEN {time.start} AND {time.end}"
    created = f"created {within} AND {sender.column} IS NOT NULL"
    yield "messages", f"SELECT DISTINCT {sender.column} FROM {DATASET}.messages WHERE {created}"
    # Only periods that lie within the time as a whole, also where clocks change.
    longest = f"CASE period WHEN 'months' THEN {31 * DAY + HOUR} ELSE {DAY + HOUR} END"
    counted = f"metric = 'created' AND value > 0 AND start_at >= {time.start}"
    table = sender.metrics_table
    told = f"SELECT DISTINCT {sender.path} FROM {DATASET}.{table} WHERE {counted}"
    yield table, f"{told} AND start_at + {longest} <= {time.end}"
    if sender.sent_at is not None:
        yield sender.table, f"SELECT id FROM {DATASET}.{sender.table} WHERE {sender.sent_at} {within}"
