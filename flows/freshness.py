"""`freshness`: checks how far each table is behind; a table that is late or has gaps fails the run."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import summary
from flows.blocks import settings_of_run
from flows.parameters import LagMinutes
from flows.runs import concluding, name_refused
from pipelines.ingest.status import late, missing, status

STALE = "Stale"
"""The state of a run that found a table too far behind; the automation for it listens to this name."""


@flow(name="freshness", flow_run_name="freshness", timeout_seconds=300, on_failure=[name_refused])
@concluding
def freshness(max_lag_minutes: LagMinutes | None = None, fail_on_gap: bool = True) -> State[Any]:
    """Report how far each table is behind Customer.io, and the time that is missing or about to be lost.

    Args:
        max_lag_minutes: How far a table may be behind; empty means the setting CIO_ELT_TARGET_LAG.
        fail_on_gap: Fail the run as well if time is missing in between.
    """
    rows = status(settings_of_run())
    summary.freshness(rows)
    found = late(rows, max_lag_minutes * 60 if max_lag_minutes else None)
    found += missing(rows) if fail_on_gap else []
    if found:
        return Failed(name=STALE, message=" ".join(found))
    return Completed(message=f"All {len(rows)} tables are as fresh as they should be.")
