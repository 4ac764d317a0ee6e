"""Lock files of runs: a process holds one as long as it lives; when it dies, the system releases it."""

from pathlib import Path

from filelock import FileLock, Timeout


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
