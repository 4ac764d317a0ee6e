"""dbt, run in a process of its own; its results are read from the file that it writes.

A separate process, because dbt keeps its connection to the warehouse open until it ends, and changes logging
and warnings of the whole process. All its files go into the data folder, none into the user's home.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import WarehouseError

PROJECT = Path(__file__).parents[2] / "warehouse"
"""The folder of the dbt project."""

_LINES_SHOWN = 12
# dbt needs no key; and it searches all variables for secrets with each line that it logs.
_ENVIRONMENT = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT"}


@dataclass(frozen=True, kw_only=True)
class Node:
    """The result of one model, seed or test.

    `kind` is dbt's: model, seed, test, unit_test, operation. `status` is success, pass, warn, fail, error or
    skipped. `failures` counts the rows that a test found.
    """

    name: str
    kind: str
    status: str
    seconds: float
    failures: int | None
    message: str | None


@dataclass(frozen=True, kw_only=True)
class Dbt:
    """A dbt command line: the DuckDB file to build in, and the folder for dbt's target and logs."""

    file: Path
    folder: Path

    def run(self, command: str, *options: str) -> list[Node]:
        """Run `dbt COMMAND`; returns the result of each node.

        Raises:
            WarehouseError: dbt ended before it ran a node.
        """
        results = self.folder / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        process = self._start(command, options)
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if not results.exists():
            shown = " ".join([line for line in output.splitlines() if line.strip()][-_LINES_SHOWN:])
            msg = f"dbt ended before it built a model: {shown} Its log is in {self.folder / 'logs'}."
            raise WarehouseError(msg)
        return [_node(result) for result in json.loads(results.read_bytes())["results"]]

    def _start(self, command: str, options: Sequence[str]) -> "subprocess.Popen[str]":
        arguments = (
            # -P: no file of the data folder is taken for a module.
            "-P", "-m", "dbt.cli.main", "--quiet", "--no-use-colors", "--no-version-check",
            "--log-level-file", "info",
            command, *options,
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str((self.folder / "target").resolve()),
            "--log-path", str((self.folder / "logs").resolve()),
        )  # fmt: skip
        env = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
        # A path within the data folder: dbt parses all models anew when a variable of the profile changes.
        env |= {"CIO_ELT_BUILD_FILE": self.file.name, "DO_NOT_TRACK": "1"}
        # Warnings of dbt's own imports are nothing that a user can correct.
        env["PYTHONWARNINGS"] = "ignore"
        return subprocess.Popen(  # noqa: S603 - the arguments are the project's own, but for names of models
            [sys.executable, *arguments],
            cwd=self.file.resolve().parent,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def selection(select: Iterable[str], *, full: bool) -> list[str]:
    """Options of `dbt build` for the selectors `select`, none for all models; `full` builds them anew."""
    names = list(select)
    return [*(["--select", *names] if names else []), *(["--full-refresh"] if full else [])]


def _node(result: dict[str, Any]) -> Node:
    kind, _, name = result["unique_id"].split(".", 2)
    return Node(
        # A test's id ends with a hash.
        name=name.split(".")[0],
        kind=kind,
        status=result["status"],
        seconds=round(result["execution_time"], 3),
        failures=result["failures"],
        message=result["message"],
    )
