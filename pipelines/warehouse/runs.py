"""`customerio_raw.sync_runs`: a row for each resource of each run, loaded together with the run's rows."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.extract import Options, RunSummary

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns
    from dlt.extract import DltResource

TABLE = "sync_runs"

_COLUMNS: "TTableSchemaColumns" = {
    "run_id": {"data_type": "text", "nullable": False},
    # Customer.io's id and name of the workspace; null while they are not certain.
    "workspace_id": {"data_type": "bigint"},
    "workspace_name": {"data_type": "text"},
    "resource": {"data_type": "text", "nullable": False},
    # Customer.io's clock, Unix seconds.
    "finished_at": {"data_type": "bigint"},
    # The same moment by this machine's clock, Unix seconds.
    "noted_at": {"data_type": "bigint"},
    "full": {"data_type": "bool"},
    # The id of the backfill that the run belongs to; null for a sync.
    "backfill": {"data_type": "text"},
    "requests": {"data_type": "bigint"},
    "rows_read": {"data_type": "bigint"},
    "rows_new": {"data_type": "bigint"},
    "rows_changed": {"data_type": "bigint"},
    "rows_deleted": {"data_type": "bigint"},
    # Records that were set aside, in `rejected_records`.
    "rows_rejected": {"data_type": "bigint"},
    "seconds": {"data_type": "double"},
    "error": {"data_type": "text"},
}


def run_rows(
    run_id: str,
    summary: RunSummary,
    options: Options,
    *,
    finished_at: int,
    workspace: tuple[int | None, str | None],
) -> list[dict[str, Any]]:
    """A row per resource that the run read, not for those that it skipped; `seconds` are of its reading.

    `workspace` is the id and the name of the run's workspace.
    """
    noted_at = int(time.time())
    return [
        {
            "run_id": run_id,
            "workspace_id": workspace[0],
            "workspace_name": workspace[1],
            "resource": tally.resource,
            "finished_at": finished_at,
            "noted_at": noted_at,
            "full": options.full,
            "backfill": options.backfill,
            "requests": tally.requests,
            "rows_read": tally.read,
            "rows_new": tally.new,
            "rows_changed": tally.changed,
            "rows_deleted": tally.deleted,
            "rows_rejected": tally.rejected,
            "seconds": round(tally.seconds, 3),
            "error": str(tally.error) if tally.error else None,
        }
        for tally in summary.resources.values()
        if tally.skipped is None
    ]


def now_there(query: Query) -> int:
    """Customer.io's clock in Unix seconds: this machine's, corrected by the difference at the last run.

    A warehouse into which exports alone were loaded has no run.
    """
    there = f"table_schema = '{DATASET}' AND table_name = '{TABLE}'"
    if not query(f"SELECT 1 FROM information_schema.tables WHERE {there}"):
        return int(time.time())
    newest = query(f"SELECT finished_at - noted_at FROM {DATASET}.{TABLE} ORDER BY _dlt_load_id DESC LIMIT 1")
    return int(time.time()) + sum(int(ahead) for (ahead,) in newest)


def workspace_of(query: Query) -> tuple[int | None, str | None]:
    """The id and the name of the workspace, as the latest run noted them; None where no run did.

    Runs of earlier releases did not note it.
    """
    noted = query(
        "SELECT 1 FROM information_schema.columns "
        f"WHERE table_schema = '{DATASET}' AND table_name = '{TABLE}' AND column_name = 'workspace_id'"
    )
    found = noted and query(
        f"SELECT workspace_id, workspace_name FROM {DATASET}.{TABLE} WHERE workspace_id IS NOT NULL "
        "ORDER BY noted_at DESC LIMIT 1"
    )
    return (found[0][0], found[0][1]) if found else (None, None)


def runs_table(rows: Iterable[dict[str, Any]]) -> "DltResource":
    """The rows as a dlt resource that merges them into `sync_runs`."""
    import dlt

    return dlt.resource(
        list(rows),
        name=TABLE,
        primary_key=("run_id", "resource"),
        write_disposition="merge",
        columns=_COLUMNS,
    )
