"""From the log to what Customer.io has: the snapshot follows a run's log, and never goes before it.

    accepted   the payload takes the snapshot's place; a removal takes it out
    rejected   the row is kept among the rejects, with how often it was tried; the snapshot stays
    unknown    the snapshot is in doubt (its digest is null), so that the next run sends the row again
    planned    nothing: the next run plans anew; events go on from the log

Events are only remembered by their keys: none is sent twice, whatever it says.
"""

import time

import duckdb

from pipelines.push.journal.database import SCHEMA, Journal, Sync, check_fence
from pipelines.times import DAY

KEPT_S = 30 * DAY
"""Rows of older runs are forgotten; runs, snapshot and rejects stay."""


def unended(connection: duckdb.DuckDBPyConnection, sync: Sync) -> list[tuple[str, int | None]]:
    """Runs that did not come to their end, oldest first: id, and since when their failures were watched."""
    return connection.execute(
        f"SELECT run_id, watched_since FROM {SCHEMA}.runs WHERE {sync.where} AND state = 'sending' "
        "ORDER BY started_at"
    ).fetchall()


def fold(journal: Journal, sync: Sync, fence: int, run_id: str, *, max_attempts: int) -> None:
    """Bring in a run, once; nothing of it is under way any more.

    Raises:
        LeaseLost: another process has taken the sync over.
    """
    with journal.open() as connection:
        check_fence(connection, sync, fence)
        ((folded,),) = connection.execute(
            f"SELECT folded FROM {SCHEMA}.runs WHERE run_id = ?", [run_id]
        ).fetchall()
        if not folded:
            _fold(connection, sync, run_id, max_attempts)
            _forget(connection)


def drop(
    connection: duckdb.DuckDBPyConnection,
    sync: Sync,
    run_id: str,
    reasons: dict[int, str],
    *,
    max_attempts: int,
) -> None:
    """Take rows (by their number in the log) for not arrived: Customer.io accepted them and dropped them."""
    now = time.time()
    connection.executemany(
        f"INSERT INTO {SCHEMA}.outcomes VALUES (?, ?, 'dropped', ?, NULL, ?)",
        [[run_id, seq, reason, now] for seq, reason in reasons.items()],
    )
    _reject(connection, sync, run_id, "dropped", max_attempts)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE push_lost AS {_rows(run_id, 'dropped')}")
    connection.execute(
        f"DELETE FROM {SCHEMA}.snapshot WHERE {sync.where} "
        "AND key IN (SELECT key FROM push_lost WHERE action = 'add')"
    )
    connection.execute(
        f"""
        UPDATE {SCHEMA}.snapshot SET digest = NULL, payload = coalesce(lost.before, snapshot.payload)
        FROM push_lost AS lost
        WHERE {_of(sync)} AND lost.key = snapshot.key AND lost.action = 'change'
        """
    )
    connection.execute(
        f"""
        INSERT INTO {SCHEMA}.snapshot
        SELECT '{sync.workspace}', '{sync.name}', r.object, lost.key, NULL, lost.before, false, r.run_id, ?
        FROM push_lost AS lost JOIN {SCHEMA}.runs AS r ON r.run_id = '{run_id}'
        WHERE lost.action = 'remove' AND r.object <> 'segment'
        """,
        [now],
    )


