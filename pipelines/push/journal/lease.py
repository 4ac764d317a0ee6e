"""One push of a sync at a time: a lock of the system, which ends with its process, and a number beside it.

The lock keeps two processes of a machine apart. The number, the fence, is for whoever lost the lock without
noticing: every write to the journal carries it, and a write with an old one is refused.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.errors import LeaseHeld
from pipelines.push.journal.database import SCHEMA, Journal, Sync, take_fence
from pipelines.times import span


@contextmanager
def leased(journal: Journal, sync: Sync) -> Iterator[int]:
    """Be the only one who pushes that sync; the fence that our writes carry.

    Raises:
        LeaseHeld: somebody else is; the message says who, and since when.
    """
    lock = FileLock(_lock_file(journal.file.parent, sync))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _held(journal, sync) from None
    try:
        yield take_fence(journal, sync, f"process {os.getpid()} on {socket.gethostname()}")
    finally:
        lock.release()


def _lock_file(data: Path, sync: Sync) -> Path:
    return data / f"push.{sync.workspace}.{sync.name}.lock"


def _held(journal: Journal, sync: Sync) -> LeaseHeld:
    found = journal.ask(f"SELECT holder, since FROM {SCHEMA}.leases WHERE {sync.where}")
    who = "Another process"
    for holder, since in found:
        at = datetime.fromtimestamp(since, UTC)
        who = f"Since {at:%Y-%m-%d %H:%M:%S} UTC ({span(int(time.time() - since))}), {holder}"
    msg = f"{who} pushes the sync {sync.name}. Wait for it to end, or end it, and run this again."
    return LeaseHeld(msg)
