"""The start time of the command line: `cio-elt --help` against an interpreter that does nothing."""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_RUNS = 7


def run() -> list[dict[str, Any]]:
    """The median of several runs of each, in turns, after one that is not counted."""
    commands = {
        "cio-elt --help": [str(Path(sys.executable).parent / "cio-elt"), "--help"],
        "python -c pass (baseline)": [sys.executable, "-c", "pass"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(_RUNS + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - began)
    return [{"command": name, "median_s": statistics.median(taken[1:])} for name, taken in seconds.items()]
