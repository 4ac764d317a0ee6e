"""The overhead of Prefect: a flow run of a sync without changes against `cio-elt sync`, in turns.

The time of a flow run is from its start through the API to its final state on the server, without the time
until the serving process has found it: that is the pause between two polls, and no cost. Both read the same
sandbox and write the same warehouse; both start new processes, so imports are included.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.measure import at_most

if TYPE_CHECKING:
    from tests.flows.stage import Stage

_TIMES = 5
MOST_MORE_S = 3.0


def run() -> list[dict[str, Any]]:
    """Medians of the command, of the flow and of the difference; ends the bench if that is too large."""
    with tempfile.TemporaryDirectory() as folder:
        # Prefect reads it on import, so that no real folder of Prefect is used.
        os.environ.setdefault("PREFECT_HOME", folder)
        from tests.flows.stage import kept, strike

        file = Path(folder) / "stage.json"
        try:
            with kept(file) as stage:
                _flow(stage)
                pairs = [(_command(stage), _flow(stage)) for _ in range(_TIMES)]
        finally:
            strike(file)
    command, flow = (statistics.median(each) for each in zip(*pairs, strict=True))
    at_most("what a run of the flow costs more", flow - command, MOST_MORE_S, "s")
    return [
        {"name": "cio-elt sync", "seconds": command, "more": 0.0},
        {"name": "a run of the flow sync", "seconds": flow, "more": flow - command},
    ]


def _command(stage: "Stage") -> float:
    program = str(Path(sys.executable).parent / "cio-elt")
    began = time.perf_counter()
    subprocess.run([program, "sync"], env=stage.environment, check=True, capture_output=True)
    return time.perf_counter() - began


def _flow(stage: "Stage") -> float:
    run_id = stage.start("sync")
    taken_up = stage.when(run_id, lambda run: run["state"]["type"] != "SCHEDULED")
    ended = stage.ended(run_id)
    if ended["state"]["type"] != "COMPLETED":
        sys.exit(f"a run of the flow ended as {ended['state']['name']}: {ended['state']['message']}")
    begin, end = (datetime.fromisoformat(run["state"]["timestamp"]) for run in (taken_up, ended))
    return (end - begin).total_seconds()
