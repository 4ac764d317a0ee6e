"""A reconciliation for people: how much agrees, and every cell that does not."""

import sys
from collections import Counter
from itertools import groupby

from rich.console import Console
from rich.table import Table

from pipelines.reconcile.cells import Cell
from pipelines.reconcile.run import Reconciliation
from pipelines.times import utc

# A file or a pipe has no width to fold lines to.
_PIPE_WIDTH = 160


def print_reconciliation(result: Reconciliation) -> None:
    """Print verdicts per subject on stdout, then what differs, mismatches first."""
    out = Console(
        highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH
    )
    out.print(_summary(result))
    differing = sorted(
        (cell for cell in result.cells if cell.verdict != "match"),
        key=lambda cell: (cell.verdict != "mismatch", result.cells.index(cell)),
    )
    for verdict, cells in groupby(differing, key=lambda cell: cell.verdict):
        out.print()
        out.print(_differences(verdict, list(cells)))
    out.print()
    out.print(
        f"{len(result.cells):,} numbers compared at {utc(result.checked_at)}, with {result.requests:,} "
        f"requests in {result.seconds:.1f} s.",
        soft_wrap=True,
    )
    for subject, number in result.left_out.items():
        out.print(f"The sample left out {number:,} of {subject}: another day, others.", soft_wrap=True)


def _summary(result: Reconciliation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("subject")
    for verdict in ("match", "explained", "mismatch"):
        table.add_column(verdict, justify="right")
    by_subject = {cell.subject: Counter[str]() for cell in result.cells}
    for cell in result.cells:
        by_subject[cell.subject][cell.verdict] += 1
    for subject, counts in by_subject.items():
        table.add_row(subject, *(f"{counts[verdict]:,}" for verdict in ("match", "explained", "mismatch")))
    return table


def _differences(verdict: str, cells: list[Cell]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (verdict, "day", "metric", "ours", "theirs", "why"):
        table.add_column(column, justify="right" if column in ("ours", "theirs") else "left", overflow="fold")
    for cell in cells:
        name = f" {cell.name}" if cell.name else ""
        table.add_row(
            f"{cell.subject} {cell.parent_id}{name}",
            "" if cell.cohort_day is None else cell.cohort_day.isoformat(),
            cell.metric,
            f"{cell.ours:,}",
            "" if cell.theirs is None else f"{cell.theirs:,}",
            cell.reason or "",
        )
    return table
