"""The start time of the command line, against an interpreter that does nothing.

The time of `--help` is the shortest of three tries, so that the slowest of all commands is slow by itself.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from pipelines.cli.main import main
from tests.bench.measure import Figure, repeated

HELP_MOST_S = 0.3
STATUS_MOST_S = 1.0
_PROGRAM = str(Path(sys.executable).parent / "cio-elt")
# The slowest of many commands is the one that another program held up, so each of them is tried again.
_TRIES = 3
_PYTHON = [sys.executable, "-c", "pass"]


def run(times: int) -> list[Figure]:
    """The time of each command, after a round that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        _seconds([_PROGRAM, "demo"], folder)
        data, commands = str(Path(folder) / "demo"), list(_helps(main, ()))
        _measured(data, commands)
        return repeated(times, lambda: _measured(data, commands))


def _measured(data: str, commands: Sequence[Sequence[str]]) -> list[Figure]:
    helps = [_seconds([_PROGRAM, *command, "--help"], data, tries=_TRIES) for command in commands]
    status = _seconds([_PROGRAM, "status"], data)
    return [
        Figure.of("python -c pass (baseline)", _seconds(_PYTHON, data), "s"),
        Figure.of("cio-elt --help", helps[0], "s", most=HELP_MOST_S),
        Figure.of(f"--help of {len(helps)} commands, the slowest of them", max(helps), "s", most=HELP_MOST_S),
        Figure.of("cio-elt status, the demo's warehouse", status, "s", most=STATUS_MOST_S),
    ]


def _helps(group: click.Group, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names of the group and of each command below it."""
    yield names
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _helps(command, (*names, name))
        else:
            yield (*names, name)


def _seconds(command: Sequence[str], data: str, tries: int = 1) -> float:
    """The seconds of a command, as a process of its own with that data folder; the shortest of the tries."""
    seconds, environment = [], {**os.environ, "CIO_ELT_DATA": data}
    for _ in range(tries):
        began = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return min(seconds)
