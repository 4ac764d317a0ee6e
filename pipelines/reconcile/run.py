"""The order of work of a reconciliation.

    senders and their days -> a closer look where they differ -> counts without a day -> the table

Ours come from the published file, at one instant. Nothing is synced before: that would mend what is wrong
before anybody had seen it.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from pipelines.connect import client as connected
from pipelines.connect import greet
from pipelines.notify import Notify, silent
from pipelines.reconcile.cells import Cell, cells_table
from pipelines.reconcile.daily_metrics import sender_cells
from pipelines.reconcile.days import days
from pipelines.reconcile.parents import KINDS, Parent, parents
from pipelines.reconcile.read_times import readings
from pipelines.reconcile.totals import alive_segments, counts
from pipelines.settings import Settings
from pipelines.warehouse.pipeline import file_format, forget_loaded, load, pipeline, settle
from pipelines.warehouse.publish import publish, writing
from pipelines.warehouse.queries import Query, no_warehouse, querying, tables
from sources.customerio.client import Client
from sources.customerio.extract import COVERAGE

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What a check found. `left_out` counts, per subject, what the sample did not take."""

    checked_at: int
    cells: list[Cell]
    left_out: dict[str, int]
    requests: int
    seconds: float

    @property
    def mismatches(self) -> list[Cell]:
        """The cells that nothing explains."""
        return [cell for cell in self.cells if cell.verdict == "mismatch"]


def reconcile(
    settings: Settings,
    *,
    number: int = 7,
    sample: int = 50,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> Reconciliation:
    """Compare the published warehouse with Customer.io's own numbers, and note the result in it.

    Args:
        settings: which warehouse, which workspace.
        number: how many cohort days, today included. The default are those that every sync reads again;
            Customer.io gives 45 at most.
        sample: at most so many campaigns, broadcasts, newsletters, transactional messages and segments
            each, others every day.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: told, in a sentence, of what a user should know meanwhile.

    Raises:
        ConfigError: there is no warehouse yet, or the key is not accepted.
        CustomerioError: Customer.io cannot be asked. Nothing was noted.
    """
    began, requests = time.monotonic(), list[object]()
    greet(settings)
    with querying(settings) as query, connected(settings) as connection:
        client = connection.watching(requests.append)
        present = tables(query)
        if not present:
            raise no_warehouse(settings)
        client.call("getCioAllowlist")  # Whatever it answers, it says what time it is.
        sampled = _Sample(sample, datetime.fromtimestamp(client.now(), UTC).date().isoformat())
        cells = list(_sender_cells(client, query, present, number, sampled, notify))
        segments = sampled.of("segment", alive_segments(query, present))
        cells += counts(settings, client, query, present, segments)
        checked_at = client.now()
    _note(settings, cells, checked_at, wait_s, notify)
    return Reconciliation(
        checked_at=checked_at,
        cells=cells,
        left_out=sampled.left_out,
        requests=len(requests),
        seconds=time.monotonic() - began,
    )


@dataclass
class _Sample:
    """At most so many of each subject; which ones follows from the day, so that all have their turn."""

    size: int
    day: str
    left_out: dict[str, int] = field(default_factory=dict)

    def of(self, subject: str, items: list[Item]) -> list[Item]:
        """Some of the items, in their order."""
        if len(items) <= self.size:
            return items
        self.left_out[subject] = len(items) - self.size
        chance = random.Random(f"{self.day} {subject}")  # noqa: S311 -- a choice, no secret
        return [items[i] for i in sorted(chance.sample(range(len(items)), self.size))]


def _sender_cells(
    client: Client,
    query: Query,
    present: set[str],
    number: int,
    sampled: _Sample,
    notify: Notify,
) -> Iterator[Cell]:
    if not {"messages", COVERAGE} <= present:
        return
    now, chosen = client.now(), list[Parent]()
    for kind in KINDS:
        span = days(now, number, kind.clock)
        chosen += sampled.of(kind.subject, parents(client, query, kind, span))
    notify(f"Asking for {len(chosen):,} senders: one request each, and more for the days that differ.")
    since = min(days(now, number, kind.clock)[0].start for kind in KINDS)
    yield from sender_cells(client, query, chosen, number, readings(query, since))


def _note(settings: Settings, cells: list[Cell], checked_at: int, wait_s: float, notify: Notify) -> None:
    """Load the cells as any other rows, and publish them."""
    with writing(settings.cio_elt_data, wait_s=wait_s, notify=notify):
        target = pipeline(settings)
        settle(target, notify)
        target.extract(cells_table(cells, checked_at), loader_file_format=file_format(target))
        load(target)
        if settings.publishes:
            publish(settings.load_file, settings.published_file)
        forget_loaded(target)
