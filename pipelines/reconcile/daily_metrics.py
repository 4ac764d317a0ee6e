"""Compares metrics by day: a cell for each day and metric that either side has a number for."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipelines.reconcile.cells import Cell, Verdict
from pipelines.reconcile.comparison import Comparison, Listed, customerio_deliveries, warehouse_deliveries
from pipelines.reconcile.days import Day, days
from pipelines.reconcile.parents import Counts, Parent, customerio_counts
from pipelines.reconcile.read_times import ReadTimes
from pipelines.warehouse.queries import Query
from sources.customerio.client import Client, NotFound
from sources.customerio.extract.erased import Erased

# Concurrent requests: enough for 10 a second at 0.6 s each.
_THREADS = 6


@dataclass(frozen=True)
class _Counted:
    """A parent with Customer.io's counts; `counts` is None if the parent was deleted there."""

    parent: Parent
    span: list[Day]
    counts: Counts | None

    @property
    def differing(self) -> list[Day]:
        """The days on which a metric differs."""
        counts = self.counts or {}
        return [
            day
            for day in self.span
            if any(at == day.start and self.parent.ours.get((at, m), 0) != n for (at, m), n in counts.items())
        ]


def daily_cells(
    client: Client,
    query: Query,
    chosen: Sequence[Parent],
    number: int,
    read_times: ReadTimes,
    erased: Erased,
) -> Iterator[Cell]:
    """The cells of the last `number` days of these parents; days that differ are also compared by delivery.

    Raises:
        CustomerioError: a request failed.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="reconcile") as pool:
        counted = list(pool.map(lambda parent: _counted(client, parent, number), chosen))
        places = [(one.parent, day) for one in counted for day in one.differing]
        listed = list(pool.map(lambda place: _listed(client, place[0], place[1], erased), places))
    comparisons = {
        (parent, day.start): Comparison(found, warehouse_deliveries(query, parent, day), read_times)
        for (parent, day), found in zip(places, listed, strict=True)
        if found is not None
    }
    for one in counted:
        yield from _cells(one, comparisons)


def _counted(client: Client, parent: Parent, number: int) -> _Counted:
    try:
        return _Counted(parent, *customerio_counts(client, parent, number))
    except NotFound:
        return _Counted(parent, days(client.now(), number, parent.kind.clock), None)


def _listed(client: Client, parent: Parent, day: Day, erased: Erased) -> Listed | None:
    try:
        return customerio_deliveries(client, parent, day, erased)
    except NotFound:
        return None


def _cells(counted: _Counted, comparisons: dict[tuple[Parent, int], Comparison]) -> Iterator[Cell]:
    """The cells with a number other than zero; metrics that Customer.io does not return are left out."""
    dates = {day.start: day.date for day in counted.span}
    known = counted.parent.ours if counted.counts is None else counted.counts
    for at, metric in sorted(known):
        ours = counted.parent.ours.get((at, metric), 0)
        number = None if counted.counts is None else counted.counts[at, metric]
        if not ours and not number:
            continue
        verdict, reason = _judged(ours, number, metric, comparisons.get((counted.parent, at)))
        yield Cell(
            subject=counted.parent.kind.name,
            parent_id=counted.parent.id,
            name=counted.parent.name,
            cohort_day=dates[at],
            metric=metric,
            ours=ours,
            theirs=number,
            verdict=verdict,
            reason=reason,
        )


def _judged(
    ours: int, number: int | None, metric: str, comparison: Comparison | None
) -> tuple[Verdict, str | None]:
    if ours == number:
        return "match", None
    if comparison is None:
        return "explained", "It was deleted in Customer.io; the warehouse keeps its messages."
    return comparison.judge(metric)
