"""`customerio_raw.sync_runs`: the summary of every run, a row a resource, beside the data it describes."""

from collections.abc import Iterable
from typing import Any

import dlt
from dlt.common.schema.typing import TTableSchemaColumns
from dlt.extract import DltResource

from sources.customerio.extract import Report

TABLE = "sync_runs"

_COLUMNS: TTableSchemaColumns = {
    "run_id": {"data_type": "text", "nullable": False},
    "resource": {"data_type": "text", "nullable": False},
    # Customer.io's clock, Unix seconds.
    "finished_at": {"data_type": "bigint"},
    "full": {"data_type": "bool"},
    "requests": {"data_type": "bigint"},
    "rows_read": {"data_type": "bigint"},
    "rows_new": {"data_type": "bigint"},
    "rows_changed": {"data_type": "bigint"},
    "rows_deleted": {"data_type": "bigint"},
    "seconds": {"data_type": "double"},
    "error": {"data_type": "text"},
}


def run_rows(run_id: str, report: Report, *, finished_at: int, full: bool) -> list[dict[str, Any]]:
    """A row per resource of the run; `seconds` are of its reading."""
    return [
        {
            "run_id": run_id,
            "resource": tally.resource,
            "finished_at": finished_at,
            "full": full,
            "requests": tally.requests,
            "rows_read": tally.read,
            "rows_new": tally.new,
            "rows_changed": tally.changed,
            "rows_deleted": tally.deleted,
            "seconds": round(tally.seconds, 3),
            "error": str(tally.error) if tally.error else None,
        }
        for tally in report.tallies.values()
    ]


def runs_table(rows: Iterable[dict[str, Any]]) -> DltResource:
    """The rows as a dlt resource."""
    return dlt.resource(
        list(rows),
        name=TABLE,
        primary_key=("run_id", "resource"),
        write_disposition="merge",
        columns=_COLUMNS,
    )
