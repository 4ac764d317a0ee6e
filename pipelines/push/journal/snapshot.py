"""The snapshot: the rows that Customer.io has, folded from the logs of runs.

    accepted   the payload replaces the snapshot's; a removal deletes it
    rejected   the row is kept among the rejects, with its attempts; the snapshot stays
    dropped    the same, and the snapshot is as before the run, or in doubt
    unknown    the snapshot is in doubt (its digest is null), so that the next run sends the row again
    planned    nothing: the next run plans it again

A row stays among the rejects until a run ends in which it was accepted and not dropped. So attempts are
counted however each of them failed.

Of rows that are only appended, such as events, the snapshot keeps the key alone: none is sent twice, even if
the model's row has changed.
"""

import time

import duckdb

from pipelines.privacy import policy_of
from pipelines.push.journal.database import SCHEMA, Journal, PushId, check_fence
from pipelines.push.spec.kinds import KINDS, names_sql
from pipelines.settings import Settings
from pipelines.times import DAY

KEPT_S = 30 * DAY
"""Seconds after which rows of ended runs are deleted, at most; runs, snapshot and rejects stay."""


def rows_kept_s(settings: Settings) -> float:
    """Seconds for which rows of ended runs are kept, by the privacy file or by default.

    Raises:
        ConfigError: see `policy_of`.
    """
    policy = policy_of(settings)
    days = policy.retention.push_payloads if policy else None
    return KEPT_S if days is None else days * DAY


def fold_run(
    journal: Journal, push_id: PushId, fence: int, run_id: str, *, max_attempts: int, kept_s: float = KEPT_S
) -> None:
    """Fold the log of a run into the snapshot, once; none of its requests may be open.

    Rows of runs that ended more than `kept_s` seconds ago are deleted.

    Raises:
        LeaseLost: another process has taken the lease of this push.
    """
    with journal.open() as connection:
        check_fence(connection, push_id, fence)
        ((folded,),) = connection.execute(
            f"SELECT folded FROM {SCHEMA}.runs WHERE run_id = ?", [run_id]
        ).fetchall()
        if not folded:
            _fold(connection, push_id, run_id, max_attempts)
            _delete_old_rows(connection, kept_s)


def mark_dropped(
    connection: duckdb.DuckDBPyConnection,
    push_id: PushId,
    run_id: str,
    reasons: dict[int, str],
    *,
    max_attempts: int,
) -> None:
    """Mark rows (reason by number) as dropped: Customer.io accepted them and did not apply them."""
    now, members = time.time(), names_sql(lambda kind: kind.mirrors_members)
    connection.executemany(
        f"INSERT INTO {SCHEMA}.outcomes VALUES (?, ?, 'dropped', ?, NULL, ?)",
        [[run_id, seq, reason, now] for seq, reason in reasons.items()],
    )
    _reject(connection, push_id, run_id, "dropped", max_attempts)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE push_dropped AS {_rows(run_id, 'dropped')}")
    connection.execute(
        f"DELETE FROM {SCHEMA}.snapshot WHERE {push_id.where} "
        "AND key IN (SELECT key FROM push_dropped WHERE action = 'add')"
    )
    connection.execute(
        f"""
        UPDATE {SCHEMA}.snapshot SET digest = NULL, payload = coalesce(dropped.before, snapshot.payload)
        FROM push_dropped AS dropped
        WHERE {push_id.where_in("snapshot")} AND dropped.key = snapshot.key AND dropped.action = 'change'
        """
    )
    connection.execute(
        f"""
        INSERT INTO {SCHEMA}.snapshot
        SELECT '{push_id.workspace}', '{push_id.name}', r.object, dropped.key, NULL, dropped.before, false,
               r.run_id, ?
        FROM push_dropped AS dropped JOIN {SCHEMA}.runs AS r ON r.run_id = '{run_id}'
        WHERE dropped.action = 'remove' AND r.object NOT IN {members}
        """,
        [now],
    )


def settle_rejects(journal: Journal, push_id: PushId, fence: int, run_id: str) -> None:
    """Delete the rejects whose row was accepted by a run that has ended, and was not dropped.

    Raises:
        LeaseLost: another process has taken the lease of this push.
    """
    with journal.open() as connection:
        check_fence(connection, push_id, fence)
        if connection.execute(f"FROM {SCHEMA}.rejects WHERE {push_id.where} LIMIT 1").fetchone():
            connection.execute(
                f"""
                DELETE FROM {SCHEMA}.rejects WHERE {push_id.where} AND key IN (
                    SELECT key FROM {SCHEMA}.rows
                    WHERE run_id = '{run_id}' AND state IN ('accepted', 'confirmed'))
                """
            )


