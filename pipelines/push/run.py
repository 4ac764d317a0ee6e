"""Runs a push: its order of work.

    model -> diff -> brakes -> deliver -> confirm

Nothing is sent before the whole plan is in the journal. A push that was killed is resumed by the next run:
rows that are known to have arrived are not sent again; unknown ones are.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ConfigError, LeaseHeld
from pipelines.notify import Notify, silent
from pipelines.privacy import privacy_of
from pipelines.push.context import PushContext, open_context
from pipelines.push.deliver.dispatch import OnProgress
from pipelines.push.execute import RunResult, execute
from pipelines.push.journal.database import PushId
from pipelines.push.journal.health import RunHealth, record_health
from pipelines.push.journal.lease import hold_lease
from pipelines.push.journal.publish import publish_journal
from pipelines.push.journal.runs import Delivery, RunStart, begin_run, unfinished_runs
from pipelines.push.plan.brakes import Brake
from pipelines.push.plan.diff import PLANNED, SENT_ACTIONS
from pipelines.push.plan.doubt import check_repeatable, doubt_all, record_doubts
from pipelines.push.plan.owners import with_owners
from pipelines.push.plan.plan import Plan, check_plan, save_plan
from pipelines.push.plan.prepare import (
    PreparedModel,
    check_target,
    forget_leavers,
    plan_rows,
    prepare_model,
    refresh_digests,
)
from pipelines.push.plan.private import check_private
from pipelines.push.plan.query import planning_database
from pipelines.push.plan.rejected import differing, record_invalid
from pipelines.push.plan.segment import fetch_members
from pipelines.push.plan.transport import check_staging, choose_transport
from pipelines.push.recover import recover
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.warehouse.erasures import erased_people


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """The result of a push; `run` is None if there was nothing to send, or if brakes stopped it.

    `differing` is a digest of the rows that differ from those that Customer.io accepted.
    """

    sync: str
    plan: Plan
    brakes: Sequence[Brake] = ()
    run: RunResult | None = None
    differing: str = ""

    @property
    def health(self) -> RunHealth:
        """The numbers by which the health of the push is judged."""
        delivery = Delivery() if self.run is None else self.run.delivery
        dropped = 0 if self.run is None else self.run.confirmation.dropped
        return RunHealth(
            sent=delivery.planned,
            accepted=delivery.accepted - dropped,
            failed=delivery.rejected + dropped,
            differing=self.differing,
        )

    @property
    def complete(self) -> bool:
        """True if no row that was sent is known to be rejected, unknown or dropped."""
        return self.run is None or self.run.complete

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "sync": self.sync,
            "plan": self.plan.document,
            "stopped_by": [brake.document for brake in self.brakes],
            "run": None if self.run is None else self.run.document,
        }


FindDoubts = Callable[[PushContext, duckdb.DuckDBPyConnection, PreparedModel], None]
"""Fills the table of `plan.doubt` with the rows that Customer.io may have otherwise than the snapshot."""


@dataclass(frozen=True, kw_only=True)
class PushOptions:
    """The options of a push.

    Attributes:
        plan_id: Send this plan, or nothing.
        approve: Send the plan although brakes stop it; needs `plan_id`.
        full: Send all rows as if nothing were known of those that were sent before.
        find_doubts: Finds rows to send although they were sent as they are.
        retry_for_s: Seconds for which a request is repeated.
        publish: Publish the journal for analysts at the end.
        notify: Called with a sentence that a user should know.
        on_progress: Called with the counts of the run each time that answers arrive.
    """

    plan_id: str | None = None
    approve: bool = False
    full: bool = False
    find_doubts: FindDoubts | None = None
    retry_for_s: float = 300.0
    publish: bool = True
    notify: Notify = silent
    on_progress: OnProgress = field(default=lambda _: None)

    def with_progress(self, on_progress: OnProgress) -> "PushOptions":
        """The same options with another `on_progress`."""
        return replace(self, on_progress=on_progress)

    @property
    def named(self) -> str:
        """The options of the command line that find other rows than usual."""
        return "--full" if self.full else "--repair" if self.find_doubts else ""

    def __post_init__(self) -> None:
        if self.approve and self.plan_id is None:
            msg = "Only a plan that was shown can be approved: name it, as in --plan ID --approve."
            raise ConfigError(msg)


def validate(settings: Settings, spec: PushSpec, folder: Path) -> dict[str, str]:
    """Check that a push could run; returns the columns of its model with their SQL types, and reads no row.

    Raises:
        ModelFailed: the model cannot be run, or a column is missing or of another type.
        ConfigError: rows cannot be delivered as the spec says, or another push writes the same attributes.
    """
    check_staging(settings, spec)
    choose_transport(spec, adds=1, requests=1)
    spec = with_owners(settings, spec, folder)
    with planning_database(settings) as database:
        return prepare_model(database, spec, PushId("", spec.sync), folder, rows=False).columns


def plan_push(
    settings: Settings, spec: PushSpec, *, folder: Path, show_values: bool = False, full: bool = False
) -> Plan:
    """The plan of a push, without sending anything: a dry run.

    `folder` has the file of the spec; values of people are hidden unless `show_values`; `full` is that of
    `PushOptions`.

    Raises:
        InvalidSpec: rows of this kind cannot be sent in full again, or another push writes the same
            attributes.
        ModelFailed: the model cannot be run.
        CustomerioError: the members of a segment cannot be read.
    """
    spec = with_owners(settings, spec, folder)
    with open_context(settings, spec, lease=False) as context:
        _end_interrupted_run(context)
        with planning_database(settings) as database:
            prepared = prepare(context, database, folder)
            with context.journal.attached(database):
                if full:
                    prepared = _all_in_doubt(database, prepared)
                options = "--full" if full else ""
                return _compare(context, database, prepared, show_values=show_values, options=options)


def push(
    settings: Settings, spec: PushSpec, *, folder: Path, options: PushOptions | None = None
) -> PushResult:
    """Send the rows that changed since Customer.io last accepted them, and confirm that they arrived.

    `folder` has the file of the spec.

    Raises:
        LeaseHeld: another process runs this push.
        PlanChanged: the plan that was asked for is not what would be sent now.
        InvalidSpec: rows of this kind cannot be sent in full again, or another push writes the same
            attributes.
        ModelFailed: the model cannot be run.
        CustomerioError: sending ended early, and the next run resumes it.
    """
    options = options or PushOptions()
    spec = with_owners(settings, spec, folder)
    with open_context(settings, spec, retry_for_s=options.retry_for_s, notify=options.notify) as context:
        step("end interrupted runs")
        recover(context)
        result = _push(settings, context, folder, options)
        record_health(context.journal, context.push_id, spec.alerts, result.health)
        journal = context.journal
    if result.run is not None and options.publish:
        publish_journal(settings, journal, notify=options.notify)
    return result


def _push(settings: Settings, context: PushContext, folder: Path, options: PushOptions) -> PushResult:
    """The five steps: model, diff, brakes, deliver, confirm."""
    name, push_id = context.spec.sync, context.push_id
    with planning_database(settings) as database:
        prepared = prepare(context, database, folder)
        if options.find_doubts is not None:
            options.find_doubts(context, database, prepared)
            prepared = prepared.with_doubts()
        with context.journal.attached(database):
            if options.full:
                prepared = _all_in_doubt(database, prepared)
            plan = _compare(context, database, prepared, options=options.named)
            refresh_digests(database, push_id)
            check_plan(database, push_id, plan, options.plan_id)
            record_invalid(database, push_id, plan.plan_id)
            changed = differing(database)
            if plan.stopped_by and not options.approve:
                return PushResult(sync=name, plan=plan, brakes=plan.stopped_by, differing=changed)
            forget_leavers(database, prepared)
            assumed = plan.counts["assume"]
            if not plan.sends and not assumed:
                return PushResult(sync=name, plan=plan, differing=changed)
            run_id = _begin(context, database, prepared, plan, approved=options.approve)
            if prepared.doubted:
                record_doubts(database, push_id)
    run = execute(
        context,
        run_id,
        planned=plan.sends,
        confirms=plan.sends > 0,
        assumed=assumed,
        on_progress=options.on_progress,
    )
    return PushResult(sync=name, plan=plan, run=run, differing=changed)


def prepare(context: PushContext, database: duckdb.DuckDBPyConnection, folder: Path) -> PreparedModel:
    """Run the model, and list a segment's members if they are compared with its rows."""
    step("run the model")
    erased = erased_people(context.settings)
    prepared = prepare_model(database, context.spec, context.push_id, folder, erased=erased)
    privacy = privacy_of(context.settings)
    check_private(database, context.settings, prepared.spec, folder, privacy)
    fetch_members(context.client, database, context.spec, context.segment, erased)
    return prepared


