"""Automations of the Prefect server: notify of runs and pushes whose health changed, and crash dead runs."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect import get_client
from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.alerts import FAILING
from flows.alerts import RECOVERED as RUN_RECOVERED
from flows.environment import HEARTBEAT_S
from flows.freshness import STALE
from flows.pushes import DEGRADED, RECOVERED
from flows.runs import PARTLY, REFUSED, SKIPPED, STOPPED, WAITING

# A server that was down for a minute has missed heartbeats: it must not crash the runs that sent them.
SILENT_S: Final = 10 * HEARTBEAT_S
"""Seconds without a heartbeat after which a run counts as dead."""

_OURS: Final = ResourceSpecification(
    {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.customerio"}
)
_RUNS: Final = ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})
_EACH_RUN: Final = {"prefect.resource.id"}

_SUBJECT: Final = "{{ flow_run.name }}: {{ flow_run.state.name }}"
_BODY: Final = "{{ flow_run.state.message }}"
_CHANGED: Final = "{{ event.payload.subject }}"
_PUSH: Final = "push {{ event.resource.name }}"
_SAID: Final = "{{ event.payload.message }}"

_PREFIX: Final = "customerio: "
"""Of the names of the automations; one with another name is not of this project."""


def automations(notify: UUID | None, *, silent_s: int = SILENT_S) -> list[Automation]:
    """The automations. `notify` is the id of the notification block.

    Without a block, failures and stale tables are only events in the server's event feed.
    """

    def action(subject: str, body: str) -> Any:
        if notify is None:
            return DoNothing()
        return SendNotification(block_document_id=notify, subject=subject, body=body)

    return [
        Automation(
            name=f"{_PREFIX}runs begin to fail or work again",
            description="The first run that fails, is incomplete or finds a stale table; the next good one.",
            trigger=_of(FAILING, RUN_RECOVERED, resource="customerio.run.*"),
            actions=[action(_CHANGED, _SAID)],
        ),
        Automation(
            name=f"{_PREFIX}a run crashed",
            description="The process of a run was killed, or the run took too long.",
            trigger=_on("Crashed", "TimedOut"),
            actions=[action(_SUBJECT, _BODY)],
        ),
        Automation(
            name=f"{_PREFIX}a push is degraded or has recovered",
            description="Many rows of a push fail, or none is sent though its model changes; told once each.",
            trigger=_of(DEGRADED, RECOVERED, resource="customerio.push.*"),
            actions=[action(_PUSH, _SAID)],
        ),
        Automation(
            name=f"{_PREFIX}a run is dead",
            description=f"A run sent no heartbeat for {silent_s} s: its process was killed.",
            trigger=_silence(silent_s),
            actions=[
                ChangeFlowRunState(
                    name=None,
                    force=True,
                    state=StateType.CRASHED,
                    message=f"No heartbeat for {silent_s} s: the process of this run was killed, or its "
                    "machine went down. The next run resumes from what this one had loaded.",
                )
            ],
        ),
    ]


def save(notify: UUID | None, *, silent_s: int = SILENT_S) -> list[str]:
    """Create or update the automations, and delete those of an earlier release; returns their names."""
    saved = []
    for each in automations(notify, silent_s=silent_s):
        try:
            known: Any = Automation.read(name=each.name)
        except ValueError:
            each.create()
        else:
            each.id = known.id
            each.update()
        saved.append(each.name)
    with get_client(sync_client=True) as client:
        for known in client.read_automations():
            if known.name.startswith(_PREFIX) and known.name not in saved:
                client.delete_automation(known.id)
    return saved


def _on(*states: str) -> EventTrigger:
    return EventTrigger(
        expect={f"prefect.flow-run.{state}" for state in states},
        match=_RUNS,
        match_related=_OURS,
        for_each=_EACH_RUN,
        posture=Posture.Reactive,
        threshold=1,
    )


def _of(*events: str, resource: str) -> EventTrigger:
    return EventTrigger(
        expect=set(events),
        match=ResourceSpecification({"prefect.resource.id": resource}),
        for_each=_EACH_RUN,
        posture=Posture.Reactive,
        threshold=1,
    )


def _silence(seconds: int) -> EventTrigger:
    """A heartbeat that is followed by no other heartbeat, no final state, and no wait without a process."""
    ours = (SKIPPED, PARTLY, STALE, STOPPED, WAITING, REFUSED)
    ends = ("Completed", "Failed", "Cancelled", "Crashed", "TimedOut", *ours)
    return EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{state}" for state in ends)},
        match=_RUNS,
        match_related=_OURS,
        for_each=_EACH_RUN,
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