def _fold(connection: duckdb.DuckDBPyConnection, sync: Sync, run_id: str, max_attempts: int) -> None:
    connection.execute(
        f"UPDATE {SCHEMA}.batches SET state = 'unknown' WHERE run_id = ? AND state = 'sending'", [run_id]
    )
    ((kind, mode),) = connection.execute(
        f"SELECT object, mode FROM {SCHEMA}.runs WHERE run_id = ?", [run_id]
    ).fetchall()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE push_taken AS {_rows(run_id, 'accepted')}")
    connection.execute(
        f"DELETE FROM {SCHEMA}.snapshot WHERE {sync.where} AND key IN (SELECT key FROM push_taken)"
    )
    payload = "NULL" if mode == "append" and kind != "suppression" else "payload"
    connection.execute(
        f"""
        INSERT INTO {SCHEMA}.snapshot
        SELECT '{sync.workspace}', '{sync.name}', '{kind}', key, digest, {payload},
               action = 'assume', '{run_id}', ?
        FROM push_taken WHERE action <> 'remove'
        """,
        [time.time()],
    )
    connection.execute(
        f"DELETE FROM {SCHEMA}.rejects WHERE {sync.where} AND key IN (SELECT key FROM push_taken)"
    )
    _reject(connection, sync, run_id, "rejected", max_attempts)
    if mode != "append":
        _doubt(connection, sync, run_id, kind)
    connection.execute(f"UPDATE {SCHEMA}.runs SET folded = true WHERE run_id = ?", [run_id])


def _doubt(connection: duckdb.DuckDBPyConnection, sync: Sync, run_id: str, kind: str) -> None:
    """Customer.io may have these rows as they were sent, or as they were before."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE push_doubt AS {_rows(run_id, 'unknown')}")
    connection.execute(
        f"UPDATE {SCHEMA}.snapshot SET digest = NULL "
        f"WHERE {sync.where} AND key IN (SELECT key FROM push_doubt)"
    )
    connection.execute(
        f"""
        INSERT INTO {SCHEMA}.snapshot
        SELECT '{sync.workspace}', '{sync.name}', '{kind}', key, NULL, payload, false, '{run_id}', ?
        FROM push_doubt
        WHERE action <> 'remove' AND key NOT IN (SELECT key FROM {SCHEMA}.snapshot WHERE {sync.where})
        """,
        [time.time()],
    )


def _reject(
    connection: duckdb.DuckDBPyConnection, sync: Sync, run_id: str, state: str, max_attempts: int
) -> None:
    again = "held.payload IS NOT DISTINCT FROM refused.payload"
    attempts = f"CASE WHEN {again} THEN held.attempts + 1 ELSE 1 END"
    connection.execute(
        f"""
        MERGE INTO {SCHEMA}.rejects AS held USING ({_rows(run_id, state)}) AS refused
        ON {_of(sync, "held")} AND held.key = refused.key
        WHEN MATCHED THEN UPDATE SET
            attempts = {attempts}, dead = {max_attempts} <= {attempts}, action = refused.action,
            payload = refused.payload, digest = refused.digest, happened_at = refused.happened_at,
            reason = refused.reason, field = refused.field, last_at = $now, run_id = '{run_id}'
        WHEN NOT MATCHED THEN INSERT VALUES ('{sync.workspace}', '{sync.name}', refused.key, refused.action,
            refused.entity, refused.payload, refused.digest, refused.happened_at, refused.reason,
            refused.field, 1,
            {max_attempts} <= 1, $now, $now, '{run_id}')
        """,
        {"now": time.time()},
    )


def _rows(run_id: str, state: str) -> str:
    """SQL: the log's rows of a run that are in that state."""
    return (
        f"SELECT l.*, v.reason, v.field FROM {SCHEMA}.log AS l "
        f"JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq "
        f"WHERE l.run_id = '{run_id}' AND v.run_id = '{run_id}' AND v.state = '{state}'"
    )


def _of(sync: Sync, table: str = "snapshot") -> str:
    return f"{table}.workspace = '{sync.workspace}' AND {table}.sync = '{sync.name}'"


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows of runs that ended long ago; events that are still to be sent stay."""
    old = (
        f"SELECT run_id FROM {SCHEMA}.runs WHERE finished_at < ? "
        "AND (state = 'done' OR (state <> 'sending' AND object <> 'event'))"
    )
    for table in ("log", "batches", "outcomes"):
        connection.execute(f"DELETE FROM {SCHEMA}.{table} WHERE run_id IN ({old})", [time.time() - KEPT_S])
    connection.execute(f"DELETE FROM {SCHEMA}.plans WHERE made_at < ?", [time.time() - KEPT_S])
