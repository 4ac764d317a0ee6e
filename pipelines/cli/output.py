"""What commands print: tables for people, documents for programs, progress while they wait."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from pipelines.times import span, utc
from sources.customerio.extract import ResourceSummary, RunSummary, Window

if TYPE_CHECKING:
    from pipelines.demo import DemoResult
    from pipelines.export import ExportResult
    from pipelines.ingest.backfill import Backfill
    from pipelines.ingest.check import CheckResult
    from pipelines.ingest.status import TableStatus
    from pipelines.ingest.sync import SyncResult
    from pipelines.sandbox import Served

# Names and messages are Customer.io's and its users': a bracket in one is a bracket.
_console = partial(Console, highlight=False, markup=False, emoji=False)
# A file or a pipe has no width to fold lines to.
_OUT = _console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)
_ERR = _console(stderr=True)


@contextmanager
def progress(report: RunSummary) -> Iterator[None]:
    """Show the tallies on stderr while they grow; nothing where stderr is no terminal."""
    if not _ERR.is_terminal:
        yield
        return
    with Live(get_renderable=lambda: _running(report), console=_ERR, refresh_per_second=4, transient=True):
        yield


def _running(report: RunSummary) -> Table:
    table = _grid("resource", "requests", "left", "rows", "to write", "state")
    for tally in list(report.resources.values()):
        left = "" if tally.requests_left is None else f"{tally.requests_left:,}"
        state = "failed" if tally.error else "read" if tally.done else "reading"
        table.add_row(
            tally.resource, f"{tally.requests:,}", left, f"{tally.read:,}", f"{tally.written:,}", state
        )
    return table


def sync(result: "SyncResult") -> None:
    """Print the run's summary, and each failure once."""
    table = _grid("resource", "requests", "read", "new", "changed", "deleted", "seconds")
    for tally in result.summary.resources.values():
        table.add_row(tally.resource, *(f"{number:,}" for number in _numbers(tally)), f"{tally.seconds:.1f}")
    _OUT.print(table)
    _OUT.print(f"{result.written:,} rows written in {result.seconds:.1f} s.")
    if result.new_columns:
        _OUT.print(f"New columns: {', '.join(result.new_columns)}.", soft_wrap=True)
    for tally in result.summary.resources.values():
        if tally.note:
            _ERR.print(f"{tally.resource}: {tally.note}", soft_wrap=True)
    _failures(result)


def _failures(result: "SyncResult") -> None:
    by_message: dict[str, list[str]] = {}
    for tally in result.failed:
        by_message.setdefault(str(tally.error), []).append(tally.resource)
    for message, resources in by_message.items():
        _ERR.print(f"Not complete: {', '.join(resources)}. {message}", soft_wrap=True)


def _numbers(tally: ResourceSummary) -> tuple[int, int, int, int, int]:
    return tally.requests, tally.read, tally.new, tally.changed, tally.deleted


def sync_document(result: "SyncResult") -> dict[str, Any]:
    """The run's summary as a document."""
    return {
        "run_id": result.run_id,
        "seconds": round(result.seconds, 3),
        "written": result.written,
        "new_columns": list(result.new_columns),
        "resources": [
            {
                "resource": tally.resource,
                "requests": tally.requests,
                "read": tally.read,
                "new": tally.new,
                "changed": tally.changed,
                "deleted": tally.deleted,
                "seconds": round(tally.seconds, 3),
                "error": str(tally.error) if tally.error else None,
                "note": tally.note or None,
            }
            for tally in result.summary.resources.values()
        ],
    }


def exported(result: "ExportResult") -> None:
    """Print what an export brought."""
    table = "people" if result.kind == "people" else "messages"
    _OUT.print(
        f"Export {result.export_id}: {result.rows:,} rows. In {table}: {result.new:,} new, "
        f"{result.changed:,} changed, {result.deleted:,} deleted, in {result.seconds:.1f} s.",
        soft_wrap=True,
    )
    if result.note:
        _ERR.print(result.note, soft_wrap=True)


def check(result: "CheckResult") -> None:
    """Print what the key reaches."""
    where = f"Region {result.region}"
    _OUT.print(f"{where}, as the Track API says too." if result.track_region else f"{where}. Key accepted.")
    table = _grid("resource", "reach", "")
    for reach in result.reaches:
        table.add_row(reach.resource, reach.verdict, reach.reason)
    _OUT.print(table)


