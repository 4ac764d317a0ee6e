"""The lock of the one writer of a PostgreSQL warehouse, wherever it runs.

    session of the lock, open for the whole run: the writer's lock, exclusive
    each session that reads or loads for it:     the sessions' lock, shared, once the writer's is still held

The server frees both when a session ends: a killed run leaves no lock. A writer takes the sessions' lock once
before it begins, so that no statement of an earlier one is still running, and no session of a run that has
lost the lock is opened. The keys of the locks are of one database.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipelines.errors import Busy, LockLost
from pipelines.notify import Notify
from pipelines.warehouse.sql import DATASET, literal

_NUMBER = int.from_bytes(sha256(DATASET.encode()).digest()[:4], "big") >> 1
_WRITER, _SESSIONS = (f"{kind}, {_NUMBER}" for kind in (0x63696F01, 0x63696F02))
"""The keys of both locks: two numbers each."""
_PAUSE_S, _GRACE_S = 0.05, 2.0
# A machine that vanished from the network frees the lock after a minute.
_SESSION = """
SET tcp_keepalives_idle = 30;
SET tcp_keepalives_interval = 10;
SET tcp_keepalives_count = 3;
SET application_name = {name};
"""
# From PostgreSQL 14 on; others have no such limit.
_NO_LIMIT = """
DO $$ BEGIN
    IF current_setting('idle_session_timeout', true) IS NOT NULL THEN SET idle_session_timeout = 0; END IF;
END $$
"""
_HELD = f"""
SELECT a.pid, a.application_name, host(a.client_addr), to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI')
FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()
WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock'
  AND (l.classid, l.objid, l.objsubid) = ({_WRITER}, 2)
"""


@dataclass
class _Held:
    """The lock of this process: the server's id of its session, and that session."""

    pid: int
    client: Any


_held: _Held | None = None


@contextmanager
def holding(client: Any, *, wait_s: float, notify: Notify) -> Iterator[None]:
    """Hold the writer's lock in the session of `client`, dlt's client of SQL, which does nothing else.

    `notify` gets a sentence if another run holds it.

    Raises:
        Busy: another run is still writing after `wait_s` seconds.
    """
    global _held
    name = f"cio-elt writer, process {os.getpid()} on {socket.gethostname()}"[:63]
    client.execute_sql(_SESSION.format(name=literal(name)))
    client.execute_sql(_NO_LIMIT)
    _acquire(client, wait_s, notify)
    ((pid,),) = client.execute_sql("SELECT pg_backend_pid()")
    _held = _Held(pid=pid, client=client)
    try:
        yield
    finally:
        _held = None
        # A server takes a moment to end a session; a lost one has freed the lock.
        with suppress(Exception):
            client.execute_sql(f"SELECT pg_advisory_unlock({_WRITER})")


def check_lock() -> None:
    """Check that this process still holds the lock, if it is to hold one.

    Raises:
        LockLost: the server has ended the session of the lock.
    """
    held = _held
    if held is None:
        return
    try:
        found = held.client.execute_sql(_HELD)
    except Exception:
        raise _lost() from None
    if held.pid not in {pid for pid, *_ in found}:
        raise _lost()


def share_lock(cursor: Any) -> None:
    """Join the lock of this process with a new session, which others then wait for.

    Raises:
        LockLost: this process has lost the lock.
    """
    held = _held
    if held is None:
        return
    cursor.execute(f"SELECT pg_advisory_lock_shared({_SESSIONS})")
    cursor.execute(_HELD)
    if held.pid not in {pid for pid, *_ in cursor.fetchall()}:
        raise _lost()


def _lost() -> LockLost:
    msg = (
        "The server ended the session that held the lock of the warehouse's writer, so this run stopped "
        "before it wrote more. Rows that were read are kept while no other run writes. Run the command again."
    )
    return LockLost(msg)


def _acquire(client: Any, wait_s: float, notify: Notify) -> None:
    _wait(client, _WRITER, wait_s, notify, tell_after_s=0)
    # The sessions of a run that has just ended may take the server a moment to end.
    _wait(client, _SESSIONS, max(wait_s, _GRACE_S), notify, tell_after_s=_GRACE_S)
    client.execute_sql(f"SELECT pg_advisory_unlock({_SESSIONS})")


def _wait(client: Any, key: str, wait_s: float, notify: Notify, *, tell_after_s: float) -> None:
    began, told = time.monotonic(), False
    while not client.execute_sql(f"SELECT pg_try_advisory_lock({key})")[0][0]:
        waited_s = time.monotonic() - began
        if waited_s >= wait_s:
            msg = (
                f"{_other(client)} is writing the warehouse and did not end within {wait_s:,.0f} s. Wait for "
                "it, or stop it."
            )
            raise Busy(msg)
        if not told and waited_s >= tell_after_s:
            notify(f"{_other(client)} is writing the warehouse; waiting at most {wait_s:,.0f} s for it.")
            told = True
        time.sleep(_PAUSE_S)


def _other(client: Any) -> str:
    """The run that holds the lock, as far as the server tells."""
    found = client.execute_sql(f"{_HELD} AND a.pid <> pg_backend_pid()")
    if not found:
        return "Another run"
    pid, name, host, since = found[0]
    known = [name, host and f"from {host}", since and f"since {since} UTC", f"session {pid} of the server"]
    return f"Another run ({', '.join(filter(None, known))})"
