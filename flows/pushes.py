"""`push`: sends changed rows of SQL models to Customer.io; a task a push, in their order."""

from pathlib import Path
from typing import Any, Final

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed, Failed

from flows import artifact, progress
from flows.blocks import settings_of_run
from flows.parameters import Approve, PlanId, Pushes
from flows.runs import PARTLY, RETRIED, STOPPED, concluding, named
from pipelines.notify import Notify
from pipelines.progress import Reached
from pipelines.push import (
    Delivery,
    PushOptions,
    PushOutcome,
    PushResult,
    PushSpec,
    changes_to_tell,
    push_all,
    read_specs,
)
from pipelines.push import push as run_push
from pipelines.settings import Settings

DEGRADED: Final = "customerio.push.degraded"
RECOVERED: Final = "customerio.push.recovered"
"""The events of a push whose health changed; the automations listen to them."""


def _name_of_run(syncs: Any, plan: Any, **_rest: Any) -> str:
    return " ".join(["push", ", ".join(map(str, syncs or [])) or "all", str(plan or "")]).rstrip()


@flow(name="push", flow_run_name=named(_name_of_run), validate_parameters=False)
@concluding
def push(syncs: Pushes = [], plan: PlanId = "", approve: Approve = False) -> State[Any]:  # noqa: B006
    """Send changed rows of SQL models to Customer.io, and confirm that they arrived.

    Args:
        syncs: Pushes to run; empty means all of them.
        plan: Send exactly this plan of one push, or nothing; the message of a stopped run names it. Usually
            empty.
        approve: Send that plan although a brake stopped it. Read what it would change first.
    """
    settings = settings_of_run()
    options = PushOptions(plan_id=plan or None, approve=approve, notify=get_run_logger().info)
    found = read_specs(settings.cio_elt_push, syncs)
    outcomes = push_all(
        settings, found, folder=settings.cio_elt_push, options=options, push_one=_push_as_task
    )
    tell_health(settings, get_run_logger().info)
    artifact.current().add(
        "The rows of each push, and their outcome", [_row(outcome) for outcome in outcomes]
    )
    return _state(outcomes)


def tell_health(settings: Settings, notify: Notify) -> None:
    """Emit an event for each push whose health changed, to which the automations listen."""
    for change in changes_to_tell(settings):
        emit_event(
            event=DEGRADED if change.degraded else RECOVERED,
            resource={
                "prefect.resource.id": f"customerio.push.{change.sync}",
                "prefect.resource.name": change.sync,
            },
            payload={"message": change.message},
        )
        notify(change.message)


def _push_as_task(settings: Settings, spec: PushSpec, *, folder: Path, options: PushOptions) -> PushResult:
    """Run one push as a task with its name."""
    work = send.with_options(task_run_name=spec.sync)
    result: PushResult = work(settings, spec, folder, options)
    return result


# A retry resumes from the journal: rows that are known to have arrived are not sent again.
@task(name="plan, send and confirm", **RETRIED)
def send(settings: Settings, spec: PushSpec, folder: Path, options: PushOptions) -> PushResult:
    """Run one push, and show its progress."""
    progress_so_far = _Progress()
    with progress.shown(progress_so_far.read):
        result = run_push(
            settings, spec, folder=folder, options=options.with_progress(progress_so_far.update)
        )
    for sentence in (_sentence(result), *result.plan.remarks):
        get_run_logger().info("%s", sentence)
    return result


class _Progress:
    """The progress of the requests of a push."""

    def __init__(self) -> None:
        self._words, self._percent = "The model is run and compared", 0.0

    def update(self, delivery: Delivery) -> None:
        """Take the counts of a run after answers arrived."""
        self._percent = 100.0 * delivery.answered / max(delivery.planned, 1)
        self._words = (
            f"{delivery.answered:,} of {delivery.planned:,} rows sent in {delivery.batches:,} requests"
        )

    def read(self) -> Reached:
        """The progress as an operator sees it."""
        return Reached(self._percent, self._words)


def _sentence(result: PushResult) -> str:
    if result.brakes:
        return (
            f"{result.sync}: stopped by {', '.join(brake.name for brake in result.brakes)}; nothing was sent."
        )
    if result.run is None:
        return f"{result.sync}: nothing to send."
    delivery, confirmation = result.run.delivery, result.run.confirmation
    return (
        f"{result.sync}: {delivery.accepted:,} rows accepted, {delivery.rejected:,} rejected, "
        f"{confirmation.dropped:,} dropped, {result.run.requests:,} requests."
    )


def _row(outcome: PushOutcome) -> dict[str, Any]:
    """A line of the table."""
    result = outcome.result
    counts = result.plan.counts if result else {}
    run = result.run if result else None
    share = run.confirmation.share if run else None
    return {
        "sync": outcome.sync,
        "plan": result.plan.plan_id if result else "",
        **{
            action: counts.get(action, 0)
            for action in ("add", "change", "remove", "unchanged", "invalid", "dead")
        },
        "entries": result.plan.forecast.sentence if result else "",
        "accepted": run.delivery.accepted if run else 0,
        "rejected": run.delivery.rejected if run else 0,
        "dropped": run.confirmation.dropped if run else 0,
        "arrived": "" if share is None else f"{share:.1%}",
        "said": _message(outcome),
    }


def _message(outcome: PushOutcome) -> str:
    if outcome.error is not None:
        return str(outcome.error)
    if outcome.waits_for is not None:
        return f"it comes after {outcome.waits_for}, which did not run"
    return "; ".join(brake.message for brake in outcome.result.brakes) if outcome.result else ""


def _state(outcomes: list[PushOutcome]) -> State[Any]:
    """The state of the flow run: the first of stopped, failed, partly done and done that applies."""
    stopped = [outcome for outcome in outcomes if outcome.stopped]
    if stopped:
        return Failed(name=STOPPED, message=_stopped_message(stopped))
    incomplete = [outcome for outcome in outcomes if not outcome.complete]
    if not incomplete:
        sent = sum(outcome.result.plan.sends for outcome in outcomes if outcome.result)
        return Completed(message=f"{sent:,} rows sent.")
    errors = [f"{outcome.sync}: {message}" for outcome in incomplete if (message := _message(outcome))]
    lost = [outcome.sync for outcome in incomplete if outcome.result]
    if lost:
        errors.append(f"Rows of {', '.join(lost)} were rejected or dropped: see `cio-elt push status`.")
    message = " ".join(["Not complete.", *errors])
    if all(outcome.error for outcome in outcomes):
        return Failed(message=message)
    return Failed(name=PARTLY, message=message)


def _stopped_message(stopped: list[PushOutcome]) -> str:
    reasons = " ".join(
        f"{outcome.sync}: {_message(outcome)}. To send it all the same, start `push` for {outcome.sync} "
        f"with the plan {outcome.result.plan.plan_id} and `approve`."
        for outcome in stopped
        if outcome.result
    )
    return f"Brakes stopped pushes; nothing of these was sent. {reasons}"
