"""Liveness of runs: a lock file for each run, held as long as its process lives.

A run whose process was killed together with the serving process stays "Running" for Prefect. Its lock file
without a lock shows the next serving process that the run is dead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from prefect.exceptions import TerminationSignal
from prefect.settings import get_current_settings

from pipelines.trace import was_left


@contextmanager
def alive(run_id: str) -> Iterator[None]:
    """Hold the lock of a run while the block runs, and delete the lock file at its end.

    A run that gets a termination signal leaves the file: it may be killed before it has reported its end.
    """
    lock = _lock(run_id)
    with lock:
        try:
            yield
        except TerminationSignal:
            raise
        except BaseException:
            Path(lock.lock_file).unlink(missing_ok=True)
            raise
        Path(lock.lock_file).unlink(missing_ok=True)


def is_dead(run_id: str) -> bool:
    """Checks if a process of this machine began the run and was killed; true once, the file is deleted."""
    return was_left(_lock(run_id))


def _lock(run_id: str) -> FileLock:
    folder = Path(get_current_settings().home) / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{run_id}.lock")
