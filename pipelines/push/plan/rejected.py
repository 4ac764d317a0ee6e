"""Rows of a model that cannot be sent: written to the journal's rejects, so that no invalid row is silent.

An invalid row stays there until a run finds it valid, or no longer in the model.
"""

import time

import duckdb

from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.diff import PLANNED, SENT_ACTIONS


def record_invalid(
    connection: duckdb.DuckDBPyConnection, push_id: PushId, plan_id: str, *, whole: bool = True
) -> None:
    """Write the invalid rows into the attached journal's rejects.

    With `whole`, the plan has all rows of the model, and earlier invalid rows that it has not are deleted.
    """
    rejects, now = f"journal.{SCHEMA}.rejects", time.time()
    # One row has one key: those without any are told by their number in the plan, and share the key ''.
    invalid = (
        f"SELECT coalesce(key, '') AS key, any_value(p) AS p FROM {PLANNED} AS p WHERE action = 'invalid' "
        "GROUP BY ALL"
    )
    if whole:
        connection.execute(
            f"DELETE FROM {rejects} WHERE {push_id.where} AND action = 'invalid' "
            f"AND key NOT IN (SELECT key FROM ({invalid}))"
        )
    connection.execute(
        f"""
        MERGE INTO {rejects} AS held USING ({invalid}) AS f
        ON {push_id.where_in("held")} AND held.key = f.key
        WHEN MATCHED THEN UPDATE SET
            attempts = CASE held.action WHEN 'invalid' THEN held.attempts + 1 ELSE 1 END,
            action = 'invalid', entity = f.p.entity, payload = f.p.payload, digest = f.p.digest,
            happened_at = f.p.happened_at, reason = f.p.rejection, field = NULL, dead = false,
            last_at = $now, run_id = $plan
        WHEN NOT MATCHED THEN INSERT VALUES ('{push_id.workspace}', '{push_id.name}', f.key, 'invalid',
            f.p.entity, f.p.payload, f.p.digest, f.p.happened_at, f.p.rejection, NULL, 1, false, $now, $now,
            $plan)
        """,
        {"now": now, "plan": plan_id},
    )


def differing(connection: duckdb.DuckDBPyConnection) -> str:
    """A digest of the rows that differ from those that Customer.io accepted, invalid ones included.

    Empty if there is none; another one than in the run before if the model's rows have changed.
    """
    ((rows, digest),) = connection.execute(
        f"""
        SELECT count(*), bit_xor(md5_number(concat_ws(chr(31), key, payload, rejection))) FROM {PLANNED}
        WHERE action IN {(*SENT_ACTIONS, "invalid", "dead")}
        """
    ).fetchall()
    return f"{rows} {digest:x}" if rows else ""
