"""The overview: the verdict about the warehouse, what needs attention, the next step, the latest runs."""

from typing import Any

from pipelines.errors import EltError
from pipelines.ingest.status import WarehouseStatus, ended_runs, failed, warehouse_status
from pipelines.ingest.status_attention import attention, lateness, verdict
from pipelines.ingest.status_groups import by_group
from pipelines.settings import Settings
from pipelines.trace import failed_last
from pipelines.ui import costs, runs
from pipelines.warehouse.queries import querying

_RUNS = 5
"""The runs that the page shows."""


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page.

    Without a warehouse that can be read it has the reason and the runs that failed: one of them may be the
    one that was to make it.
    """
    latest = runs.read(settings)
    shared = {"runs": latest["runs"][:_RUNS], "ledger": latest["problem"], "tones": latest["tones"]}
    try:
        found = warehouse_status(settings)
        spent = costs.read(settings)
        steps = _next_steps(settings)
    except EltError as error:
        needs = [str(error), *map(failed, failed_last(ended_runs(settings)))]
        return {**shared, "status": None, "verdict": "", "needs": needs, "steps": []}
    return {
        **shared,
        "status": found,
        "verdict": verdict(found),
        "needs": attention(found),
        "steps": steps,
        "lateness": lateness(found),
        "groups": by_group(found.tables),
        "rows": sum(row.rows for row in found.tables),
        "behind": _furthest_behind(found),
        "spent": spent,
    }


def _furthest_behind(status: WarehouseStatus) -> int | None:
    """The lag of the table that is furthest behind; None if one was never read to its end."""
    lags = [row.lag_s for row in status.tables]
    known = [lag for lag in lags if lag is not None]
    return max(known) if known and len(known) == len(lags) else None


def _next_steps(settings: Settings) -> list[str]:
    """A sentence for each step that was never done and that readers would miss."""
    with querying(settings) as query:
        built = query(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = 'ops' AND table_name = 'freshness'"
        )
    if built or not settings.publishes:
        return []
    return ["The analysts' tables are not built yet. `cio-elt transform` builds them."]
