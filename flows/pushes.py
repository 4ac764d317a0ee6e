"""`push`: what SQL models say, sent to Customer.io; a task a sync, in the order that they declare."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows import progress
from flows.blocks import settings_of_run
from flows.parameters import Approve, PlanId, Sync
from flows.runs import PARTLY, STOPPED, concluding, worth_repeating
from pipelines.push import Delivered, How, Outcome, PushResult, PushSpec, declared, push_all
from pipelines.push import push as pipeline
from pipelines.settings import Settings


def _name_of_run() -> str:
    asked = flow_run.parameters
    return " ".join(["push", ", ".join(asked["syncs"]), asked["plan"]]).strip()


@flow(name="push", flow_run_name=_name_of_run)
@concluding
def push(syncs: list[Sync] = [], plan: PlanId = "", approve: Approve = False) -> State[Any]:  # noqa: B006
    """Send to Customer.io what changed in SQL models, and see that it arrived.

    Args:
        syncs: Syncs to push; none means all of them.
        plan: Send exactly this plan of the one sync, as a run that was stopped names it, or nothing.
        approve: Send that plan although a brake grips.
    """
    settings = settings_of_run()
    how = How(plan_id=plan or None, approve=approve, notify=get_run_logger().info)
    chosen = declared(settings.cio_elt_push, syncs)
    outcomes = push_all(settings, chosen, folder=settings.cio_elt_push, how=how, push_one=_push_one)
    rows = [_row(outcome) for outcome in outcomes]
    create_table_artifact(table=rows, key="push", description="What was sent, by sync, and what arrived.")
    return _state(outcomes)


def _push_one(settings: Settings, declaration: PushSpec, *, folder: Path, how: How) -> PushResult:
    """The same as a task that has the sync's name."""
    work = send.with_options(task_run_name=declaration.sync)
    result: PushResult = work(settings, declaration, folder, how)
    return result


# Repeated, it goes on from its journal: what is known to have arrived is not sent again.
@task(
    name="plan, send and confirm",
    retries=2,
    retry_delay_seconds=[60, 300],
    retry_condition_fn=worth_repeating,
    cache_policy=NO_CACHE,
)
def send(settings: Settings, declaration: PushSpec, folder: Path, how: How) -> PushResult:
    """One push, its progress shown."""
    reached = _Reached()
    with progress.shown(reached.look):
        result = pipeline(settings, declaration, folder=folder, how=how.telling(reached.told))
    get_run_logger().info("%s", _sentence(result))
    return result


class _Reached:
    """How far the requests of a push have come."""

    def __init__(self) -> None:
        self._words, self._percent = "The model is run and compared.", 0.0

    def told(self, done: Delivered) -> None:
        """Requests were answered."""
        self._percent = 100.0 * done.answered / max(done.planned, 1)
        self._words = f"{done.answered:,} of {done.planned:,} rows sent in {done.batches:,} requests."

    def look(self) -> progress.Reached:
        """What an operator sees of it."""
        return progress.Reached(percent=self._percent, words=self._words)


def _sentence(result: PushResult) -> str:
    if result.brakes:
        return (
            f"{result.sync}: stopped by {', '.join(brake.name for brake in result.brakes)}; nothing was sent."
        )
    if result.carried is None:
        return f"{result.sync}: nothing to send."
    sent, seen = result.carried.delivered, result.carried.confirmed
    return (
        f"{result.sync}: {sent.accepted:,} rows accepted, {sent.rejected:,} rejected, "
        f"{seen.dropped:,} dropped, {result.carried.requests:,} requests."
    )


def _row(outcome: Outcome) -> dict[str, Any]:
    """A line of the table."""
    result = outcome.result
    counts = result.plan.counts if result else {}
    carried = result.carried if result else None
    return {
        "sync": outcome.sync,
        "plan": result.plan.plan_id if result else "",
        **{action: counts.get(action, 0) for action in ("add", "change", "remove", "unchanged", "invalid")},
        "accepted": carried.delivered.accepted if carried else 0,
        "rejected": carried.delivered.rejected if carried else 0,
        "dropped": carried.confirmed.dropped if carried else 0,
        "arrived": f"{carried.confirmed.share:.1%}"
        if carried and carried.confirmed.share is not None
        else "",
        "said": _said(outcome),
    }


def _said(outcome: Outcome) -> str:
    if outcome.error is not None:
        return str(outcome.error)
    if outcome.waits_for is not None:
        return f"it comes after {outcome.waits_for}, which was not pushed"
    return "; ".join(brake.says for brake in outcome.result.brakes) if outcome.result else ""


def _state(outcomes: list[Outcome]) -> State[Any]:
    """The worst first: a brake asks for a person, a failure for another run."""
    stopped = [outcome for outcome in outcomes if outcome.stopped]
    if stopped:
        reasons = " ".join(
            f"{outcome.sync}: {_said(outcome)}. To send it all the same, start `push` for {outcome.sync} "
            f"with the plan {outcome.result.plan.plan_id} and `approve`."
            for outcome in stopped
            if outcome.result
        )
        return Failed(name=STOPPED, message=f"Nothing was sent of what a brake stopped. {reasons}")
    failed = [outcome for outcome in outcomes if not outcome.well]
    if not failed:
        sent = sum(outcome.result.plan.sends for outcome in outcomes if outcome.result)
        return Completed(message=f"{sent:,} rows sent.")
    errors = [f"{outcome.sync}: {said}" for outcome in failed if (said := _said(outcome))]
    lost = [outcome.sync for outcome in failed if outcome.result]
    if lost:
        errors.append(f"Rows of {', '.join(lost)} were refused or dropped: see `cio-elt push status`.")
    message = " ".join(["Not complete.", *errors])
    if all(outcome.error for outcome in outcomes):
        return Failed(message=message)
    return Failed(name=PARTLY, message=message)
