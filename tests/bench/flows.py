"""The overhead of Prefect: a flow run of a sync without changes against `cio-elt sync`, in turns.

The time of a flow run is from its start through the API to its final state on the server, without the time
until the serving process has found it: that is the pause between two polls, and no cost. Both read the same
sandbox and write the same warehouse; both start new processes, so imports are included.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.measure import Figure, Wrong, repeated

if TYPE_CHECKING:
    from tests.flows.stage import Stage

MOST_MORE_S = 3.0


def run(times: int) -> list[Figure]:
    """The command, the flow and the difference, after a run of the flow that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        # Prefect reads it on import, so that no real folder of Prefect is used.
        os.environ.setdefault("PREFECT_HOME", folder)
        from tests.flows.stage import kept, strike

        file = Path(folder) / "stage.json"
        try:
            with kept(file) as stage:
                _flow(stage)
                return repeated(times, lambda: _measured(stage))
        finally:
            strike(file)


def _measured(stage: "Stage") -> list[Figure]:
    command, flow = _command(stage), _flow(stage)
    return [
        Figure.of("cio-elt sync (baseline)", command, "s"),
        Figure.of("a run of the flow sync", flow, "s"),
        Figure.of("a run of the flow takes longer by", flow - command, "s", most=MOST_MORE_S),
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
        msg = f"a run of the flow ended as {ended['state']['name']}: {ended['state']['message']}"
        raise Wrong(msg)
    begin, end = (datetime.fromisoformat(run["state"]["timestamp"]) for run in (taken_up, ended))
    return (end - begin).total_seconds()
