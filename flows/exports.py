"""`export-people`, `export-deliveries`: ordered, waited for without a process, collected.

order -> look -> not ready? the run goes back on the schedule, and whoever takes it up begins here again
                 ready?     collect

An equal order that is not loaded yet is the same export, so that a run that begins again never creates one.
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
    Attributes,
    DeadlineHours,
    ExportFrom,
    ExportTo,
    Filter,
    Metric,
    Parent,
    ParentId,
    WaitMinutes,
    midnight,
)
from flows.runs import concluding, look_again, turn, worth_repeating
from pipelines.export import (
    DeliveriesRequest,
    ExportRequest,
    ExportResult,
    ExportState,
    PeopleRequest,
    RegisteredExport,
    collect,
    order,
    poll,
)
from pipelines.settings import Settings

# Downloading, loading, bringing home: what `collect` says, a sentence each.
_STEPS: Final = 3

PAUSES_S: Final = (15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds between two looks, each of which starts a process; the last is repeated."""


@flow(name="export-people", flow_run_name="export people")
@concluding
def export_people(
    filters: Filter | None = None,
    attributes: Attributes | None = None,
    deadline_hours: DeadlineHours = 6,
    wait_minutes: WaitMinutes = 120,
) -> State[Any]:
    """Export people from Customer.io and load them.

    Args:
        filters: Whom to export, in Customer.io's own words; empty means everybody.
        attributes: Attributes to export; empty means all of them.
        deadline_hours: How long to wait for Customer.io to make the file.
        wait_minutes: How long to wait for another run that writes the warehouse.
    """
    chosen = {} if filters is None else {"filters": filters}
    asked = PeopleRequest(**chosen, attributes=tuple(attributes) if attributes else None)
    return _exported(asked, deadline_hours, wait_minutes)


@flow(name="export-deliveries", flow_run_name="export deliveries of {parent} {parent_id}")
@concluding
def export_deliveries(
    parent: Parent,
    parent_id: ParentId,
    from_day: ExportFrom | None = None,
    to_day: ExportTo = None,
    metric: Metric | None = None,
    attributes: Attributes | None = None,
    drafts: bool = False,
    deadline_hours: DeadlineHours = 6,
    wait_minutes: WaitMinutes = 120,
) -> State[Any]:
    """Export the deliveries of one campaign, newsletter, transactional message or action, and load them.

    Args:
        parent: What the deliveries belong to.
        parent_id: Its id in Customer.io.
        from_day: First day, from midnight UTC; empty, with the other day, means the last 6 months.
        to_day: Day before whose midnight UTC the range ends; at most 12 months after the first day.
        metric: Only deliveries that reached this; empty means all of them.
        attributes: Attributes of the recipients to export besides.
        drafts: Export drafts too.
        deadline_hours: How long to wait for Customer.io to make the file.
        wait_minutes: How long to wait for another run that writes the warehouse.
    """
    asked = DeliveriesRequest(
        **{f"{parent}_id": parent_id},
        **_range(from_day, to_day),
        metric=metric,
        attributes=tuple(attributes) if attributes else None,
        drafts=drafts,
    )
    return _exported(asked, deadline_hours, wait_minutes)


def _exported(asked: ExportRequest, deadline_hours: int, wait_minutes: int) -> State[Any]:
    settings = settings_of_run()
    ticket = place(settings, asked)
    if look(settings, ticket) == "pending":
        return not_ready(f"Export {ticket.export_id} is not ready", deadline_hours)
    result = bring(settings, ticket, wait_minutes * 60.0)
    summary.export(result)
    return Completed(message=f"Export {result.export_id}: {result.rows:,} rows, {result.new:,} of them new.")


def not_ready(what: str, deadline_hours: int) -> State[Any]:
    """Put the run back on the schedule; once it was looked at for `deadline_hours`, the state to end in."""
    if sum(_pauses(flow_run.run_count)) < deadline_hours * 3600:
        look_again(_pauses(flow_run.run_count + 1)[-1], f"{what} yet.")
    msg = (
        f"{what} after {deadline_hours} h. Start the same run again later: it goes on with what is ordered "
        "and creates no second export."
    )
    return Failed(message=msg)


# Ordering is never repeated here: Customer.io may have taken an order whose answer was lost. The next run
# looks for it.
@task(name="order", cache_policy=NO_CACHE)
def place(settings: Settings, asked: ExportRequest) -> RegisteredExport:
    """The export of an equal order that is not loaded yet, or a new one."""
    return order(settings, asked, notify=get_run_logger().info)


@task(
    name="look", retries=3, retry_delay_seconds=30, retry_condition_fn=worth_repeating, cache_policy=NO_CACHE
)
def look(settings: Settings, ticket: RegisteredExport) -> ExportState:
    """Where the export stands."""
    return poll(settings, ticket)


@task(
    name="collect",
    retries=2,
    retry_delay_seconds=[60, 300],
    retry_condition_fn=worth_repeating,
    cache_policy=NO_CACHE,
)
def bring(settings: Settings, ticket: RegisteredExport, wait_s: float) -> ExportResult:
    """The export's file, downloaded, checked, loaded and published."""
    steps = progress.Steps(_STEPS, get_run_logger().info)
    with turn(settings, wait_s), progress.shown(steps.look):
        return collect(settings, ticket, wait_s=wait_s, notify=steps.notify)


def _range(from_day: date | None, to_day: date | None) -> dict[str, int]:
    if from_day is None or to_day is None:
        return {}
    return {"start": midnight(from_day), "end": midnight(to_day) - 1}


def _pauses(looks: int) -> list[float]:
    """The pauses after so many looks, the last of them this one's."""
    return list(islice(chain(PAUSES_S, repeat(PAUSES_S[-1])), max(looks - 1, 0)))
