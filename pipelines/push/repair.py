"""What a person does by hand: revive rows that were given up, and take the present for what was sent."""

from pathlib import Path

from pipelines.connect import client
from pipelines.errors import InvalidSpec
from pipelines.push.carrying import carry_out
from pipelines.push.deliver.dispatch import Run
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.push.journal.lease import leased
from pipelines.push.journal.runs import Begun, begin
from pipelines.push.plan.diff import PLANNED
from pipelines.push.plan.prepare import plan_it, run_the_model, sync_of
from pipelines.push.plan.query import workbench
from pipelines.push.plan.segment import target_of
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings

_ASSUMED = f"""
SELECT * REPLACE ('assume' AS action) FROM {PLANNED} WHERE action IN ('add', 'change', 'assume')
"""


def revive(settings: Settings, declaration: PushSpec, *, keys: tuple[str, ...] = (), reason: str = "") -> int:
    """Let rows that were refused too often be tried again: all of them, those keys, or those of a reason.

    Answers how many.

    Raises:
        LeaseHeld: the sync is being pushed.
    """
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with leased(journal, sync), journal.open() as connection:
        revived = connection.execute(
            f"""
            UPDATE {SCHEMA}.rejects SET dead = false, attempts = 0
            WHERE {sync.where} AND dead AND action <> 'invalid'
              AND (len($keys) = 0 OR list_contains($keys, key))
              AND contains(coalesce(reason, ''), $reason)
            RETURNING key
            """,
            {"keys": list(keys), "reason": reason},
        )
        return len(revived.fetchall())


def take_for_sent(settings: Settings, declaration: PushSpec, *, folder: Path) -> int:
    """Take what the model says now for what Customer.io has, without sending anything.

    What earlier runs knew is forgotten; rows that are invalid are left out. Answers how many rows count now.

    Raises:
        LeaseHeld: the sync is being pushed.
        ModelFailed: the model cannot be run.
        DeclarationWrong: it is the mirror of a segment, of which nothing is remembered.
    """
    if (declaration.object, declaration.mode) == ("segment", "mirror"):
        msg = f"{declaration.sync}: a mirror looks at the members each time, so nothing can be reset."
        raise InvalidSpec(msg)
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with client(settings) as calls, leased(journal, sync) as fence:
        with workbench(settings) as bench:
            ready = run_the_model(bench, declaration, sync, folder)
            segment = target_of(calls, declaration)
            with journal.attached(bench):
                for table in ("snapshot", "rejects"):
                    bench.execute(f"DELETE FROM journal.{SCHEMA}.{table} WHERE {sync.where}")
                bench.execute(
                    f"UPDATE journal.{SCHEMA}.runs SET state = 'done', folded = true WHERE {sync.where}"
                )
                made = plan_it(bench, ready)
                wanted = _ASSUMED
                ((rows,),) = bench.execute(f"SELECT count(*) FROM ({wanted})").fetchall()
                begun = Begun(plan_id=made.plan_id, fence=fence, planned=0, approved=True)
                run_id = begin(bench, declaration, sync, begun, wanted)
        carry_out(
            Run(journal, sync, run_id, fence),
            calls,
            declaration,
            segment,
            planned=0,
            confirms=False,
            assumed=rows,
        )
    return int(rows)
