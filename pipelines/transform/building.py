"""dbt, run as a program of its own: it is started, waited for, and what it left is read.

A process of its own, because dbt keeps its connection to the file open until it ends, and changes logging
and warnings for everybody. Everything that it writes goes into the data folder, nothing into the user's home.
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
from pipelines.transform.raw import PROJECT

_LINES_SHOWN = 12
# No key is dbt's business; and it looks through all variables for secrets with each line that it logs.
_PASSED_ON = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT"}


@dataclass(frozen=True, kw_only=True)
class Node:
    """What became of one model, seed or test.

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
    """Where dbt works: the DuckDB file it builds in, and the folder that takes its target and logs."""

    file: Path
    folder: Path

    def run(self, command: str, *options: str) -> list[Node]:
        """Run `dbt COMMAND`, and say what became of each node.

        Raises:
            WarehouseFailed: dbt did not come to the point of building.
        """
        results = self.folder / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        process = self._start(command, options)
        try:
            said, _ = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if not results.exists():
            lines = [line for line in said.splitlines() if line.strip()][-_LINES_SHOWN:]
            said = " ".join(lines)
            msg = f"dbt ended before it built anything. It says: {said} Its log is in {self.folder / 'logs'}."
            raise WarehouseError(msg)
        return [_node(result) for result in json.loads(results.read_bytes())["results"]]

    def _start(self, command: str, options: Sequence[str]) -> "subprocess.Popen[str]":
        words = (
            "-m", "dbt.cli.main", "--quiet", "--no-use-colors", "--no-version-check",
            "--log-level-file", "info",
            command, *options,
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str((self.folder / "target").resolve()),
            "--log-path", str((self.folder / "logs").resolve()),
        )  # fmt: skip
        env = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
        env |= {"CIO_ELT_BUILD_FILE": str(self.file.resolve()), "DO_NOT_TRACK": "1"}
        # What dbt's own imports warn of is nothing that a user could mend.
        env["PYTHONWARNINGS"] = "ignore"
        return subprocess.Popen(  # noqa: S603 - the words are the project's own, but for names of models
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
        )


def selection(select: Iterable[str], *, full: bool) -> list[str]:
    """The options for what is built."""
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
