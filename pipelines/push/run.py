"""The order of work of a push.

    model -> diff -> brakes -> deliver -> confirm

Nothing leaves before the whole plan stands in the journal. Killed at any moment, a push is gone on with by
the next one: what is known to have arrived is not sent again, and what is not known is.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.connect import client
from pipelines.errors import ConfigError, LeaseHeld
from pipelines.notify import Notify, silent
from pipelines.push.carrying import Carried, Told, carry_out
from pipelines.push.deliver.dispatch import Run
from pipelines.push.journal.database import Journal, Sync
from pipelines.push.journal.lease import leased
from pipelines.push.journal.publish import publish_journal
from pipelines.push.journal.runs import Begun, begin
from pipelines.push.journal.snapshot import unended
from pipelines.push.plan.brakes import Brake
from pipelines.push.plan.diff import PLANNED
from pipelines.push.plan.plan import SENT, Plan, check_plan, keep_plan
from pipelines.push.plan.prepare import check_target, plan_it, refresh_digests, run_the_model, sync_of
from pipelines.push.plan.query import workbench
from pipelines.push.plan.segment import see_members, target_of
from pipelines.push.recover import recover
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from sources.customerio.client import Client


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """What a push did: `carried` is None where nothing was to be sent, or a brake grips."""

    sync: str
    plan: Plan
    brakes: Sequence[Brake] = ()
    carried: Carried | None = None

    @property
    def whole(self) -> bool:
        """Whether every row that was sent arrived, as far as anybody knows."""
        return self.carried is None or self.carried.whole

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "sync": self.sync,
            "plan": self.plan.document,
            "stopped_by": [asdict(brake) for brake in self.brakes],
            "run": None if self.carried is None else self.carried.document,
        }


@dataclass(frozen=True, kw_only=True)
class How:
    """How to push.

    Attributes:
        plan_id: Send this plan, or nothing.
        approve: Let go of the brakes; takes a plan.
        retry_for_s: How long a request is repeated.
        publish: Put the journal among the tables that analysts read, once it is done.
        notify: Told, in a sentence, of what is worth knowing.
        told: Told how far it is.
    """

    plan_id: str | None = None
    approve: bool = False
    retry_for_s: float = 300.0
    publish: bool = True
    notify: Notify = silent
    told: Told = field(default=lambda _: None)

    def telling(self, told: Told) -> "How":
        """The same, and `told` is told how far it is."""
        return replace(self, told=told)

    def __post_init__(self) -> None:
        if self.approve and self.plan_id is None:
            msg = "What is approved is a plan that somebody has seen: name it, as in --plan ID --approve."
            raise ConfigError(msg)


def plan(settings: Settings, declaration: PushSpec, *, folder: Path, show_values: bool = False) -> Plan:
    """What a push would do, without doing any of it.

    Raises:
        CustomerioError: the model cannot be run, or the members of a segment cannot be read.
    """
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with client(settings) as calls, workbench(settings) as bench:
        segment = target_of(calls, declaration)
        _end_what_was_left(journal, sync, calls, declaration, segment)
        ready = run_the_model(bench, declaration, sync, folder)
        see_members(calls, bench, declaration, segment)
        with journal.attached(bench):
            check_target(bench, ready)
            made = plan_it(bench, ready, show_values=show_values)
            keep_plan(bench, sync, made)
    return made


def push(settings: Settings, declaration: PushSpec, *, folder: Path, how: How | None = None) -> PushResult:
    """Send what changed since Customer.io last accepted it, and see that it arrived.

    `folder` is where the declaration lies.

    Raises:
        LeaseHeld: another process pushes this sync.
        PlanChanged: the plan is not what would be sent now.
        CustomerioError: the model cannot be run; or sending had to end early, and the next run goes on.
    """
    how = how or How()
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with client(settings, retry_for_s=how.retry_for_s) as calls, leased(journal, sync) as fence:
        result = _push(settings, declaration, folder, how, calls, Run(journal, sync, "", fence))
    if result.carried is not None and how.publish:
        publish_journal(settings, journal, notify=how.notify)
    return result


def _push(
    settings: Settings, declaration: PushSpec, folder: Path, how: How, calls: Client, run: Run
) -> PushResult:
    sync = run.sync
    segment = target_of(calls, declaration)
    recover(run, calls, declaration, segment, notify=how.notify)
    with workbench(settings) as bench:
        ready = run_the_model(bench, declaration, sync, folder)
        see_members(calls, bench, declaration, segment)
        with run.journal.attached(bench):
            check_target(bench, ready)
            made = plan_it(bench, ready)
            keep_plan(bench, sync, made)
            refresh_digests(bench, sync)
            check_plan(bench, sync, made, how.plan_id)
            if made.gripping and not how.approve:
                return PushResult(sync=sync.name, plan=made, brakes=made.gripping)
            assumed = made.counts["assume"]
            if not made.sends and not assumed and not made.first:
                return PushResult(sync=sync.name, plan=made)
            begun = Begun(
                plan_id=made.plan_id,
                fence=run.fence,
                planned=made.sends,
                lane=made.lane,
                approved=how.approve,
            )
            rows = f"SELECT * FROM {PLANNED} WHERE action IN {(*SENT, 'assume')}"
            run_id = begin(bench, declaration, sync, begun, rows)
    begun_run = Run(run.journal, sync, run_id, run.fence)
    carried = carry_out(
        begun_run,
        calls,
        declaration,
        segment,
        planned=made.sends,
        confirms=made.sends > 0,
        assumed=assumed,
        notify=how.notify,
        told=how.told,
    )
    return PushResult(sync=sync.name, plan=made, carried=carried)


def _end_what_was_left(
    journal: Journal, sync: Sync, calls: Client, declaration: PushSpec, segment: dict[str, Any] | None
) -> None:
    """A plan is of what is left to do once an interrupted run is brought to its end, unless somebody runs."""
    with journal.open() as connection:
        if not unended(connection, sync):
            return
    with suppress(LeaseHeld), leased(journal, sync) as fence:
        recover(Run(journal, sync, "", fence), calls, declaration, segment)
