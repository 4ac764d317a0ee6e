"""`sync`: brings the warehouse up to date. `sync-full` is the same flow with `full`."""

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State

from flows import progress, summary
from flows.blocks import settings_of_run
from flows.parameters import Full, Gone, Tables, WaitMinutes
from flows.runs import RETRIED, concluding, named, outcome, turn
from pipelines.ingest import sync as pipeline
from pipelines.progress import of
from pipelines.settings import Settings
from sources.customerio import resources_named
from sources.customerio.extract import RunSummary

EXPORT_WAIT_S = 120.0
"""Seconds to wait for an export of people; one that takes longer is collected by the next run."""


_FEW = 3
"""Tables up to which a run's name has their names; more are counted."""


def _name_of_run(resources: Any, full: Any, **_rest: Any) -> str:
    names = [*map(str, resources)] if resources else [row.table for row in resources_named([])]
    tables = ", ".join(names) if len(names) <= _FEW else f"{len(names)} tables"
    return " ".join(["sync", *(["full"] if full else []), tables])


@flow(name="sync", flow_run_name=named(_name_of_run), validate_parameters=False)
@concluding
def sync(
    resources: Tables = [],  # noqa: B006 Prefect's form shows the default; it is never changed
    full: Full = False,
    accept_deletions: Gone = [],  # noqa: B006 as above
    wait_minutes: WaitMinutes = 50,
) -> State[Any]:
    """Bring the warehouse up to date with the Customer.io workspace.

    Args:
        resources: Tables to bring up to date; empty means all of them.
        full: Read all rows and compare them; only changed ones are written. Takes much longer.
        accept_deletions: Tables whose missing rows are marked as deleted, however many they are. Choose one
            only if a sync has held its deletions back, and you know that the rows are gone in Customer.io.
        wait_minutes: How long to wait for another run that writes the warehouse, such as a step of a
            backfill. After that the run ends as Skipped, and the next run does its work.
    """
    settings = settings_of_run()
    done = bring_up_to_date(settings, resources, full, accept_deletions, wait_minutes * 60.0)
    summary.shown(done, title="Requests and rows, by table")
    written = sum(table.written for table in done.resources.values())
    return outcome(done.failed, len(done.resources), f"{written:,} rows written.", done.rejected)


@task(name="read, load and publish", **RETRIED)
def bring_up_to_date(
    settings: Settings, resources: list[str], full: bool, accept_deletions: list[str], wait_s: float
) -> RunSummary:
    """Run one sync, with its progress in the run's artifact."""
    growing = RunSummary()
    with turn(settings, wait_s), progress.shown(of(growing)):
        result = pipeline.sync(
            settings,
            resources,
            full=full,
            accept_deletions=accept_deletions,
            wait_s=wait_s,
            export_wait_s=EXPORT_WAIT_S,
            summary=growing,
            notify=get_run_logger().info,
        )
    summary.logged(growing)
    if result.new_columns:
        get_run_logger().info("New columns: %s.", ", ".join(result.new_columns))
    return growing
