"""Runs parts one after the other: prints every figure, then the bounds that were missed."""

import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.cells import COLUMNS, cells, missed
from tests.bench.results import Part, Result, measured, save


def run_parts(
    parts: Mapping[str, Part], *, times: int, folder: Path | None = None, as_json: bool = False
) -> int:
    """Measure and print all parts, also after a missed bound; saves results in `folder`, if one is given.

    Returns:
        The exit code: 1 if a figure misses its bound or a part broke off, else 0.
    """
    results, lines = [], []
    for name, part in parts.items():
        try:
            result = measured(name, part, times)
        except Exception as error:
            traceback.print_exc()
            lines.append(f"{name}: broke off: {type(error).__name__}: {error}")
            continue
        results.append(result)
        lines += [missed(name, figure) for figure in result.figures if not figure.kept]
        if folder:
            save(result, folder)
        if not as_json:
            _print(result)
    if as_json:
        sys.stdout.write(json.dumps([result.document for result in results]) + "\n")
    end = sys.stderr if as_json else sys.stdout
    end.write("\n".join(lines or ["Every bound is kept."]) + "\n")
    return 1 if lines else 0


def _print(result: Result) -> None:
    table = Table(title=f"{result.part}: {result.title}", title_justify="left", box=None)
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if place else "left")
    for figure in result.figures:
        table.add_row(*cells(figure))
    console = Console(width=140, markup=False, highlight=False)
    console.print(table)
    if result.once:
        console.print(f" Measured once: {result.once}")
    console.print()
