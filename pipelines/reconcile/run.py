"""Runs a reconciliation.

    metrics of senders by day -> deliveries of days that differ -> totals -> the table

The warehouse's numbers come from the published file, in one state. Nothing is synced before, since a sync
would correct an error before it is reported.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from pipelines.connect import client as connected
from pipelines.notify import Notify, silent
from pipelines.reconcile.cells import Cell, cells_table
from pipelines.reconcile.daily_metrics import daily_cells
from pipelines.reconcile.days import days
from pipelines.reconcile.parents import Parent, parents
from pipelines.reconcile.read_times import delivery_reads
from pipelines.reconcile.totals import alive_segments, totals
from pipelines.settings import Settings
from pipelines.warehouse.erasures import erased_people
from pipelines.warehouse.pipeline import file_format, forget_loaded, load
from pipelines.warehouse.publish import publishing
from pipelines.warehouse.queries import Query, no_warehouse, querying, tables
from pipelines.warehouse.settle import settled
from pipelines.warehouse.writer import writing
from pipelines.workspace import check_workspace
from sources.customerio.catalogue.senders import SENDERS
from sources.customerio.client import Client, reading_answers
from sources.customerio.extract import COVERAGE
from sources.customerio.extract.erased import Erased

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The result of a reconciliation; `left_out` has, by subject, the number that the sample left out."""

    checked_at: int
    cells: list[Cell]
    left_out: dict[str, int]
    requests: int
    seconds: float

    @property
    def mismatches(self) -> list[Cell]:
        """The cells with a difference that nothing explains."""
        return [cell for cell in self.cells if cell.verdict == "mismatch"]


def reconcile(
    settings: Settings,
    *,
    number: int = 7,
    sample: int = 50,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> Reconciliation:
    """Compare the published warehouse with Customer.io's own numbers, and store the result in it.

    Args:
        settings: which warehouse, which workspace.
        number: how many cohort days, today included; 45 at most. The default days are those that every sync
            reads again.
        sample: how many campaigns, broadcasts, newsletters, transactional messages and segments at most, of
            each; every day takes others.
        wait_s: seconds to wait for another run that writes the same warehouse.
        notify: receives sentences for the user while it runs.

    Raises:
        ConfigError: there is no warehouse yet, the key is not accepted, or the records of erasures cannot
            be read.
        CustomerioError: a request failed; nothing was stored.
    """
    began, requests = time.monotonic(), list[object]()
    check_workspace(settings)
    with querying(settings) as query, connected(settings) as connection:
        client = connection.watching(requests.append)
        present = tables(query)
        if not present:
            raise no_warehouse(settings)
        client.call("getCioAllowlist")  # The response has Customer.io's time.
        sampled = _Sample(sample, datetime.fromtimestamp(client.now(), UTC).date().isoformat())
        with reading_answers("a call for Customer.io's own numbers"):
            erased = erased_people(settings)
            cells = list(_daily_cells(client, query, present, number, sampled, erased, notify))
            segments = sampled.of("segment", alive_segments(query, present))
            cells += totals(settings, client, query, present, segments)
        checked_at = client.now()
    _store(settings, cells, checked_at, wait_s, notify)
    return Reconciliation(
        checked_at=checked_at,
        cells=cells,
        left_out=sampled.left_out,
        requests=len(requests),
        seconds=time.monotonic() - began,
    )


@dataclass
class _Sample:
    """A random sample of at most `size` of each subject; the day is the seed, so that all have their turn."""

    size: int
    day: str
    left_out: dict[str, int] = field(default_factory=dict)

    def of(self, subject: str, items: list[Item]) -> list[Item]:
        """The items of the sample, in their order."""
        if len(items) <= self.size:
            return items
        self.left_out[subject] = len(items) - self.size
        chance = random.Random(f"{self.day} {subject}")  # noqa: S311 -- a choice, no secret
        return [items[i] for i in sorted(chance.sample(range(len(items)), self.size))]


def _daily_cells(
    client: Client,
    query: Query,
    present: set[str],
    number: int,
    sampled: _Sample,
    erased: Erased,
    notify: Notify,
) -> Iterator[Cell]:
    if not {"messages", COVERAGE} <= present:
        return
    now, chosen = client.now(), list[Parent]()
    for kind in SENDERS:
        span = days(now, number, kind.clock)
        chosen += sampled.of(kind.name, parents(client, query, kind, span))
    notify(f"Asking for {len(chosen):,} senders: one request each, and more for the days that differ.")
    since = min(days(now, number, kind.clock)[0].start for kind in SENDERS)
    yield from daily_cells(client, query, chosen, number, delivery_reads(query, since), erased)


def _store(settings: Settings, cells: list[Cell], checked_at: int, wait_s: float, notify: Notify) -> None:
    """Load the cells, and publish the warehouse."""
    with writing(settings, wait_s=wait_s, notify=notify):
        target = settled(settings, notify)
        target.extract(cells_table(cells, checked_at), loader_file_format=file_format(target))
        with publishing(settings):
            load(target)
        forget_loaded(target)
