"""The screens of commands on a tiny workspace, kept as files.

`python -m tests.pipelines.cli.screens` writes the files.
What differs between two runs is replaced by a text of the same width, see `RULES`.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dlt
import duckdb

from pipelines.permissions import close_data_folder
from pipelines.settings import Settings
from pipelines.warehouse.set_aside import set_aside
from sources.customerio.sandbox import Sandbox
from tests.conftest import settings_for
from tests.pipelines.cli.terminal import Screen, screen_of
from tests.pipelines.conftest import SCRIPT, shell_for

FOLDER = Path(__file__).with_name("screens")
"""A file for each command and size."""

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "piped": None}
"""Columns and lines of the terminals; None is no terminal, but two pipes."""

_PREFIX = "/tmp/screens-"  # noqa: S108 mkdtemp makes the folder

EXAMPLES = Path(__file__).parents[3] / "warehouse" / "push" / "examples"

COMMANDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "status-before": (2, ("status",)),
    "push-plan-without-keys": (2, ("push", "plan", "--folder", str(EXAMPLES))),
    "demo": (0, ("demo", "--scale", "tiny")),
    "sync": (0, ("sync",)),
    "status": (0, ("status",)),
    "push-plan": (3, ("push", "plan", "--folder", str(EXAMPLES))),
    "doctor": (0, ("doctor",)),
    "doctor-set-aside": (4, ("doctor",)),
}
"""The commands in the order in which they run in one folder, with their exit codes."""


def _as_wide(text: str) -> Callable[[re.Match[str]], str]:
    """Puts the text at the right end of what matched."""
    return lambda found: text.rjust(len(found[0]))


RULES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    # The folder of the run; its name has always the same length.
    (rf"{_PREFIX}\w{{8}}", f"{_PREFIX}XXXXXXXX"),
    # Seconds of a table, of a sync and since it.
    (r"(?m) +\d+\.\d$", _as_wide("0.0")),
    # The lag of a group of tables; it can be wider than the head of its column.
    (r"deleted +behind", "deleted  behind"),
    (r"(?m)(?<=\d) +\d+ (?:min|s)(?: \d+ s)?(?=  |$)", "     0 s"),
    (r"in \d+\.\d s\b", "in 0.0 s"),
    (r"in (?:\d+ min ?)?(?:\d+ s)?(?=, with)", "in 0 s"),
    (r"last run .+? ago", "last run 0 s ago"),
    # The requests of a table: a list that two tables need is asked for by the one that comes first.
    (r"(?m)(?<=\w) +\d+(?=(?: +[\d,]+){4} +0\.0$)", _as_wide("N")),
    # A sync of half a minute tells that it goes on.
    (r"(?m)^\d+ of \d+ tables read, .*\n", ""),
    # The versions of packages, and the machine that the doctor looks at.
    (r"Python \d[^:]*?httpx\s+[\d.]+\.", "Python 0, duckdb 0, dlt 0."),
    (r"[\d,]+ MB are\s+(free|available)", r"N MB are \1"),
    (r"(?m)^(ok|warn)  +lock: .*\n(?:  .*\n)*", ""),
    # The ids of plans.
    (r"plan [0-9a-f]{12}\b", "plan 000000000000"),
)
"""Patterns of what differs between two runs, and what stands in the files instead."""


def normalised(text: str) -> str:
    """The text with everything replaced that differs between two runs."""
    for pattern, instead in RULES:
        text = re.sub(pattern, instead, text)
    return text


def screens(size: tuple[int, int] | None) -> Iterator[tuple[str, int, Screen]]:
    """Run all commands; yields the name of each, the exit code that it should have, and its screen."""
    with _folder() as folder, (sandbox := Sandbox(scale="tiny")).serve() as served:
        shell = shell_for(sandbox, served, folder)
        keys = {
            "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
            "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
        }
        for name, (code, arguments) in COMMANDS.items():
            if name == "doctor-set-aside":
                _set_one_aside(folder, settings_for(sandbox, served, shell.data))
            env = shell.env if name == "push-plan-without-keys" else {**shell.env, **keys}
            yield name, code, _taken([str(SCRIPT), *arguments], size, folder, env)


def _taken(command: list[str], size: tuple[int, int] | None, folder: Path, env: dict[str, str]) -> Screen:
    if size is not None:
        return screen_of(command, size, cwd=folder, env=env)
    # Neither variable makes a terminal of a pipe.
    env = {**env, "COLUMNS": "40", "FORCE_COLOR": "1"}
    ran = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    lines = "".join(f"{line.rstrip()}\n" for line in ran.stdout.splitlines())
    return Screen(code=ran.returncode, text=f"{lines}--- stderr\n{ran.stderr}", too_long=())


def _set_one_aside(folder: Path, settings: Settings) -> None:
    """Set a load package aside, as a sync does whose destination refuses it."""
    pipeline = dlt.pipeline("customerio", pipelines_dir=str(folder / "pipelines"))
    (Path(pipeline.working_dir) / "load" / "normalized" / "1792058400.5").mkdir(parents=True)
    error = duckdb.ConversionException("Could not convert string 'gold' to INT64")
    set_aside(pipeline, settings, error)
    # A command does so in a process whose files are private.
    close_data_folder(settings)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder whose path has the same length on every machine, for lines break where they are too long."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Write the files of all screens."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    FOLDER.mkdir(exist_ok=True)
    for name, size in SIZES.items():
        for command, _, screen in screens(size):
            (FOLDER / f"{command}-{name}.txt").write_text(normalised(screen.text))


if __name__ == "__main__":
    main()
