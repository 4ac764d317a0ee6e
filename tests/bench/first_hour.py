"""The first hour of a new user: a clone of the commit that is checked out, then the commands of README.md.

Commands and times are read from the page, so neither can differ from it. The packages are installed before, a
figure of its own without a bound; a sandbox of the demo's size, another process, stands for Customer.io. Of a
command of a few seconds the shortest of ten runs counts, as the others may have waited for another program.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Figure, Wrong
from tests.readme import Command, commands
from tests.readme import run as run_command

_ROOT = Path(__file__).parents[2]
_SHORT_S, _TRIES = 3.0, 10
_INSTALLED = ".venv/.installed"
_OWN = ("CUSTOMERIO_", "CIO_ELT_")
"""Settings of the user who measures: they play no part."""


def run(_: int) -> list[Figure]:
    """The time of each command of the page, after the installation."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "customerio-elt"
        env = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        cloned = _seconds(["git", "clone", "--quiet", str(_ROOT), str(clone)], Path(folder), env)
        installed = _seconds(["make", "--silent", f"PYTHON={sys.executable}", _INSTALLED], clone, env)
        page = (clone / "README.md").read_text("utf-8")
        with _sandbox(clone, env) as (key, served):
            timed = [_figure(command, key, clone, {**env, **served}) for command in commands(page)]
    return [
        Figure.of("git clone", cloned, "s"),
        Figure.of("make: the packages are installed", installed, "s"),
        *timed,
    ]


def _seconds(command: list[str], cwd: Path, env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=env, check=True, capture_output=True)
    return time.perf_counter() - began


@contextmanager
def _sandbox(clone: Path, env: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A sandbox's App API key, and the variables that name the sandbox and its other keys."""
    command = [".venv/bin/cio-elt", "sandbox", "--scale", "demo", "--json"]
    with subprocess.Popen(command, cwd=clone, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            served = json.loads(process.stdout.readline())
            names = ("app_url", "track_url", "track_site_id", "track_api_key")
            yield served["app_api_key"], {f"CUSTOMERIO_{name.upper()}": served[name] for name in names}
        finally:
            process.terminate()


def _figure(command: Command, key: str, clone: Path, env: Mapping[str, str]) -> Figure:
    tries = _TRIES if command.most_s <= _SHORT_S else 1
    shortest = min(_timed(command, key, clone, env) for _ in range(tries))
    return Figure.of(f"`{command.text}`", shortest, "s", most=command.most_s)


def _timed(command: Command, key: str, clone: Path, env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    code, output = run_command(command, key=key, cwd=clone, env=env)
    took = time.perf_counter() - began
    if code:
        msg = f"`{command.text}` ended with {code}: {output}"
        raise Wrong(msg)
    return took
