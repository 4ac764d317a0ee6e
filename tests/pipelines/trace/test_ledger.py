"""The ledger has every run, also one whose process was killed."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.trace import RunLedger, State

_ENDED: tuple[State, ...] = ("done", "failed")
_PUT_BACK: tuple[State, ...] = ("waiting", "done")
BEGIN = """
import os, signal, sys
from pathlib import Path
from pipelines.trace import RunLedger
ledger = RunLedger(Path(sys.argv[1]))
lock = ledger.begin("a" * 32, "sync", "1.0")
ledger.step("a" * 32, "extract")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_ends_as_it_says(tmp_path: Path) -> None:
    """State, step, error and packages of a run are in its row; the newest run comes first."""
    ledger = RunLedger(tmp_path)
    for number, state in enumerate(_ENDED):
        trace_id = f"{number:032x}"
        lock = ledger.begin(trace_id, "sync", "1.0")
        ledger.step(trace_id, "load")
        ledger.loads(trace_id, ["2", "1"])
        assert "running" == ledger.runs()[0].state
        words = ("WarehouseError", "The disk is full.") if number else (None, None)
        ledger.end(trace_id, state, *words)
        lock.release()
    failed, done = ledger.runs()

    assert ("failed", "load", "WarehouseError", "The disk is full.") == (
        failed.state,
        failed.step,
        failed.error,
        failed.message,
    )
    assert ("done", None, ("1", "2"), os.getpid(), socket.gethostname()) == (
        done.state,
        done.error,
        done.load_ids,
        done.pid,
        done.host,
    )
    assert done.ended_at is not None
    assert done.began_at <= done.ended_at <= failed.began_at


def test_a_killed_run_is_in_the_ledger_at_the_next_look(tmp_path: Path) -> None:
    """Its row says at which step it was; its end is its last sign of life. A look changes no file."""
    killed = subprocess.run([sys.executable, "-c", BEGIN, tmp_path], check=False, timeout=60)
    before = _files(tmp_path)
    (run,) = RunLedger(tmp_path).runs()

    assert -signal.SIGKILL == killed.returncode
    assert ("killed", "extract", "sync") == (run.state, run.step, run.command)
    assert run.ended_at is not None
    assert run.began_at <= run.ended_at
    assert [run] == RunLedger(tmp_path).failures()
    assert before == _files(tmp_path)


def test_the_next_run_writes_that_it_was_killed(tmp_path: Path) -> None:
    """The row of the killed run is as each look has shown it, and its lock is removed."""
    subprocess.run([sys.executable, "-c", BEGIN, tmp_path], check=False, timeout=60)
    ledger = RunLedger(tmp_path)
    shown = ledger.runs()
    ledger.begin("b" * 32, "sync", "1.0").release()
    ledger.end("b" * 32, "done", None, None)
    with closing(sqlite3.connect(ledger.file)) as connection:
        written = connection.execute("SELECT state, ended_at FROM runs WHERE trace_id = ?", ["a" * 32])
        assert [("killed", shown[0].ended_at)] == written.fetchall()

    assert shown == ledger.runs()[1:]
    assert f"{'a' * 32}.lock" not in [path.name for path in (tmp_path / "runs").iterdir()]


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_running_run_is_not_killed(tmp_path: Path) -> None:
    """While its process lives, another look leaves it running."""
    ledger = RunLedger(tmp_path)
    lock = ledger.begin("a" * 32, "sync", "1.0")
    look = "import sys; from pathlib import Path; from pipelines.trace import RunLedger; "
    look += "print(*[run.state for run in RunLedger(Path(sys.argv[1])).runs()])"
    seen = subprocess.run([sys.executable, "-c", look, tmp_path], capture_output=True, text=True, check=True)
    lock.release()

    assert "running" == seen.stdout.strip()


@pytest.mark.parametrize(
    ("states", "failing"),
    [
        (["failed"], True),
        (["failed", "done"], False),
        (["done", "failed"], True),
        (["failed", "partly"], False),
        (["failed", "refused"], True),
        (["interrupted"], False),
        (["stopped"], False),
    ],
)
def test_a_failure_counts_until_the_command_has_done_its_work(
    tmp_path: Path, states: list[State], failing: bool
) -> None:
    """A later run that was refused or stopped did no work; one of another command does not matter."""
    ledger = RunLedger(tmp_path)
    for number, (command, state) in enumerate(
        [*(("sync", state) for state in states), ("transform", "done")]
    ):
        lock = ledger.begin(f"{number:032x}", command, "1.0")
        ledger.end(f"{number:032x}", state, None, None)
        lock.release()

    assert failing == bool(ledger.failures())


def test_a_run_that_was_put_back_goes_on(tmp_path: Path) -> None:
    """A run of the same id is one row, with its first beginning."""
    ledger = RunLedger(tmp_path)
    began = set()
    for state in _PUT_BACK:
        lock = ledger.begin("a" * 32, "flow export", "1.0")
        ledger.end("a" * 32, state, None, None)
        lock.release()
        (run,) = ledger.runs()
        began.add(run.began_at)
        assert state == run.state

    assert 1 == len(began)
