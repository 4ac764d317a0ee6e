"""`freshness`: checks how far each table is behind; a table that is late or has gaps fails the run."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import summary
from flows.blocks import settings_of_run
from flows.parameters import EMPTY, FailOnGap, LagMinutes
from flows.runs import concluding
from pipelines.ingest.status import late, missing, status

STALE = "Stale"
"""The state of a run that found a table too far behind; the automation for it listens to this name."""


@flow(name="freshness", flow_run_name="freshness", timeout_seconds=300, validate_parameters=False)
@concluding
def freshness(max_lag_minutes: LagMinutes = EMPTY, fail_on_gap: FailOnGap = True) -> State[Any]:
    """Report how far each table is behind Customer.io, and the time that is missing or about to be lost.

    Args:
        max_lag_minutes: A table that is further behind Customer.io fails the run; empty means the setting
            CIO_ELT_TARGET_LAG, which is 2 hours unless you set it.
        fail_on_gap: Fail the run too if a time between two syncs was not read, or is about to be lost.
    """
    rows = status(settings_of_run())
    summary.freshness(rows)
    found = late(rows, max_lag_minutes * 60 if max_lag_minutes else None)
    found += missing(rows) if fail_on_gap else []
    if found:
        return Failed(name=STALE, message=" ".join(found))
    return Completed(message=f"All {len(rows)} tables are as fresh as they should be.")
