"""The order of work of a sync.

    greet -> lock -> settle what an earlier run left -> extract -> note the run -> load -> publish

Extract asks Customer.io; only when it is through does anything reach the warehouse, in one load package.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import dlt

from pipelines.connect import client as connected
from pipelines.connect import greet
from pipelines.publish import publish, writing
from pipelines.settings import Settings
from pipelines.sync.runs import run_rows, runs_table
from pipelines.warehouse import forget_loaded, pipeline
from sources.customerio import resources_named, source_with
from sources.customerio.extract import Options, Report, Tally, Window

# A load package is loaded as Parquet: dlt's default for DuckDB, INSERT statements, is far slower.
FILE_FORMAT: Final = "parquet"


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """What a sync did. `seconds` is all of it, waiting for the lock left out."""

    run_id: str
    report: Report
    seconds: float

    @property
    def written(self) -> int:
        """Rows that went to the warehouse."""
        return sum(tally.written for tally in self.report.tallies.values())

    @property
    def failed(self) -> list[Tally]:
        """The resources that were not read to their end."""
        return self.report.failed


def sync(
    settings: Settings,
    resources: Iterable[str] = (),
    *,
    full: bool = False,
    wait_s: float = 3600.0,
    report: Report | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> SyncResult:
    """Bring the warehouse up to date with the workspace.

    Args:
        settings: where from, where to.
        resources: names of tables; none means all.
        full: read everything again.
        wait_s: how long to wait for another run that writes the same warehouse.
        report: filled while the sync runs, for somebody who watches.
        say: told, in a sentence, of what a user should know meanwhile.

    Raises:
        ConfigError: the settings or names are unusable, or the key is not accepted. Nothing was changed.
        CustomerioError: Customer.io cannot be reached. Nothing was changed.
    """
    tables = [row.table for row in resources_named(resources)]
    greet(settings)
    options = Options(start=settings.customerio_start, full=full)
    return _run(settings, tables, options, wait_s, report, say)


def sync_window(
    settings: Settings,
    resource: str,
    window: Window,
    backfill: str,
    *,
    wait_s: float = 3600.0,
    report: Report | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> SyncResult:
    """Read one stretch of a table's time again, for the backfill of that name; its watermark stays.

    Raises:
        CustomerioError: as `sync`.
    """
    return _run(settings, [resource], Options(only=window, backfill=backfill), wait_s, report, say)


def _run(
    settings: Settings,
    tables: Sequence[str],
    options: Options,
    wait_s: float,
    report: Report | None,
    say: Callable[[str], None],
) -> SyncResult:
    report = report if report is not None else Report()
    with writing(settings.cio_elt_data, wait_s=wait_s, say=say):
        began = time.monotonic()
        target = pipeline(settings)
        _settle(target, say)
        run_id = uuid4().hex
        with connected(settings) as client:
            target.extract(source_with(tables, client, options, report), loader_file_format=FILE_FORMAT)
            noted = runs_table(run_rows(run_id, report, options, finished_at=client.now()))
        target.extract(noted, loader_file_format=FILE_FORMAT)
        _load(target)
        if settings.publishes:
            publish(settings.load_file, settings.published_file)
        forget_loaded(target)
        return SyncResult(run_id=run_id, report=report, seconds=time.monotonic() - began)


def _load(target: dlt.Pipeline) -> None:
    target.normalize()
    target.load()


def _settle(target: dlt.Pipeline, say: Callable[[str], None]) -> None:
    """Finish what an earlier run had extracted and not loaded: its watermarks already count on it."""
    if not target.has_pending_data:
        return
    packages = [*target.list_extracted_load_packages(), *target.list_normalized_load_packages()]
    say(
        f"An earlier run ended before it had loaded everything; loading its {len(packages)} package(s) first."
    )
    _load(target)
