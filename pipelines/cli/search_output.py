"""An answer as a table for people: a line a record, the columns that fit, long cells cut."""

import os
import sys
from itertools import accumulate
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from pipelines.search.answer import Answer

_GAP = 2
_LONGEST = 48
_PIPE_WIDTH = 160


def print_answer(answer: Answer, *, whole: bool) -> None:
    """Print the records on stdout; what else there is to know on stderr.

    `whole` shows every field; else those that have a value in some record, and of these as many as fit.
    """
    out = _console(stderr=False)
    err = _console(stderr=True)
    if not answer.data:
        err.print("Nothing matches.")
        return
    every = list(answer.data[0])
    filled = every if whole else [name for name in every if any(_told(row[name]) for row in answer.data)]
    columns = filled if whole else _fitting(filled, answer, out.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in answer.data:
        table.add_row(*(_cut(row[name]) for name in columns))
    out.print(table)
    if hidden := filled[len(columns) :]:
        err.print(f"Not shown: {', '.join(hidden)}; name them in --fields, or use --json.", soft_wrap=True)
    more = f"There are more: --cursor {answer.cursor}" if answer.has_more else "That is all."
    err.print(f"{len(answer.data):,} records in {answer.took_ms:,.0f} ms. {more}", soft_wrap=True)


def _fitting(names: list[str], answer: Answer, width: int) -> list[str]:
    """The first of the columns that stand beside each other in that width; one at least."""
    widths = [
        max(cell_len(text) for text in (name, *(_cut(row[name]) for row in answer.data))) for name in names
    ]
    ends = accumulate(widths, lambda end, own: end + _GAP + own)
    return [name for name, end in zip(names, ends, strict=True) if end <= width] or names[:1]


def _console(*, stderr: bool) -> Console:
    # A bracket in somebody's text is a bracket; a pipe has no width to fold lines to.
    width = None if stderr or sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def _told(value: Any) -> bool:
    return value is not None and value != [] and value != {}


def _cut(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    # What could steer a terminal has no place in a cell.
    line = "".join(letter if letter.isprintable() else " " for letter in text[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
