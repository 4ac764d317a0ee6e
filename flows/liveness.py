"""Signs of life: a lock a run, held as long as its process lives, whatever ends it.

A run whose process was killed together with the one that watched over it stays "Running" for Prefect.
Whoever serves the flows next sees by its lock that nobody works on it any more, and ends it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from prefect.exceptions import TerminationSignal
from prefect.settings import get_current_settings


@contextmanager
def living(run_id: str) -> Iterator[None]:
    """Hold the lock of that run. A run that is told to end leaves it: it may be killed before it says so."""
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


def dead(run_id: str) -> bool:
    """Whether a process of this machine has begun with that run and is gone."""
    lock = _lock(run_id)
    if not Path(lock.lock_file).exists():
        return False
    try:
        with lock.acquire(timeout=0):
            pass
    except Timeout:
        return False
    Path(lock.lock_file).unlink(missing_ok=True)
    return True


def _lock(run_id: str) -> FileLock:
    folder = Path(get_current_settings().home) / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{run_id}.lock")
