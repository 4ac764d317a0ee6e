"""Prints a reconciliation: counts of verdicts, then each number that differs."""

from collections import Counter
from itertools import groupby

from rich.table import Table

from pipelines.cli.tables import OUT, grid, say
from pipelines.reconcile.cells import Cell
from pipelines.reconcile.run import Reconciliation
from pipelines.times import utc

_VERDICTS = ("match", "explained", "mismatch")


def print_reconciliation(result: Reconciliation) -> None:
    """Print the number of verdicts by subject, then the numbers that differ, mismatches first."""
    OUT.print(_summary(result))
    differing = sorted(
        (cell for cell in result.cells if cell.verdict != "match"),
        key=lambda cell: (cell.verdict != "mismatch", result.cells.index(cell)),
    )
    for verdict, cells in groupby(differing, key=lambda cell: cell.verdict):
        OUT.print()
        OUT.print(_differences(verdict, list(cells)))
    OUT.print()
    say(
        f"{len(result.cells):,} numbers compared at {utc(result.checked_at)}, with {result.requests:,} "
        f"requests in {result.seconds:.1f} s."
    )
    for subject, number in result.left_out.items():
        say(f"The sample left out {number:,} of {subject}; it takes others on another day.")


def _summary(result: Reconciliation) -> Table:
    table = grid(("subject", *_VERDICTS), numeric=_VERDICTS)
    by_subject = {cell.subject: Counter[str]() for cell in result.cells}
    for cell in result.cells:
        by_subject[cell.subject][cell.verdict] += 1
    for subject, counts in by_subject.items():
        table.add_row(subject, *(f"{counts[verdict]:,}" for verdict in _VERDICTS))
    return table


def _differences(verdict: str, cells: list[Cell]) -> Table:
    table = grid((verdict, "day", "metric", "ours", "theirs", "reason"), numeric=("ours", "theirs"))
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
