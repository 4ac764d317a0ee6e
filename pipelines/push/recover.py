"""Recovers interrupted runs: each is ended before its push plans anything new.

    known answers -> snapshot -> read back -> ended

A run that was killed while it was read back is read back again, so that rows that Customer.io dropped are
found by the next run.
"""

from pipelines.push.confirm.confirm import confirm
from pipelines.push.confirm.failed_writes import FailureWatch, failure_types
from pipelines.push.context import PushContext
from pipelines.push.journal.log import count_states
from pipelines.push.journal.runs import Confirmation, Delivery, end_run, unfinished_runs
from pipelines.push.journal.snapshot import settle_rejects


def recover(context: PushContext) -> None:
    """End every earlier run of this push that was interrupted.

    Raises:
        LeaseLost: another process has taken the lease of this push.
    """
    unfinished = unfinished_runs(context.journal, context.push_id)
    for run_id, since in unfinished:
        _end(context, run_id, since)
    if unfinished:
        names = ", ".join(run_id for run_id, _ in unfinished)
        context.notify(
            f"{context.spec.sync}: an earlier run was interrupted ({names}). Its rows that are known to be "
            "sent count as sent; the rest is sent again."
        )


def _end(context: PushContext, run_id: str, since: int | None) -> None:
    context.fold(run_id)
    counts, confirmation = count_states(context.journal, run_id), Confirmation()
    if since is not None and counts.get("accepted"):
        watch = FailureWatch(failure_types(context.spec), since)
        confirmation = confirm(context, run_id, watch)
    delivery = Delivery(
        accepted=sum(counts.get(state, 0) for state in ("accepted", "confirmed", "dropped")),
        rejected=counts.get("rejected", 0),
        unknown=counts.get("unknown", 0),
    )
    settle_rejects(context.journal, context.push_id, context.fence, run_id)
    end_run(context.journal, run_id, "interrupted", delivery=delivery, confirmation=confirmation)
