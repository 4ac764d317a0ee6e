"""Repairs by hand: retries dead letters, and marks the rows of a model as sent."""

from pathlib import Path

from pipelines.errors import InvalidSpec
from pipelines.push.context import open_context, open_journal
from pipelines.push.execute import execute
from pipelines.push.journal.database import SCHEMA
from pipelines.push.journal.runs import RunStart, begin_run
from pipelines.push.plan.diff import PLANNED
from pipelines.push.plan.owners import with_owners
from pipelines.push.plan.prepare import plan_rows, prepare_model
from pipelines.push.plan.query import planning_database
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings

_ASSUMED_ROWS = f"""
SELECT * REPLACE ('assume' AS action) FROM {PLANNED} WHERE action IN ('add', 'change', 'assume')
"""


def retry_dead_letters(
    settings: Settings, spec: PushSpec, *, keys: tuple[str, ...] = (), reason: str = ""
) -> int:
    """Let the next run retry dead letters: all of them, those keys, or those whose reason contains a text.

    Returns how many.

    Raises:
        LeaseHeld: another process runs this push.
    """
    with open_journal(settings, spec) as (journal, push_id), journal.open() as connection:
        retried = connection.execute(
            f"""
            UPDATE {SCHEMA}.rejects SET dead = false, attempts = 0
            WHERE {push_id.where} AND dead AND action <> 'invalid'
              AND (len($keys) = 0 OR list_contains($keys, key))
              AND contains(coalesce(reason, ''), $reason)
            RETURNING key
            """,
            {"keys": list(keys), "reason": reason},
        )
        return len(retried.fetchall())


def mark_as_sent(settings: Settings, spec: PushSpec, *, folder: Path) -> int:
    """Mark the present rows of the model as sent, without sending anything.

    The snapshot and the rejects of earlier runs are deleted first; invalid rows are left out. Returns how
    many rows count as sent.

    Raises:
        LeaseHeld: another process runs this push.
        ModelFailed: the model cannot be run.
        InvalidSpec: it is the mirror of a segment, which is compared with its members, not with a snapshot.
    """
    if spec.mirrors_members:
        msg = f"{spec.sync}: a mirror is compared with the present members, so there is nothing to reset."
        raise InvalidSpec(msg)
    spec = with_owners(settings, spec, folder)
    with open_context(settings, spec) as context:
        push_id = context.push_id
        with planning_database(settings) as database:
            prepared = prepare_model(database, spec, push_id, folder)
            with context.journal.attached(database):
                for table in ("snapshot", "rejects"):
                    database.execute(f"DELETE FROM journal.{SCHEMA}.{table} WHERE {push_id.where}")
                database.execute(
                    f"UPDATE journal.{SCHEMA}.runs SET state = 'done', folded = true WHERE {push_id.where}"
                )
                plan = plan_rows(database, prepared)
                ((rows,),) = database.execute(f"SELECT count(*) FROM ({_ASSUMED_ROWS})").fetchall()
                start = RunStart(
                    plan_id=plan.plan_id,
                    fence=context.fence,
                    planned=0,
                    approved=True,
                    key_types=prepared.key_types,
                )
                run_id = begin_run(database, spec, push_id, start, _ASSUMED_ROWS)
        execute(context, run_id, planned=0, confirms=False, assumed=rows)
    return int(rows)
