"""The lock file of a run shows if its process is dead."""

import subprocess
import sys
from pathlib import Path

import pytest
from prefect.settings import PREFECT_HOME, temporary_settings

from flows.liveness import alive, is_dead

_KILLED = """
import os, signal, sys
from flows.liveness import alive
with alive(sys.argv[1]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.proof
def test_a_run_lives_as_long_as_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is dead only if its process was killed: not while it runs, after its end, or before its start."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    subprocess.run([sys.executable, "-c", _KILLED, "killed"], check=False)

    with temporary_settings({PREFECT_HOME: tmp_path}):
        with alive("ended"):
            assert not is_dead("ended")
        assert not is_dead("ended")
        assert not is_dead("never began")
        assert is_dead("killed")
        assert not is_dead("killed"), "it is reported once"
