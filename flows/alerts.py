"""Events for an operator when runs of one name begin to fail, and when they work again; each is emitted once.

The automations send them. A run whose process is killed emits nothing: the server tells of each crash.
"""

from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events import emit_event
from prefect.runtime import deployment, flow_run
from prefect.utilities.urls import url_for

FAILING: Final = "customerio.run.failing"
RECOVERED: Final = "customerio.run.recovered"

_ENDED: Final = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED]


def tell_change(state: State[Any], *, without: list[str]) -> None:
    """Emit an event if this run fails and the one of its name before did not, or the reverse.

    Args:
        state: the final state of this run.
        without: names of states that tell neither: a run that ended in one is passed over.
    """
    if deployment.id is None or state.name in without:
        return
    # A server that does not answer costs the event, never the run.
    with suppress(httpx.HTTPError, OSError):
        worked, works = _worked(without), state.is_completed()
        if worked != works:
            _emit(RECOVERED if works else FAILING, _sentence(state, works=works))


def _worked(without: list[str]) -> bool:
    """Checks if the latest ended run of this name and deployment was completed; true before the first."""
    with get_client(sync_client=True) as client:
        before = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                id=FlowRunFilterId(not_any_=[UUID(str(flow_run.id))]),
                name=FlowRunFilterName(any_=[str(flow_run.name)]),
                state=FlowRunFilterState(
                    type=FlowRunFilterStateType(any_=_ENDED), name=FlowRunFilterStateName(not_any_=without)
                ),
            ),
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[UUID(str(deployment.id))])),
            sort=FlowRunSort.END_TIME_DESC,
            limit=1,
        )
    return all(run.state is not None and run.state.is_completed() for run in before)


def _sentence(state: State[Any], *, works: bool) -> str:
    page = url_for("flow-run", obj_id=str(flow_run.id))
    if works:
        return f"It works again: {state.message} {page}"
    return f"{state.message} Told once, until it works again. {page}"


def _emit(event: str, message: str) -> None:
    name = str(flow_run.name)
    emit_event(
        event=event,
        resource={
            "prefect.resource.id": f"customerio.run.{flow_run.flow_name}",
            "prefect.resource.name": name,
        },
        payload={"subject": f"{name} {event.rpartition('.')[2]}", "message": message},
    )