def status(tables: "Sequence[TableStatus]", notes: "Sequence[str]") -> None:
    """Print the state of the warehouse, and below what an operator must know."""
    table = _grid(
        *("table", "rows", "deleted", "newest row", "last good run"),
        *("behind", "at most", "read from", "read to", "gaps", ""),
    )
    for row in tables:
        table.add_row(
            row.table,
            f"{row.rows:,}",
            f"{row.deleted:,}",
            _utc(row.newest),
            _utc(row.last_success),
            "" if row.lag_s is None else span(row.lag_s),
            span(row.target_s),
            _utc(row.covered.start) if row.covered else "",
            _utc(row.covered.end) if row.covered else "",
            str(len(row.gaps)) if row.covered else "",
            "" if row.error is None else f"last run: {row.error}",
        )
    _OUT.print(table)
    for note in notes:
        _OUT.print(note, soft_wrap=True)


def planned(backfill: "Backfill") -> None:
    """Say what a backfill is going to read."""
    time = f"{utc(backfill.whole.start)} to {utc(backfill.whole.end)}"
    earlier = f", {backfill.done} were read before" if backfill.done else ""
    left = f"{len(backfill.chunks)} chunk(s) to read{earlier}" if backfill.chunks else "nothing is missing"
    _ERR.print(f"{backfill.resource}, {time}: {left}.", soft_wrap=True)


def filled(window: Window, result: "SyncResult") -> None:
    """Print what a chunk of a backfill brought."""
    (tally,) = result.summary.resources.values()
    _OUT.print(
        f"{utc(window.start)} to {utc(window.end)}: {tally.requests:,} requests, {tally.read:,} rows read, "
        f"{tally.new:,} new, {tally.changed:,} changed, in {result.seconds:.1f} s.",
        soft_wrap=True,
    )
    _failures(result)


def backfill_document(backfill: "Backfill", results: "Sequence[SyncResult]") -> dict[str, Any]:
    """A backfill as a document."""
    return {
        "backfill": backfill.id,
        "resource": backfill.resource,
        "start": backfill.whole.start,
        "end": backfill.whole.end,
        "chunks_before": backfill.done,
        "chunks": [
            {**sync_document(result), "start": window.start, "end": window.end}
            for window, result in zip(backfill.chunks, results, strict=False)
        ],
    }


def sandbox(served: "Served") -> None:
    """Print how to use a sandbox."""
    document = served.document
    _OUT.print("A Customer.io sandbox is listening. To use it, in another terminal:", soft_wrap=True)
    for name, key in (
        ("CUSTOMERIO_APP_URL", "app_url"),
        ("CUSTOMERIO_TRACK_URL", "track_url"),
        ("CUSTOMERIO_APP_API_KEY", "app_api_key"),
        ("CUSTOMERIO_TRACK_SITE_ID", "track_site_id"),
        ("CUSTOMERIO_TRACK_API_KEY", "track_api_key"),
    ):
        _OUT.print(f"  export {name}={document[key]}", soft_wrap=True)
    _OUT.print(
        f"What it answers, and how to move its clock: {document['control_url']}/_sandbox/", soft_wrap=True
    )


def demo(result: "DemoResult") -> None:
    """Print what a demo run brought, and how to go on."""
    sync(result.sync)
    rows = _grid("table", "rows")
    for name, count in result.rows.items():
        rows.add_row(name, f"{count:,}")
    _OUT.print(rows)
    campaigns = _grid("campaign", "sent", "delivered", "opened", "clicked")
    for name, *counts in result.campaigns:
        campaigns.add_row(name, *(f"{count:,}" for count in counts))
    _OUT.print(campaigns)
    _OUT.print(
        f"In the workspace it is {_utc(result.now)}; run this again, and a day has passed there.",
        soft_wrap=True,
    )
    _OUT.print(
        f"To look around: duckdb -readonly {result.file}, or in Python "
        f"duckdb.connect({result.file!r}, read_only=True)",
        soft_wrap=True,
    )


def demo_document(result: "DemoResult") -> dict[str, Any]:
    """A demo run as a document."""
    campaigns = [
        dict(zip(("campaign", "sent", "delivered", "opened", "clicked"), row, strict=True))
        for row in result.campaigns
    ]
    return {
        "now": result.now,
        "sync": sync_document(result.sync),
        "rows": result.rows,
        "campaigns": campaigns,
        "file": result.file,
    }


def _utc(moment: int | None) -> str:
    return "" if moment is None else utc(moment)


def _grid(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = column not in ("resource", "table", "campaign", "reach", "state", "")
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    return table
