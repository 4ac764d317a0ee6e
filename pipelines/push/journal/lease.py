"""The lease of a push: a lock of the operating system, and a fencing token in the journal.

The lock keeps two processes of a machine apart and ends with its process. The fencing token protects against
a process that lost the lock without noticing: every write to the journal carries it, and a write with an old
one is refused.
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
from pipelines.push.journal.database import SCHEMA, Journal, PushId
from pipelines.times import span


@contextmanager
def hold_lease(journal: Journal, push_id: PushId) -> Iterator[int]:
    """Hold the lease of a push; returns its fencing token, a number from 1.

    Raises:
        LeaseHeld: another process holds it; the message names the process, and since when.
    """
    lock = FileLock(_lock_file(journal.file.parent, push_id))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _held(journal, push_id) from None
    try:
        yield _next_fence(journal, push_id, f"process {os.getpid()} on {socket.gethostname()}")
    finally:
        lock.release()


def _next_fence(journal: Journal, push_id: PushId, holder: str) -> int:
    """Write this process into the journal as the holder; returns the new fencing token."""
    with journal.open() as connection:
        held = connection.execute(f"SELECT fence FROM {SCHEMA}.leases WHERE {push_id.where}").fetchone()
        fence = int(held[0]) + 1 if held else 1
        connection.execute(f"DELETE FROM {SCHEMA}.leases WHERE {push_id.where}")
        connection.execute(
            f"INSERT INTO {SCHEMA}.leases VALUES (?, ?, ?, ?, ?)",
            [push_id.workspace, push_id.name, fence, holder, time.time()],
        )
    return fence


def _lock_file(data: Path, push_id: PushId) -> Path:
    return data / f"push.{push_id.workspace}.{push_id.name}.lock"


def _held(journal: Journal, push_id: PushId) -> LeaseHeld:
    found = journal.query(f"SELECT holder, since FROM {SCHEMA}.leases WHERE {push_id.where}")
    who = "Another process"
    for holder, since in found:
        at = datetime.fromtimestamp(since, UTC)
        who = f"Since {at:%Y-%m-%d %H:%M:%S} UTC ({span(int(time.time() - since))}), {holder}"
    msg = f"{who} runs the push {push_id.name}. Wait for it to end, or end it, and run this again."
    return LeaseHeld(msg)
