"""`export-people`, `export-deliveries`: created, waited for without a process, collected.

create -> check the state -> not ready? the run goes back on the schedule, and starts here again later
                             ready?     collect

An equal request whose export is not loaded yet gets that export: a run that starts again creates none.
"""

from datetime import date
from itertools import chain, islice, repeat
from typing import Any, Final

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows import progress, summary
from flows.blocks import settings_of_run
from flows.parameters import (
    EMPTY,
    Attributes,
    DeadlineHours,
    Drafts,
    ExportFrom,
    ExportTo,
    Filter,
    Metric,
    Parent,
    ParentId,
    WaitMinutes,
    midnight,
)
from flows.runs import RETRIED, concluding, look_again, named, turn, worth_repeating
from pipelines.export import (
    DeliveriesRequest,
    ExportRequest,
    ExportResult,
    ExportState,
    PeopleRequest,
    RegisteredExport,
    collect,
    create,
    poll,
)
from pipelines.settings import Settings

# Downloading, loading, merging: the sentences of `collect`.
_STEPS: Final = 3

PAUSES_S: Final = (15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds between two checks, each of which starts a process; the last is repeated."""


@flow(name="export-people", flow_run_name="export people", validate_parameters=False)
@concluding
def export_people(
    filters: Filter = EMPTY,
    attributes: Attributes = EMPTY,
    deadline_hours: DeadlineHours = 6,
    wait_minutes: WaitMinutes = 120,
) -> State[Any]:
    """Export people from Customer.io and load them.

    Args:
        filters: A filter as JSON, as Customer.io's search of people takes it; empty means all people.
        attributes: Attributes to export; empty means all of them.
        deadline_hours: How long Customer.io may take to make the file. No process waits for it.
        wait_minutes: How long to wait for another run that writes the warehouse.
    """
    chosen = {} if filters is None else {"filters": filters}
    request = PeopleRequest(**chosen, attributes=tuple(attributes) if attributes else None)
    return _exported(request, deadline_hours, wait_minutes)


def _name_of_run(parent: Any = "", parent_id: Any = "", **_rest: Any) -> str:
    return f"export deliveries of {parent} {parent_id}".rstrip()


@flow(name="export-deliveries", flow_run_name=named(_name_of_run), validate_parameters=False)
@concluding
def export_deliveries(
    parent: Parent,
    parent_id: ParentId,
    from_day: ExportFrom = EMPTY,
    to_day: ExportTo = EMPTY,
    metric: Metric = EMPTY,
    attributes: Attributes = EMPTY,
    drafts: Drafts = False,
    deadline_hours: DeadlineHours = 6,
    wait_minutes: WaitMinutes = 120,
) -> State[Any]:
    """Export the deliveries of one campaign, newsletter, transactional message or action, and load them.

    Args:
        parent: The kind of what sent them; an action is one message of a campaign.
        parent_id: The last number in the address of its page in Customer.io.
        from_day: It begins at midnight UTC. Empty, as the other day, means the last 6 months.
        to_day: This day is not exported itself; at most 12 months after the first day.
        metric: Export only deliveries that were opened, clicked and so on; empty means all of them.
        attributes: Attributes of the recipients to export too; empty means none.
        drafts: Export drafts too.
        deadline_hours: How long Customer.io may take to make the file. No process waits for it.
        wait_minutes: How long to wait for another run that writes the warehouse.
    """
    request = DeliveriesRequest(
        **{f"{parent}_id": parent_id},
        **_range(from_day, to_day),
        metric=metric,
        attributes=tuple(attributes) if attributes else None,
        drafts=drafts,
    )
    return _exported(request, deadline_hours, wait_minutes)


def _exported(request: ExportRequest, deadline_hours: int, wait_minutes: int) -> State[Any]:
    settings = settings_of_run()
    export = create_export(settings, request)
    if check_state(settings, export) == "pending":
        return not_ready(f"Export {export.export_id} is not ready", deadline_hours)
    result = collect_export(settings, export, wait_minutes * 60.0)
    summary.exports([result])
    return Completed(message=f"Export {result.export_id}: {result.rows:,} rows, {result.new:,} of them new.")


def not_ready(subject: str, deadline_hours: int) -> State[Any]:
    """Put the run back on the schedule; after `deadline_hours` of checks, return the state to end in."""
    if sum(_pauses(flow_run.run_count)) < deadline_hours * 3600:
        look_again(_pauses(flow_run.run_count + 1)[-1], f"{subject} yet.")
    msg = (
        f"{subject} after {deadline_hours} h. Start the same run again later: it resumes the same export "
        "and creates no second one."
    )
    return Failed(message=msg)


# Creating is never retried here: Customer.io may have created an export whose answer was lost. The next run
# searches for it.
@task(name="order", cache_policy=NO_CACHE)
def create_export(settings: Settings, request: ExportRequest) -> RegisteredExport:
    """The export of an equal request that is not loaded yet, or a new one."""
    return create(settings, request, notify=get_run_logger().info)


@task(
    name="look", retries=3, retry_delay_seconds=30, retry_condition_fn=worth_repeating, cache_policy=NO_CACHE
)
def check_state(settings: Settings, export: RegisteredExport) -> ExportState:
    """Request the state of the export from Customer.io."""
    return poll(settings, export)


@task(name="collect", **RETRIED)
def collect_export(settings: Settings, export: RegisteredExport, wait_s: float) -> ExportResult:
    """Download, check, load and publish the export's file."""
    steps = progress.Steps(_STEPS, get_run_logger().info)
    with turn(settings, wait_s), progress.shown(steps.look):
        return collect(settings, export, wait_s=wait_s, notify=steps.notify)


def _range(from_day: date | None, to_day: date | None) -> dict[str, int]:
    if from_day is None or to_day is None:
        return {}
    return {"start": midnight(from_day), "end": midnight(to_day) - 1}


def _pauses(checks: int) -> list[float]:
    """The pauses after that many checks, the last of them this one's."""
    return list(islice(chain(PAUSES_S, repeat(PAUSES_S[-1])), max(checks - 1, 0)))
