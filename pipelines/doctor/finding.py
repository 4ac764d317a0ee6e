"""The row that a check of the doctor finds, and the parts that several cures have."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Literal

from pipelines.settings import Settings, env_file

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A finding.

    Attributes:
        name: The matter, such as `disk`, the same in every version.
        found: A sentence about what was found.
        state: `ok`; `warn` if runs work and something needs a look; `fail` if a run would fail.
        cure: The command that puts it right, to be typed into a shell as it stands, or for a file of an
            earlier release the page that has the commands; empty for `ok`.
    """

    name: str
    found: str
    state: State = "ok"
    cure: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def worst(findings: Iterable[Finding]) -> State:
    """The worst state of the findings; `ok` for none."""
    states = {finding.state for finding in findings}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"


def edit(file: Path) -> str:
    """The command that opens a file in the user's editor."""
    return f"${{EDITOR:-vi}} {quote(str(file))}"


def unset(*names: str) -> str:
    """The command by which settings have their defaults again, or those of `.env`."""
    set_here = [name for name in names if os.environ.get(name)]
    return f"unset {' '.join(set_here)}" if set_here else edit(env_file())


def own(path: Path) -> str:
    """The command that gives a file or folder to this user."""
    sudo = "" if os.getuid() == 0 else "sudo "
    return f"{sudo}chown -R {os.getuid()}:{os.getgid()} {quote(str(path))}"
