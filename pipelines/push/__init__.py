"""From SQL models to Customer.io, and the proof that it arrived.

    declaration ──> model -> diff -> brakes ──> deliver -> confirm
                         │                          │
                    the published warehouse    the journal, data/push.duckdb

`run.py` has the order of work, `journal.py` what is remembered.
"""

from pipelines.push.carrying import Carried
from pipelines.push.deliver.dispatch import Delivered
from pipelines.push.journal.status import SyncStatus, status
from pipelines.push.plan.plan import Plan
from pipelines.push.repair import revive, take_for_sent
from pipelines.push.run import How, PushResult, plan, push
from pipelines.push.several import Outcome, push_all
from pipelines.push.spec.loader import declared, read
from pipelines.push.spec.spec import PushSpec
from pipelines.push.undo import UndoPlan, plan_undo, sync_of_run, undo

__all__ = [
    "Carried",
    "Delivered",
    "How",
    "Outcome",
    "Plan",
    "PushResult",
    "PushSpec",
    "SyncStatus",
    "UndoPlan",
    "declared",
    "plan",
    "plan_undo",
    "push",
    "push_all",
    "read",
    "revive",
    "status",
    "sync_of_run",
    "take_for_sent",
    "undo",
]
