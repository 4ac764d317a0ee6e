"""Cleans up the runs that a killed serving process left behind.

dead runs (their process is gone)         -> Crashed, or Cancelled if they were being cancelled
missed runs (scheduled, but not served)   -> Cancelled, all but the latest of each deployment
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

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

from flows.liveness import is_dead

# A pending run has no lock file until its Python process has started.
_START_TIMEOUT = timedelta(minutes=3)
_PAGE = 200

NOT_IN_TIME: Final = (
    "The service was stopped, and this run did not end in time. Loads that it had completed are in the "
    "warehouse; the next run resumes from there."
)
"""The message of runs that are left after an orderly stop."""

_KILLED: Final = (
    "The process of this run was killed, or its machine went down. Loads that it had completed are in the "
    "warehouse; the next run resumes from there."
)
_MISSED: Final = "No process served this deployment at the scheduled time; a later run does the same work."


def reap(deployments: Iterable[str], reason: str = _KILLED) -> list[str]:
    """End the dead runs of these deployments with that reason, and cancel the missed ones.

    Returns sentences for the log.
    """
    names = list(deployments)
    with get_client(sync_client=True) as client:
        return [*_end_dead_runs(client, names, reason), *_cancel_missed_runs(client, names)]


def under_way(deployments: Iterable[str]) -> list[str]:
    """The names of the runs of these deployments that have begun and not ended."""
    with get_client(sync_client=True) as client:
        return [str(run.name) for run in _runs(client, list(deployments), _BEGUN)]


_BEGUN: Final = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


def _end_dead_runs(client: SyncPrefectClient, names: list[str], reason: str) -> list[str]:
    active = _runs(client, names, _BEGUN)
    ended = []
    for run in active:
        state = run.state
        if is_dead(str(run.id)) or _start_failed(state):
            cancelling = state is not None and state.is_cancelling()
            orderly = cancelling or reason is not _KILLED
            final: State[Any] = Cancelled(message=reason) if orderly else Crashed(message=reason)
            client.set_flow_run_state(run.id, final, force=True)
            ended.append(f"The process of the run {run.name!r} is gone; the run is ended.")
    return ended


def _start_failed(state: State[Any] | None) -> bool:
    """Checks if a run has been pending for longer than a process needs to start."""
    return state is not None and state.is_pending() and datetime.now(UTC) - state.timestamp > _START_TIMEOUT


def _cancel_missed_runs(client: SyncPrefectClient, names: list[str]) -> list[str]:
    now = datetime.now(UTC)
    missed = [
        run
        for run in _runs(client, names, [StateType.SCHEDULED])
        if run.auto_scheduled
        and run.expected_start_time is not None
        and run.expected_start_time < now
        # A run that has begun before is waiting, such as for an export.
        and run.run_count == 0
    ]
    latest: dict[Any, FlowRun] = {}
    for run in sorted(missed, key=_expected):
        latest[run.deployment_id] = run
    cancelled = [run for run in missed if latest[run.deployment_id].id != run.id]
    for run in cancelled:
        client.set_flow_run_state(run.id, Cancelled(message=_MISSED), force=True)
    return [f"{len(cancelled)} missed run(s) were cancelled."] if cancelled else []


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
