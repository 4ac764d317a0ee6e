"""The result of a run for an operator: a table artifact, and a log line per resource."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import create_table_artifact

from pipelines.export import ExportResult
from pipelines.ingest.status import TableStatus
from pipelines.times import span
from sources.customerio.extract import ResourceSummary, RunSummary, Window


def shown(summary: RunSummary, *, key: str, title: str) -> None:
    """Create a table artifact of a run's summary; artifacts of the same key are a history in the UI."""
    rows = [_row(tally) for tally in summary.resources.values()]
    create_table_artifact(table=rows, key=key, description=title)


def logged(summary: RunSummary, window: Window | None = None) -> None:
    """Log a line for each resource that the run read."""
    logger = get_run_logger()
    when = f" {days(window)}" if window else ""
    for tally in summary.resources.values():
        if tally.skipped:
            logger.warning("%s was skipped: %s", tally.resource, tally.skipped)
        elif tally.requests or tally.error:
            logger.info(
                "%s%s: %d requests, %d rows read, %d new, %d changed, %d deleted, %.1f s%s",
                *(tally.resource, when, tally.requests, tally.read, tally.new, tally.changed),
                *(tally.deleted, tally.seconds, f". {tally.error}" if tally.error else ""),
            )


def freshness(rows: list[TableStatus]) -> None:
    """Create a table artifact of the lag and the gaps of each table."""
    table = [
        {
            "table": row.table,
            "rows": row.rows,
            "behind": "never read" if row.lag_s is None else span(row.lag_s),
            "at most": span(row.target_s),
            "gaps": len(row.gaps),
            "last error": row.error or "",
        }
        for row in rows
    ]
    create_table_artifact(table=table, key="freshness", description="The lag and the gaps of each table.")


def export(result: ExportResult) -> None:
    """Create a table artifact of the result of an export."""
    create_table_artifact(
        table=[asdict(result)], key=f"export-{result.kind}", description=f"Export {result.export_id}."
    )


def days(window: Window) -> str:
    """The window as text, in UTC; `window.end` is its last second."""
    start, end = (datetime.fromtimestamp(at, UTC) for at in (window.start, window.end))
    return f"{start:%Y-%m-%d %H:%M}..{end:%Y-%m-%d %H:%M}"


def _row(tally: ResourceSummary) -> dict[str, Any]:
    return {
        "resource": tally.resource,
        "requests": tally.requests,
        "read": tally.read,
        "new": tally.new,
        "changed": tally.changed,
        "deleted": tally.deleted,
        "rejected": tally.rejected,
        "seconds": round(tally.seconds, 1),
        "error": str(tally.error) if tally.error else "",
        "skipped": str(tally.skipped) if tally.skipped else "",
    }