def _fold(connection: duckdb.DuckDBPyConnection, push_id: PushId, run_id: str, max_attempts: int) -> None:
    connection.execute(
        f"UPDATE {SCHEMA}.batches SET state = 'unknown' WHERE run_id = ? AND state = 'sending'", [run_id]
    )
    ((kind, mode),) = connection.execute(
        f"SELECT object, mode FROM {SCHEMA}.runs WHERE run_id = ?", [run_id]
    ).fetchall()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE push_accepted AS {_rows(run_id, 'accepted')}")
    connection.execute(
        f"DELETE FROM {SCHEMA}.snapshot WHERE {push_id.where} AND key IN (SELECT key FROM push_accepted)"
    )
    keeps = mode != "append" or KINDS[kind].keeps_appended
    payload = "payload" if keeps else "NULL"
    connection.execute(
        f"""
        INSERT INTO {SCHEMA}.snapshot
        SELECT '{push_id.workspace}', '{push_id.name}', '{kind}', key, digest, {payload},
               action = 'assume', '{run_id}', ?
        FROM push_accepted WHERE action <> 'remove'
        """,
        [time.time()],
    )
    _reject(connection, push_id, run_id, "rejected", max_attempts)
    if mode != "append":
        _mark_doubtful(connection, push_id, run_id, kind)
    connection.execute(f"UPDATE {SCHEMA}.runs SET folded = true WHERE run_id = ?", [run_id])


def _mark_doubtful(connection: duckdb.DuckDBPyConnection, push_id: PushId, run_id: str, kind: str) -> None:
    """Null the digest of unknown rows: Customer.io has them as they were sent, or as they were before."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE push_unknown AS {_rows(run_id, 'unknown')}")
    connection.execute(
        f"UPDATE {SCHEMA}.snapshot SET digest = NULL "
        f"WHERE {push_id.where} AND key IN (SELECT key FROM push_unknown)"
    )
    connection.execute(
        f"""
        INSERT INTO {SCHEMA}.snapshot
        SELECT '{push_id.workspace}', '{push_id.name}', '{kind}', key, NULL, payload, false, '{run_id}', ?
        FROM push_unknown
        WHERE action <> 'remove' AND key NOT IN (SELECT key FROM {SCHEMA}.snapshot WHERE {push_id.where})
        """,
        [time.time()],
    )


def same_attempt(one: str, other: str) -> str:
    """SQL: two rows of a key are the same attempt, by payload; adding and removing may have equal ones."""
    direction = " = ".join(f"({table}.action = 'remove')" for table in (one, other))
    return f"({one}.payload IS NOT DISTINCT FROM {other}.payload AND {direction})"


def _reject(
    connection: duckdb.DuckDBPyConnection, push_id: PushId, run_id: str, state: str, max_attempts: int
) -> None:
    again = same_attempt("held", "rejected")
    counted = f"(held.run_id <> '{run_id}')::INTEGER"
    attempts = f"CASE WHEN {again} THEN held.attempts + {counted} ELSE 1 END"
    connection.execute(
        f"""
        MERGE INTO {SCHEMA}.rejects AS held USING ({_rows(run_id, state)}) AS rejected
        ON {push_id.where_in("held")} AND held.key = rejected.key
        WHEN MATCHED THEN UPDATE SET
            attempts = {attempts}, dead = {max_attempts} <= {attempts}, action = rejected.action,
            payload = rejected.payload, digest = rejected.digest, happened_at = rejected.happened_at,
            reason = rejected.reason, field = rejected.field, last_at = $now, run_id = '{run_id}'
        WHEN NOT MATCHED THEN INSERT VALUES ('{push_id.workspace}', '{push_id.name}', rejected.key,
            rejected.action, rejected.entity, rejected.payload, rejected.digest, rejected.happened_at,
            rejected.reason, rejected.field, 1, {max_attempts} <= 1, $now, $now, '{run_id}')
        """,
        {"now": time.time()},
    )


def _rows(run_id: str, state: str) -> str:
    """SQL of the log's rows of a run that are in that state."""
    return (
        f"SELECT l.*, v.reason, v.field FROM {SCHEMA}.log AS l "
        f"JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq "
        f"WHERE l.run_id = '{run_id}' AND v.run_id = '{run_id}' AND v.state = '{state}'"
    )


def _delete_old_rows(connection: duckdb.DuckDBPyConnection, kept_s: float) -> None:
    """Delete the rows of runs that ended long ago, except rows that a retry sends as they are stored."""
    before = time.time() - kept_s
    resent = names_sql(lambda kind: kind.resends_stored)
    old = (
        f"SELECT run_id FROM {SCHEMA}.runs WHERE finished_at < ? "
        f"AND (state = 'done' OR (state <> 'sending' AND object NOT IN {resent}))"
    )
    for table in ("log", "batches", "outcomes"):
        connection.execute(f"DELETE FROM {SCHEMA}.{table} WHERE run_id IN ({old})", [before])
    connection.execute(f"DELETE FROM {SCHEMA}.plans WHERE made_at < ?", [before])
