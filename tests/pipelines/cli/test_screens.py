"""The screens of commands are those of the files, on two sizes of terminals and in pipes."""

import pytest

from tests.pipelines.cli.screens import COMMANDS, FOLDER, SIZES, normalised, screens


@pytest.mark.proof
@pytest.mark.parametrize("size", SIZES)
def test_screens_are_those_of_the_files(size: str) -> None:
    """Each screen equals its file; no line is longer than the terminal, and a pipe has no escape codes.

    `.venv/bin/python -m tests.pipelines.cli.screens` writes the files anew.
    """
    for name, code, screen in screens(SIZES[size]):
        assert (name, code) == (name, screen.code), screen.text
        assert () == screen.too_long, name
        assert "\x1b" not in screen.text
        assert (FOLDER / f"{name}-{size}.txt").read_text() == normalised(screen.text), name


def test_every_file_is_compared() -> None:
    """There is a file for each command and size, and no other."""
    assert {f"{name}-{size}.txt" for name in COMMANDS for size in SIZES} == {
        file.name for file in FOLDER.iterdir()
    }


def test_what_differs_between_two_runs_is_replaced() -> None:
    """Two runs with other times have the same text, in columns that stay where they are."""
    run = (
        "deleted      behind  newest row\n      7   1 min 2 s  2026-10-15\n      3        12 s\n"
        "segments  8  1,250  0  0  7   0.4\nlast run 2 min 1 s ago, 7 rows written in 10.3 s.\n"
        "9 rows were written in 1 min 1 s, with 5 requests"
    )
    other = (
        "deleted  behind  newest row\n      7    59 s  2026-10-15\n      3     9 s\n"
        "segments 12  1,250  0  0  7  12.1\nlast run 1 s ago, 7 rows written in 9.8 s.\n"
        "9 rows were written in 8 s, with 5 requests"
    )
    expected = (
        "deleted  behind  newest row\n      7     0 s  2026-10-15\n      3     0 s\n"
        "segments  N  1,250  0  0  7   0.0\nlast run 0 s ago, 7 rows written in 0.0 s.\n"
        "9 rows were written in 0 s, with 5 requests"
    )

    assert (expected, expected) == (normalised(run), normalised(other))
