"""A closer look at a day that differs: Customer.io's deliveries of a parent beside ours, one by one."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from pipelines.reconcile.cells import Verdict
from pipelines.reconcile.days import Day
from pipelines.reconcile.parents import SERIES, Parent
from pipelines.reconcile.read_times import Readings
from pipelines.times import utc
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.client import Client

_NAMED = 3

# A delivery's instants by metric, Unix seconds.
Metrics = dict[str, int]
# When it was made, and its metrics, by delivery id.
Deliveries = dict[str, tuple[int, Metrics]]


@dataclass(frozen=True)
class Look:
    """What is known of one parent and day."""

    there: Deliveries
    here: Deliveries
    readings: Readings

    def judge(self, metric: str) -> tuple[Verdict, str]:
        """Why the counts of a metric differ."""
        found = _Found()
        there, here = _reached(self.there, metric), _reached(self.here, metric)
        found.surplus += here.keys() - there.keys()
        for delivery in there.keys() - here.keys():
            began = self.readings.began(self.there[delivery][0])
            if began is None or there[delivery] >= began:
                found.later(began)
            else:
                (found.lacking if delivery in self.here else found.absent).append(delivery)
        if found.faults:
            return "mismatch", " ".join(found.faults)
        reasons = found.reasons or [
            f"Customer.io contradicts itself: its list of deliveries has {len(there):,}, as this warehouse."
        ]
        return "explained", " ".join(reasons)


@dataclass
class _Found:
    """What a look has found of one metric: delivery ids, and how much came after which reading."""

    absent: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    unread: int = 0
    came_later: int = 0
    read_at: int = 0

    def later(self, began: int | None) -> None:
        """One more came after the reading that began then, or there was none."""
        if began is None:
            self.unread += 1
        else:
            self.came_later += 1
            self.read_at = max(self.read_at, began)

    @property
    def faults(self) -> list[str]:
        """Sentences about what time cannot explain."""
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
        """Sentences about what time explains."""
        later = f"{self.came_later:,} came after the last reading, of {utc(self.read_at)}."
        unread = f"{self.unread:,} lie in time that no sync has read yet."
        return [said for count, said in ((self.came_later, later), (self.unread, unread)) if count]


def there(client: Client, parent: Parent, day: Day) -> Deliveries:
    """Customer.io's deliveries of that parent and day.

    Raises:
        NotFound: the parent is gone.
    """
    kind, span = parent.kind, {"start_ts": day.start, "end_ts": day.end - 1}
    pages = client.pages(kind.messages, path={kind.path: parent.id}, query=span)
    return {
        str(row["id"]): (int(row["created"]), row["metrics"] or {}) for page in pages for row in page.records
    }


def here(query: Query, parent: Parent, day: Day) -> Deliveries:
    """The warehouse's deliveries of that parent and day."""
    rows = query(
        f"SELECT id, created, metrics FROM {DATASET}.messages "
        f"WHERE {parent.kind.column} = {parent.id} AND created >= {day.start} AND created < {day.end}"
    )
    return {str(key): (int(created), _decoded(metrics)) for key, created, metrics in rows}


def _reached(deliveries: Deliveries, series: str) -> dict[str, int]:
    """When each delivery reached what that series counts, by id."""
    instants = {
        delivery: [metrics[name] for name in SERIES[series] if name in metrics]
        for delivery, (_, metrics) in deliveries.items()
    }
    return {delivery: min(at) for delivery, at in instants.items() if at}


def _decoded(metrics: Any) -> Metrics:
    # DuckDB hands JSON out as text, servers as what it says.
    decoded: Metrics | None = orjson.loads(metrics) if isinstance(metrics, str) else metrics
    return decoded or {}


def _counted(ids: list[str]) -> str:
    return f"{len(ids):,} {'delivery' if len(ids) == 1 else 'deliveries'}"


def _names(ids: list[str]) -> str:
    return ", ".join(sorted(ids)[:_NAMED]) + (" ..." if len(ids) > _NAMED else "")
