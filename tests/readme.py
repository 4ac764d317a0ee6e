"""The commands of README.md's section "Five minutes with it", with the times that it promises.

    `make demo` (under 100 s) shows ...

is such a command. `tests/test_examples.py` runs all of them on a small workspace, and `make bench
BENCH=first_hour` compares their times on the demo's. A command without a time is there to be read.
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.pipelines.cli.terminal import answered

TITLE = "## Five minutes with it"
_COMMAND = re.compile(r"`((?:make|\.venv/bin/|export|unset)[^`]*)`(?:\s+\(under (\d+) s\b)?")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of the section.

    `most_s` is the time that the page promises, in seconds, and `env` has the variables that the `export` and
    `unset` lines before it have set.
    """

    text: str
    most_s: float
    env: Mapping[str, str]


def commands(page: str) -> list[Command]:
    """The commands of the page that have a time, in their order."""
    _, _, rest = page.partition(f"{TITLE}\n")
    section, _, _ = rest.partition("\n## ")
    env: dict[str, str] = {}
    found = []
    for text, most_s in _COMMAND.findall(section):
        verb, _, what = text.partition(" ")
        if verb == "export":
            name, _, value = what.partition("=")
            env[name] = value
        elif verb == "unset":
            del env[what]
        elif most_s:
            found.append(Command(text=text, most_s=float(most_s), env=dict(env)))
    return found


def run(command: Command, *, key: str, cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run the command in a clone, in a shell; its exit code and output. `key` is the answer to `init`."""
    given = {**env, **command.env}
    if command.text.endswith(" init"):
        answers = (("App API key: ", key), ("Region", ""), ("Data folder", ""))
        return answered(command.text.split(), answers, cwd=cwd, env=given)
    shell = ["sh", "-c", command.text]
    ran = subprocess.run(shell, stdin=subprocess.DEVNULL, cwd=cwd, env=given, capture_output=True, text=True)
    return ran.returncode, ran.stdout + ran.stderr
