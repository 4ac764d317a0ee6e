"""`sync`: brings the warehouse up to date. `sync-full` is the same flow with `full`."""

from collections.abc import Mapping
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows import progress, summary
from flows.blocks import settings_of_run
from flows.parameters import Resource, WaitMinutes
from flows.runs import RETRIED, concluding, name_refused, outcome, turn
from pipelines.ingest import sync as pipeline
from pipelines.settings import Settings
from sources.customerio.extract import RunSummary

EXPORT_WAIT_S = 120.0
"""Seconds to wait for an export of people; one that takes longer is collected by the next run."""


def _name_of_run(given: Mapping[str, Any] | None = None) -> str:
    asked = flow_run.parameters if given is None else given
    return " ".join(["sync", *(["full"] if asked["full"] else []), ", ".join(asked["resources"])]).rstrip()


@flow(name="sync", flow_run_name=_name_of_run, on_failure=[name_refused])
@concluding
def sync(
    resources: list[Resource] = [],  # noqa: B006 Prefect's form shows the default; it is never changed
    full: bool = False,
    accept_deletions: list[Resource] = [],  # noqa: B006 as above
    wait_minutes: WaitMinutes = 50,
) -> State[Any]:
    """Bring the warehouse up to date with the Customer.io workspace.

    Args:
        resources: Tables to bring up to date; none means all of them.
        full: Read everything again. Only changed rows are written.
        accept_deletions: Tables whose missing rows are marked as deleted, however many they are. Needed after
            a sync has held deletions back, and the rows are really gone.
        wait_minutes: How long to wait for another run that writes the warehouse, such as a backfill's
            chunk. After that the run ends as Skipped, and the next run reads its rows.
    """
    settings = settings_of_run()
    done = bring_up_to_date(settings, resources, full, accept_deletions, wait_minutes * 60.0)
    summary.shown(done, key="sync", title="Requests and rows of the sync, by table.")
    written = sum(table.written for table in done.resources.values())
    return outcome(done.failed, len(done.resources), f"{written:,} rows written.", done.rejected)


@task(name="read, load and publish", **RETRIED)
def bring_up_to_date(
    settings: Settings, resources: list[str], full: bool, accept_deletions: list[str], wait_s: float
) -> RunSummary:
    """Run one sync, with its progress as an artifact."""
    growing = RunSummary()
    with turn(settings, wait_s), progress.shown(progress.of(growing)):
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
