"""The cells of what sends messages: every day and metric that either side knows a number of."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipelines.reconcile.cells import Cell, Verdict
from pipelines.reconcile.comparison import Deliveries, Look, here, there
from pipelines.reconcile.days import Day, days
from pipelines.reconcile.parents import Counts, Parent, theirs
from pipelines.reconcile.read_times import Readings
from pipelines.warehouse.queries import Query
from sources.customerio.client import Client, NotFound

# Requests under way at a time: enough for 10 a second at 0.6 s an answer.
_THREADS = 6


@dataclass(frozen=True)
class _Asked:
    """A parent and what Customer.io counts of it; `counts` is None where it is gone."""

    parent: Parent
    span: list[Day]
    counts: Counts | None

    @property
    def differing(self) -> list[Day]:
        """The days of which any metric differs."""
        counts = self.counts or {}
        return [
            day
            for day in self.span
            if any(at == day.start and self.parent.ours.get((at, m), 0) != n for (at, m), n in counts.items())
        ]


def sender_cells(
    client: Client, query: Query, chosen: Sequence[Parent], number: int, readings: Readings
) -> Iterator[Cell]:
    """Compare the last `number` days of these parents, and look closer where they differ.

    Raises:
        CustomerioError: Customer.io cannot be asked.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="reconcile") as pool:
        asked = list(pool.map(lambda parent: _asked(client, parent, number), chosen))
        places = [(one.parent, day) for one in asked for day in one.differing]
        listed = list(pool.map(lambda place: _listed(client, *place), places))
    looks = {
        (parent, day.start): Look(found, here(query, parent, day), readings)
        for (parent, day), found in zip(places, listed, strict=True)
        if found is not None
    }
    for one in asked:
        yield from _cells(one, looks)


def _asked(client: Client, parent: Parent, number: int) -> _Asked:
    try:
        return _Asked(parent, *theirs(client, parent, number))
    except NotFound:
        return _Asked(parent, days(client.now(), number, parent.kind.clock), None)


def _listed(client: Client, parent: Parent, day: Day) -> Deliveries | None:
    try:
        return there(client, parent, day)
    except NotFound:
        return None


def _cells(asked: _Asked, looks: dict[tuple[Parent, int], Look]) -> Iterator[Cell]:
    """Cells of which either number is not zero; metrics that Customer.io does not give are left out."""
    dates = {day.start: day.date for day in asked.span}
    known = asked.parent.ours if asked.counts is None else asked.counts
    for at, metric in sorted(known):
        ours = asked.parent.ours.get((at, metric), 0)
        number = None if asked.counts is None else asked.counts[at, metric]
        if not ours and not number:
            continue
        verdict, reason = _judged(ours, number, metric, looks.get((asked.parent, at)))
        yield Cell(
            subject=asked.parent.kind.subject,
            parent_id=asked.parent.id,
            name=asked.parent.name,
            cohort_day=dates[at],
            metric=metric,
            ours=ours,
            theirs=number,
            verdict=verdict,
            reason=reason,
        )


def _judged(ours: int, number: int | None, metric: str, look: Look | None) -> tuple[Verdict, str | None]:
    if ours == number:
        return "match", None
    if look is None:
        return "explained", "Customer.io no longer has it; its messages are kept here."
    return look.judge(metric)
