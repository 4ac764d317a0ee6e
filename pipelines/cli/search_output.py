"""Prints the answer of a search: a line for each record, as many columns as fit, long cells cut."""

from typing import Any

import orjson

from pipelines.cli.tables import OUT, fitting, grid, warn
from pipelines.search.answer import Answer

_LONGEST = 48


def print_answer(answer: Answer, *, whole: bool) -> None:
    """Print the records on stdout; their number and the cursor on stderr.

    With `whole`, all fields are shown; else those that have a value in some record, and as many as fit.
    """
    if not answer.data:
        warn("Nothing matches.")
        return
    every = list(answer.data[0])
    filled = every if whole else [name for name in every if any(_has_value(row[name]) for row in answer.data)]
    lines = [[_cut(row[name]) for name in filled] for row in answer.data]
    shown = len(filled) if whole else fitting(filled, lines, OUT.width)
    table = grid(filled[:shown])
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    for line in lines:
        table.add_row(*line[:shown])
    OUT.print(table)
    if hidden := filled[shown:]:
        warn(f"Not shown: {', '.join(hidden)}; name them in --fields, or use --json.")
    more = f"There are more: --cursor {answer.cursor}" if answer.has_more else "That is all."
    warn(f"{len(answer.data):,} records in {answer.took_ms:,.0f} ms. {more}")


def _has_value(value: Any) -> bool:
    return value is not None and value != [] and value != {}


def _cut(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    # Control characters could change the terminal's state.
    line = "".join(letter if letter.isprintable() else " " for letter in text[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
