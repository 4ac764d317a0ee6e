"""`customerio_raw.sync_runs`: a row for each resource of each run, loaded together with the run's rows."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from pipelines.trace import current_id
from pipelines.warehouse.queries import Query, tables
from pipelines.warehouse.sql import DATASET, RUNS
from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract import Options, RunSummary

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns
    from dlt.extract import DltResource

TABLE = RUNS

_COLUMNS: "TTableSchemaColumns" = {
    "run_id": {"data_type": "text", "nullable": False},
    # The run of a command or flow that this one was a part of, as in the log; null in a library.
    "trace_id": {"data_type": "text"},
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
    # By a plan, or by earlier runs after a pause like that before this one; null where nothing was predicted.
    "requests_predicted": {"data_type": "bigint"},
    "rows_read": {"data_type": "bigint"},
    "rows_new": {"data_type": "bigint"},
    "rows_changed": {"data_type": "bigint"},
    "rows_deleted": {"data_type": "bigint"},
    # Records that were set aside, in `rejected_records`.
    "rows_rejected": {"data_type": "bigint"},
    "seconds": {"data_type": "double"},
    "error": {"data_type": "text"},
}


# Syncs of the same tables that a prediction looks at, at most; and those of them that it takes.
_SEEN, _TAKEN = 60, 9
_ALIKE = 2
"""The largest ratio of two pauses that are alike."""


def run_rows(
    summary: RunSummary,
    options: Options,
    *,
    finished_at: int,
    workspace: tuple[int | None, str | None],
    predicted: Mapping[str, int],
) -> list[dict[str, Any]]:
    """A row per resource that the run read, not for those that it skipped; `seconds` are of its reading.

    `workspace` is the id and the name of the run's workspace. `predicted` are requests by table.
    """
    noted_at = int(time.time())
    return [
        {
            "run_id": options.run_id,
            "trace_id": current_id(),
            "workspace_id": workspace[0],
            "workspace_name": workspace[1],
            "resource": tally.resource,
            "finished_at": finished_at,
            "noted_at": noted_at,
            "full": options.full,
            "backfill": options.backfill,
            "requests": tally.requests,
            "requests_predicted": predicted.get(tally.resource),
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


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A sync that ended at `finished_at` (Unix s, Customer.io's clock), with its requests by table."""

    finished_at: int
    requests: dict[str, int]


def past_runs(query: Query, names: Collection[str]) -> list[PastRun]:
    """The latest syncs that read just those tables to their end, the newest first.

    Tables that this region, plan or key lacks may be missing in a run.
    """
    if TABLE not in tables(query):
        return []
    found = query(
        f"SELECT run_id, finished_at, resource, requests FROM {DATASET}.{TABLE} AS noted "
        "WHERE backfill IS NULL AND error IS NULL AND NOT noted.full "
        f"ORDER BY noted_at DESC, run_id LIMIT {_SEEN * len(RESOURCES)}"
    )
    needed = {name for name in names if not resource(name).may_be_missing}
    runs: dict[str, PastRun] = {}
    for run_id, finished_at, table, requests in found:
        run = runs.setdefault(run_id, PastRun(finished_at=finished_at, requests={}))
        run.requests[table] = int(requests)
    return [run for run in runs.values() if needed <= run.requests.keys() <= {*names}]


def usual_requests(query: Query, names: Collection[str], now: int) -> dict[str, int]:
    """The requests of a sync of those tables at `now` (Unix s): the median of those after a pause alike.

    By table; empty where no sync ended after such a pause.
    """
    runs = past_runs(query, names)
    if not runs:
        return {}
    pause = max(now - runs[0].finished_at, 1)
    alike = [
        run.requests
        for run, before in pairwise(runs)
        if 1 / _ALIKE <= max(run.finished_at - before.finished_at, 1) / pause <= _ALIKE
    ][:_TAKEN]
    return {name: round(median(run.get(name, 0) for run in alike)) for name in names} if alike else {}


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
