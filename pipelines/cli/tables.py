"""The consoles and the table format that all printers share.

Results go to stdout, progress and notes to stderr. Names and messages come from Customer.io and its users, so
rich's markup, highlighting and emoji codes are off: a bracket in a name is printed as a bracket.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from pipelines.times import utc

_NO_LIMIT = 10_000
_GAP = 2

_console = partial(Console, highlight=False, markup=False, emoji=False)
# A file or a pipe has no width of its own: there a row is a line, and COLUMNS of a shell does not fold it.
OUT = _console(width=None if sys.stdout.isatty() else _NO_LIMIT)
"""The console of results, on stdout."""

ERR = _console(stderr=True)
"""The console of progress and notes, on stderr."""


def say(sentence: str) -> None:
    """Print a sentence of the result on stdout; it is not folded."""
    OUT.print(sentence, soft_wrap=True)


def paragraph(sentence: str, console: Console = OUT) -> None:
    """Print a sentence to `console`; a terminal gets lines that break between words."""
    console.print(sentence, soft_wrap=not console.is_terminal)


def listed(sentences: Iterable[str]) -> None:
    """Print each sentence with a dash before it; a terminal gets lines that break between words."""
    for sentence in sentences:
        if not OUT.is_terminal:
            say(f"- {sentence}")
            continue
        row = Table.grid(padding=(0, 1))
        row.add_row("-", sentence)
        OUT.print(row)


def warn(sentence: str) -> None:
    """Print a note on stderr; it is not folded."""
    ERR.print(sentence, soft_wrap=True)


def grid(columns: Iterable[str], *, numeric: Iterable[str] = ()) -> Table:
    """A table without lines; `numeric` names the columns that are aligned to the right."""
    table, right = Table(box=None, pad_edge=False, header_style="bold"), set(numeric)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def fitting(names: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> int:
    """The number of columns, from the left, that fit into the width; at least one."""
    widths = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    ends = accumulate(widths, lambda end, own: end + _GAP + own)
    return max(sum(end <= width for end in ends), 1)


def utc_cell(moment: int | None) -> str:
    """The moment (Unix seconds) as a cell; empty for None."""
    return "" if moment is None else utc(moment)
