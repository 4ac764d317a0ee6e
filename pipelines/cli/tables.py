"""The consoles and the table format that all printers share.

Results go to stdout, progress and notes to stderr. Names and messages come from Customer.io and its users, so
rich's markup, highlighting and emoji codes are off: a bracket in a name is printed as a bracket.
"""

import logging
import sys
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from pipelines.times import utc
from pipelines.trace import log_note

_NO_LIMIT = 10_000
_GAP = 2

# A file or a pipe has no width of its own: there a row and a sentence are a line each, whatever COLUMNS and
# FORCE_COLOR of a shell say.
OUT, ERR = (
    Console(
        stderr=stream is sys.stderr,
        force_terminal=stream.isatty(),
        width=None if stream.isatty() else _NO_LIMIT,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for stream in (sys.stdout, sys.stderr)
)
"""The consoles: of results, on stdout, and of progress and notes, on stderr."""


def say(sentence: str, console: Console = OUT) -> None:
    """Print a sentence of the result; a terminal gets lines that break between words."""
    width = console.width if console.is_terminal else sys.maxsize
    for line in folded(sentence, width):
        # What is longer than the terminal is one word, such as a path: it stays one, to be copied.
        console.print(line, soft_wrap=True)


def warn(sentence: str, level: int = logging.INFO) -> None:
    """Print a note on stderr, and log it at that level; a terminal gets lines that break between words."""
    if not log_note(sentence, level):
        say(sentence, ERR)


def listed(sentences: Iterable[str]) -> None:
    """Print each sentence of the result with a dash before it."""
    for sentence in sentences:
        say(f"- {sentence}")


def folded(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells that break between words; a longer word is a line.

    Where the text is indented or has a dash before it, its further lines are indented by two spaces more.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        lead = len(line) - len(line.lstrip(" "))
        indent = " " * (lead + 2 if lead or line.startswith("- ") else 0)
        first, *words = line[lead:].split(" ")
        lines.append(" " * lead + first)
        for word in words:
            longer = f"{lines[-1]} {word}"
            if cell_len(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(indent + word)
    return lines


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


def print_fitting(names: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Iterable[str]) -> None:
    """Print a table of the columns that fit, from the left; a note names the others."""
    shown = fitting(names, rows, OUT.width)
    table = grid(names[:shown], numeric=numeric)
    for cells in rows:
        table.add_row(*cells[:shown])
    OUT.print(table)
    if hidden := names[shown:]:
        warn(f"Not shown: {', '.join(hidden)}; widen the terminal, or use --json.")


def utc_cell(moment: int | None) -> str:
    """The moment (Unix seconds) as a cell; empty for None."""
    return "" if moment is None else utc(moment)
