"""Lock files of runs: a process holds one as long as it lives; when it dies, the system releases it."""

import fcntl
from pathlib import Path

from filelock import FileLock, Timeout


def is_held(lock: FileLock) -> bool:
    """Checks if a living process holds the lock; the lock's file stays as it is."""
    try:
        with Path(lock.lock_file).open("rb") as file:
            # Shared, so that two that look at the same time do not take each other for the holder.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def was_left(lock: FileLock) -> bool:
    """Checks if a process that died left the lock's file; true once, for the file is deleted then."""
    file = Path(lock.lock_file)
    if not file.exists():
        return False
    try:
        with lock.acquire(timeout=0):
            pass
    except Timeout:
        return False
    file.unlink(missing_ok=True)
    return True
