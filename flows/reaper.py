"""What a serving process that was killed left behind, put right by the next one.

runs that nobody works on any more -> Crashed (Cancelled, if that was wanted)
runs whose time passed unserved    -> Cancelled, all but the latest of each deployment
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed

from flows.liveness import dead

# A run that is about to start has no sign of life yet, for as long as Python needs to start.
_STARTING = timedelta(minutes=3)
_PAGE = 200

_KILLED = (
    "The process of this run was killed, or its machine went down. What it had loaded as a whole is in the "
    "warehouse; the next run goes on from there."
)
_PASSED = "Nothing served this deployment when it was time; a later run does the same work."


def put_right(deployments: Iterable[str]) -> list[str]:
    """End what nobody works on, and drop what came too late; a sentence for each run that it was done to."""
    names = list(deployments)
    with get_client(sync_client=True) as client:
        return [*_end_dead(client, names), *_drop_late(client, names)]


def _end_dead(client: SyncPrefectClient, names: list[str]) -> list[str]:
    under_way = _runs(client, names, [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    ended = []
    for run in under_way:
        state = run.state
        stuck = state is not None and state.is_pending() and datetime.now(UTC) - state.timestamp > _STARTING
        if dead(str(run.id)) or stuck:
            wanted = state is not None and state.is_cancelling()
            final: State[Any] = Cancelled(message=_KILLED) if wanted else Crashed(message=_KILLED)
            client.set_flow_run_state(run.id, final, force=True)
            ended.append(f"The run {run.name!r} was left behind by a process that is gone; it is ended.")
    return ended


def _drop_late(client: SyncPrefectClient, names: list[str]) -> list[str]:
    now = datetime.now(UTC)
    passed = [
        run
        for run in _runs(client, names, [StateType.SCHEDULED])
        if run.auto_scheduled
        and run.expected_start_time is not None
        and run.expected_start_time < now
        # One that has begun waits for something; it is not late.
        and run.run_count == 0
    ]
    latest: dict[Any, FlowRun] = {}
    for run in sorted(passed, key=_expected):
        latest[run.deployment_id] = run
    dropped = [run for run in passed if latest[run.deployment_id].id != run.id]
    for run in dropped:
        client.set_flow_run_state(run.id, Cancelled(message=_PASSED), force=True)
    return [f"{len(dropped)} run(s) whose time passed unserved were dropped."] if dropped else []


def _expected(run: FlowRun) -> datetime:
    return run.expected_start_time or datetime.min.replace(tzinfo=UTC)


def _runs(client: SyncPrefectClient, names: list[str], types: list[StateType]) -> list[FlowRun]:
    found: list[FlowRun] = []
    while True:
        page = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types))),
            deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=names)),
            limit=_PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < _PAGE:
            return found
