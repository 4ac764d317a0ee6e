"""The start time of the command line, against an interpreter that does nothing."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from pipelines.cli.main import main
from tests.bench.measure import Figure, repeated

HELP_MOST_S = 0.3
_PROGRAM = str(Path(sys.executable).parent / "cio-elt")
_PYTHON = [sys.executable, "-c", "pass"]


def run(times: int) -> list[Figure]:
    """The time of each command, after a round that is not counted."""
    commands = list(_helps(main, ()))
    _measured(commands)
    return repeated(times, lambda: _measured(commands))


def _measured(commands: Sequence[Sequence[str]]) -> list[Figure]:
    helps = [_seconds([_PROGRAM, *command, "--help"]) for command in commands]
    return [
        Figure.of("python -c pass (baseline)", _seconds(_PYTHON), "s"),
        Figure.of("cio-elt --help", helps[0], "s", most=HELP_MOST_S),
        Figure.of(f"--help of {len(helps)} commands, the slowest", max(helps), "s", most=HELP_MOST_S),
    ]


def _helps(group: click.Group, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names of the group and of each command below it."""
    yield names
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _helps(command, (*names, name))
        else:
            yield (*names, name)


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
