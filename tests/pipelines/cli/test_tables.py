"""The printers' tables: the columns that fit, and no other package that prints."""

import ast
from pathlib import Path

import pytest

from pipelines.cli.tables import fitting, folded, grid, print_fitting, utc_cell

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


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three four", ["one two", "three four"]),
        ("one a-word-that-is-longer two", ["one", "a-word-that-is-longer", "two"]),
        ("  one: two three", ["  one: two", "    three"]),
        ("- one two three four", ["- one two", "  three", "  four"]),
        ("one:\n  two three four", ["one:", "  two three", "    four"]),
        ("世界 世界 世界", ["世界 世界", "世界"]),
    ],
)
def test_sentences_break_between_words(text: str, lines: list[str]) -> None:
    """A longer word is a line of its own; further lines of an item are indented."""
    assert lines == folded(text, 11)


def test_columns_that_do_not_fit_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers are never folded: the last columns are left out, and a note on stderr names them."""
    monkeypatch.setattr("pipelines.cli.tables.OUT.width", 22)
    rows = [("newsletters", "1,234,567", "1.0"), ("campaigns", "8", "12.0")]

    print_fitting(("table", "rows", "seconds"), rows, numeric=("rows", "seconds"))

    shown = capsys.readouterr()
    assert [
        "table             rows",
        "newsletters  1,234,567",
        "campaigns            8",
    ] == shown.out.splitlines()
    assert "Not shown: seconds; widen the terminal, or use --json.\n" == shown.err


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
