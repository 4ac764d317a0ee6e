"""The parents of deliveries that the warehouse knows, and those of which it knows deliveries of a time.

`KINDS` has a row for each kind of parent: the table that lists it, and those that tell of its deliveries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import orjson

from pipelines.export.requests import DeliveriesRequest
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.catalogue import resource
from sources.customerio.extract import Window

_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, kw_only=True)
class ParentKind:
    """A kind of parent.

    Attributes:
        parameter: The parameter of an export that names the parent.
        table: The table that lists the parents, with `created`, the column of their creation (Unix s).
        column: The column of `messages` with the parent.
        counts: The operation that counts the deliveries of one, by its `path`, and `counts_table` its numbers
            by period, in which the column has the name of `path`.
        version: The version of that operation's parameters.
        items: The column with the list of the parts, each of which is exported; None exports the parent.
        sent: The column with the time of sending, of a kind that sends at one time.
    """

    parameter: str
    table: str
    created: str = "created"
    column: str
    counts: str
    path: str
    counts_table: str
    version: int = 1
    items: str | None = None
    sent: str | None = None


KINDS = (
    ParentKind(
        parameter="campaign_id",
        table="campaigns",
        column="campaign_id",
        counts="campaignMetrics",
        path="campaign_id",
        counts_table="campaign_metrics",
        version=2,
    ),
    ParentKind(
        parameter="newsletter_id",
        table="newsletters",
        column="newsletter_id",
        counts="getNewsletterMetrics",
        path="newsletter_id",
        counts_table="newsletter_metrics",
        sent="sent_at",
    ),
    ParentKind(
        parameter="transactional_message_id",
        table="transactional_messages",
        created="created_at",
        column="transactional_message_id",
        counts="transactionalMetrics",
        path="transactional_id",
        counts_table="transactional_metrics",
    ),
    # A broadcast is no parent, its actions are.
    ParentKind(
        parameter="action_id",
        table="broadcasts",
        column="broadcast_id",
        counts="broadcastMetrics",
        path="broadcast_id",
        counts_table="broadcast_metrics",
        items="actions",
    ),
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
    if kind.table in there:
        alive = "deleted_at IS NULL" if resource(kind.table).tombstones else "1 = 1"
        columns = f"id, {kind.created}, {kind.items or 'id'}"
        for number, created, parts in query(f"SELECT {columns} FROM {DATASET}.{kind.table} WHERE {alive}"):
            yield Parent(kind=kind, id=int(number), created=int(created or 0), exported=_ids(parts))
    elif "messages" in there and kind.items is None:
        named = f"SELECT DISTINCT {kind.column} FROM {DATASET}.messages WHERE {kind.column} IS NOT NULL"
        for (number,) in query(named):
            yield Parent(kind=kind, id=int(number), created=0, exported=(int(number),))


def _ids(cell: object) -> tuple[int, ...]:
    """The ids in a cell: one id, or those of a list of objects, which some destinations hold as text."""
    found = orjson.loads(cell) if isinstance(cell, str) else cell
    if isinstance(found, list):
        return tuple(int(item["id"]) for item in found)
    return () if found is None else (int(str(found)),)


def with_deliveries(query: Query, there: set[str], kind: ParentKind, time: Window) -> set[int]:
    """The ids of the parents of which the warehouse says that they have deliveries of that time.

    `messages` and the counts prove it. That a newsletter was sent then makes it likely; an export of one that
    has none is empty.
    """
    asked = [sql for table, sql in _tellers(kind, time) if table in there]
    return {int(number) for sql in asked for (number,) in query(sql)}


def _tellers(kind: ParentKind, time: Window) -> Iterator[tuple[str, str]]:
    """Tables, and the query for the parents of which that table tells."""
    within = f"BETWEEN {time.start} AND {time.end}"
    created = f"created {within} AND {kind.column} IS NOT NULL"
    yield "messages", f"SELECT DISTINCT {kind.column} FROM {DATASET}.messages WHERE {created}"
    # Only periods that lie within the time as a whole, also where clocks change.
    longest = f"CASE period WHEN 'months' THEN {31 * _DAY + _HOUR} ELSE {_DAY + _HOUR} END"
    counted = f"metric = 'created' AND value > 0 AND start_at >= {time.start}"
    table = kind.counts_table
    told = f"SELECT DISTINCT {kind.path} FROM {DATASET}.{table} WHERE {counted}"
    yield table, f"{told} AND start_at + {longest} <= {time.end}"
    if kind.sent is not None:
        yield kind.table, f"SELECT id FROM {DATASET}.{kind.table} WHERE {kind.sent} {within}"
