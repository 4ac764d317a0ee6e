"""Pushes rows of SQL models to Customer.io, and confirms that they arrived.

    spec ──> model -> diff -> brakes ──> deliver -> confirm
                  │                          │
          the published warehouse    the journal, data/push.duckdb

`run.py` has the order of work. A folder imports only from those below it:

    audit                compares what Customer.io has with what the model wants
    deliver, confirm     send rows; read back which of them arrived
    context              everything that the steps of a push share
    plan                 decides what is sent, and sends nothing
    forecast             counts the people who would enter campaigns
    journal              remembers it
    spec                 declares it; `spec/kinds.py` has a row for each kind of row
"""

from pipelines.push.audit.run import AuditOptions, AuditResult, audit_push
from pipelines.push.audit.source import By
from pipelines.push.execute import RunResult
from pipelines.push.journal.health import HealthChange, changes_to_tell
from pipelines.push.journal.runs import Delivery
from pipelines.push.journal.status import PushStatus, read_status
from pipelines.push.plan.plan import Plan
from pipelines.push.pushes import PushOutcome, push_all
from pipelines.push.repair import mark_as_sent, retry_dead_letters
from pipelines.push.run import PushOptions, PushResult, plan_push, push, validate
from pipelines.push.spec.loader import Declared, load_spec, load_specs, read_specs
from pipelines.push.spec.spec import PushSpec
from pipelines.push.undo import UndoPlan, plan_undo, push_of, undo_run

__all__ = [
    "AuditOptions",
    "AuditResult",
    "By",
    "Declared",
    "Delivery",
    "HealthChange",
    "Plan",
    "PushOptions",
    "PushOutcome",
    "PushResult",
    "PushSpec",
    "PushStatus",
    "RunResult",
    "UndoPlan",
    "audit_push",
    "changes_to_tell",
    "load_spec",
    "load_specs",
    "mark_as_sent",
    "plan_push",
    "plan_undo",
    "push",
    "push_all",
    "push_of",
    "read_specs",
    "read_status",
    "retry_dead_letters",
    "undo_run",
    "validate",
]
