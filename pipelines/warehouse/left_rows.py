"""Files of the data folder, besides the warehouse itself, that may have rows of earlier runs."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.warehouse.set_aside import FOLDER

DERIVED = (
    "dbt/target",
    "dbt/logs",
    # Without these two, the next transform builds every model anew: their sums had the people in them.
    "dbt/project",
    "dbt/built",
    "dlt/pipelines/*/trace.pickle",
    "transform.duckdb",
    "transform.duckdb.wal",
    "*.publishing",
    "*.publishing.wal",
    "*.restoring",
    "*.compacting",
    "*.compacting.wal",
    "*.new",
    "*.tmp",
)
"""Patterns of what is made anew when it is needed, or was left by a run that was killed."""
STAGED = (f"{FOLDER}/*", "exports/*.csv", "exports/*.csv.part")
"""Patterns of packages and exports: their rows were read again, or their files are downloaded again."""


def matching(data: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """The files and folders in the data folder that match one of the patterns."""
    for pattern in patterns:
        yield from data.glob(pattern)


def remove(path: Path) -> bool:
    """Remove a file or folder; False if it is the file of an export that another run collects now."""
    if path.is_dir():
        shutil.rmtree(path)
        return True
    lock = FileLock(path.with_suffix(".lock")) if path.parent.name == "exports" else None
    try:
        if lock is not None:
            lock.acquire(timeout=0)
    except Timeout:
        return False
    path.unlink(missing_ok=True)
    if lock is not None:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
    return True