def _all_in_doubt(database: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> PreparedModel:
    """The same model, with every row of the snapshot in doubt; the journal is attached."""
    check_repeatable(prepared.spec)
    doubt_all(database, prepared.baseline)
    return prepared.with_doubts(full=True)


def _compare(
    context: PushContext,
    database: duckdb.DuckDBPyConnection,
    prepared: PreparedModel,
    *,
    show_values: bool = False,
    options: str = "",
) -> Plan:
    """Compare the rows, check the brakes, and save the plan in the attached journal."""
    step("compare")
    check_target(database, prepared)
    plan = replace(plan_rows(database, prepared, show_values=show_values), options=options)
    save_plan(database, context.push_id, plan)
    return plan


def _begin(
    context: PushContext,
    database: duckdb.DuckDBPyConnection,
    prepared: PreparedModel,
    plan: Plan,
    *,
    approved: bool,
) -> str:
    """Write the run and its rows into the attached journal; returns the run's id."""
    start = RunStart(
        plan_id=plan.plan_id,
        fence=context.fence,
        planned=plan.sends,
        lane=plan.lane,
        approved=approved,
        key_types=prepared.key_types,
    )
    rows = f"SELECT * FROM {PLANNED} WHERE action IN {(*SENT_ACTIONS, 'assume')}"
    return begin_run(database, context.spec, context.push_id, start, rows)


def _end_interrupted_run(context: PushContext) -> None:
    """End interrupted runs, so that a plan has only the rest; skipped while another process runs."""
    if not unfinished_runs(context.journal, context.push_id):
        return
    with suppress(LeaseHeld), hold_lease(context.journal, context.push_id) as fence:
        recover(replace(context, fence=fence))
