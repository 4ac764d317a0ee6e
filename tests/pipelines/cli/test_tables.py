"""The printers' tables: the columns that fit, and no other package that prints."""

import ast
from pathlib import Path

import pytest

from pipelines.cli.tables import fitting, grid, utc_cell

ROOT = Path(__file__).parents[3]
STREAMS = ("sys.stdout", "sys.stderr")


@pytest.mark.parametrize(("width", "columns"), [(3, 1), (8, 1), (9, 2), (16, 2), (17, 3), (80, 3)])
def test_columns_fit_from_the_left(width: int, columns: int) -> None:
    """Columns have the width of their longest cell, and two spaces between them; one is always shown."""
    rows = [("abcd", "x", "y"), ("ab", "xyz", "cell 3")]

    assert columns == fitting(("name", "n", "third"), rows, width)


def test_a_wide_character_takes_two_cells() -> None:
    """Widths are those of a terminal, where a Chinese character is twice as wide."""
    assert (1, 2) == (fitting(("a", "b"), [("世界", "x")], 6), fitting(("a", "b"), [("世界", "x")], 7))


def test_numbers_are_aligned_to_the_right() -> None:
    """Only the named columns are numeric."""
    table = grid(("resource", "rows"), numeric=("rows",))

    assert ["left", "right"] == [column.justify for column in table.columns]


def test_a_missing_time_is_an_empty_cell() -> None:
    """A time is a cell in UTC, and no time is an empty one."""
    assert ("", "1970-01-02 00:00 UTC") == (utc_cell(None), utc_cell(86_400))


def test_only_the_command_line_writes_to_the_terminal() -> None:
    """Stdout and stderr are used in `pipelines/cli` alone; ruff's T20 keeps `print` out of all folders."""
    found = {
        str(file.relative_to(ROOT))
        for folder in ("sources", "pipelines", "flows")
        for file in (ROOT / folder).rglob("*.py")
        if any(
            isinstance(node, ast.Attribute) and ast.unparse(node) in STREAMS
            for node in ast.walk(ast.parse(file.read_text()))
        )
    }

    assert {"pipelines/cli"} == {str(Path(file).parent) for file in found}
