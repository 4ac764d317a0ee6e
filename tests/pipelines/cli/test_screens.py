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


def test_what_differs_between_two_runs_is_replaced_in_its_width() -> None:
    """Columns stay where they are, whatever the times are; other numbers stay."""
    run = (
        "objects   13  1,250  12 s  1 h\npeople     9      7   1 min 2 s  0.4\nlast run 2 min 1 s ago, 7 rows"
    )
    other = "objects   13  1,250   4 s  1 h\npeople     9      7        59 s  9.9\nlast run 1 s ago, 7 rows"

    assert normalised(run) == normalised(other)
    assert "  1,250   0 s  1 h\n" in normalised(run)
    assert "people     9      7         0 s  0.0\n" in normalised(run)
