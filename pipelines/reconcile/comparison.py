"""Compares the deliveries of a parent and day one by one, for a day whose numbers differ."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from pipelines.reconcile.cells import Verdict
from pipelines.reconcile.days import Day
from pipelines.reconcile.parents import SERIES, Parent
from pipelines.reconcile.read_times import ReadTimes
from pipelines.times import utc
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract.erased import Erased

_NAMED = 3
_PERSON = resource("messages").person

# The time of each metric of a delivery, Unix seconds.
Metrics = dict[str, int]
# By delivery id: the time of its creation, and its metrics.
Deliveries = dict[str, tuple[int, Metrics]]


@dataclass(frozen=True)
class Listed:
    """Customer.io's deliveries of one parent and day, and the ids of those to people who were erased here."""

    deliveries: Deliveries
    to_erased: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """Customer.io's deliveries and the warehouse's, of one parent and day."""

    listed: Listed
    here: Deliveries
    read_times: ReadTimes

    def judge(self, metric: str) -> tuple[Verdict, str]:
        """The verdict on the counts of a metric that differ, and the reason."""
        found = _Differences()
        there, here = _reached(self.listed.deliveries, metric), _reached(self.here, metric)
        found.surplus += here.keys() - there.keys()
        absent = there.keys() - here.keys()
        found.erased = len(absent & self.listed.to_erased)
        for delivery in absent - self.listed.to_erased:
            began = self.read_times.began(self.listed.deliveries[delivery][0])
            if began is None or there[delivery] >= began:
                found.later(began)
            else:
                (found.lacking if delivery in self.here else found.absent).append(delivery)
        if found.mismatches:
            return "mismatch", " ".join(found.mismatches)
        reasons = found.reasons or [
            f"Customer.io's list of deliveries has {len(there):,}, as the warehouse, and its metrics differ."
        ]
        return "explained", " ".join(reasons)


@dataclass
class _Differences:
    """The differences of one metric: delivery ids, and the numbers of those that are explained."""

    absent: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    erased: int = 0
    unread: int = 0
    came_later: int = 0
    read_at: int = 0

    def later(self, began: int | None) -> None:
        """Count a metric that came after the read that began then; None if there was no read."""
        if began is None:
            self.unread += 1
        else:
            self.came_later += 1
            self.read_at = max(self.read_at, began)

    @property
    def mismatches(self) -> list[str]:
        """Sentences about differences that the time of the last read does not explain."""
        kinds = (
            (self.absent, "is not in the warehouse", "are not in the warehouse"),
            (self.lacking, "lacks it in the warehouse", "lack it in the warehouse"),
            (self.surplus, "has it in the warehouse alone", "have it in the warehouse alone"),
        )
        return [
            f"{_counted(ids)} {one if len(ids) == 1 else many}: {_names(ids)}."
            for ids, one, many in kinds
            if ids
        ]

    @property
    def reasons(self) -> list[str]:
        """Sentences about differences that erasures or the time of the last read explain."""
        later = f"{self.came_later:,} came after the last read, at {utc(self.read_at)}."
        unread = f"{self.unread:,} are of a time that no sync has read yet."
        erased = f"{self.erased:,} went to people who were erased here."
        rows = ((self.erased, erased), (self.came_later, later), (self.unread, unread))
        return [reason for count, reason in rows if count]


def customerio_deliveries(client: Client, parent: Parent, day: Day, erased: Erased) -> Listed:
    """Customer.io's deliveries of that parent and day.

    Raises:
        NotFound: the parent was deleted.
    """
    kind, span = parent.kind, {"start_ts": day.start, "end_ts": day.end - 1}
    pages = client.pages(kind.messages, path={kind.path: parent.id}, query=span)
    deliveries: Deliveries = {}
    to_erased = set[str]()
    for row in (row for page in pages for row in page.records):
        deliveries[str(row["id"])] = (int(row["created"]), row["metrics"] or {})
        if erased and erased.names(_PERSON, row):
            to_erased.add(str(row["id"]))
    return Listed(deliveries, frozenset(to_erased))


def warehouse_deliveries(query: Query, parent: Parent, day: Day) -> Deliveries:
    """The warehouse's deliveries of that parent and day."""
    rows = query(
        f"SELECT id, created, metrics FROM {DATASET}.messages "
        f"WHERE {parent.kind.column} = {parent.id} AND created >= {day.start} AND created < {day.end}"
    )
    return {str(key): (int(created), _decoded(metrics)) for key, created, metrics in rows}


def _reached(deliveries: Deliveries, series: str) -> dict[str, int]:
    """The time at which each delivery reached a metric of that series, by delivery id."""
    instants = {
        delivery: [metrics[name] for name in SERIES[series] if name in metrics]
        for delivery, (_, metrics) in deliveries.items()
    }
    return {delivery: min(at) for delivery, at in instants.items() if at}


def _decoded(metrics: Any) -> Metrics:
    # DuckDB returns JSON as text, PostgreSQL decoded.
    decoded: Metrics | None = orjson.loads(metrics) if isinstance(metrics, str) else metrics
    return decoded or {}


def _counted(ids: list[str]) -> str:
    return f"{len(ids):,} {'delivery' if len(ids) == 1 else 'deliveries'}"


def _names(ids: list[str]) -> str:
    return ", ".join(sorted(ids)[:_NAMED]) + (" ..." if len(ids) > _NAMED else "")
