"""The result of a run for an operator: a table in its artifact, and a log line per resource."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger

from flows import artifact
from pipelines.export import ExportResult
from pipelines.ingest.status import TableStatus
from pipelines.times import span
from sources.customerio.extract import ResourceSummary, RunSummary, Window


def shown(summary: RunSummary, *, title: str) -> None:
    """Add the table of a run's summary to its artifact, without resources that were not read."""
    tallies = [
        tally for tally in summary.resources.values() if tally.requests or tally.error or tally.skipped
    ]
    artifact.current().add(title, [_row(tally) for tally in tallies])


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
    """Add the table of the lag and the gaps of each table to the run's artifact; the latest come first."""
    table = [
        {
            "table": row.table,
            "rows": row.rows,
            "behind": "never read" if row.lag_s is None else span(row.lag_s),
            "at most": span(row.target_s),
            "gaps": len(row.gaps),
            "last error": row.error or "",
        }
        for row in sorted(rows, key=lambda row: row.target_s - (row.lag_s or 0))
    ]
    artifact.current().add("The lag and the gaps of each table", table)


def exports(results: Iterable[ExportResult]) -> None:
    """Add the table of loaded exports to the run's artifact."""
    artifact.current().add("Loaded exports", [asdict(result) for result in results])


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
