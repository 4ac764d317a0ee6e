"""Whether anybody works on a run is told by its lock."""

import subprocess
import sys
from pathlib import Path

import pytest
from prefect.settings import PREFECT_HOME, temporary_settings

from flows.liveness import dead, living

_KILLED = """
import os, signal, sys
from flows.liveness import living
with living(sys.argv[1]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_lives_as_long_as_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One under way is not dead, nor one that ended by itself or never began here; one that was killed is."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    subprocess.run([sys.executable, "-c", _KILLED, "killed"], check=False)

    with temporary_settings({PREFECT_HOME: tmp_path}):
        with living("ended"):
            assert not dead("ended")
        assert not dead("ended")
        assert not dead("never began")
        assert dead("killed")
        assert not dead("killed"), "it is told once"
