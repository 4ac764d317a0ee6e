"""Runs that did not come to their end, brought to it: by the next run of their sync, before it plans.

    what is known to have been answered -> the snapshot -> read back -> ended

A run that was killed while it was being read back is read back again: what it sent and Customer.io dropped is
found by whoever comes next.
"""

from typing import Any

from pipelines.notify import Notify, silent
from pipelines.push.confirm.confirm import Confirmed, confirm
from pipelines.push.confirm.failed_writes import Watch, kinds_of_failures
from pipelines.push.deliver.dispatch import Delivered, Run
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.push.journal.runs import end
from pipelines.push.journal.snapshot import fold, unended
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import Client


def recover(
    run: Run,
    client: Client,
    declaration: PushSpec,
    segment: dict[str, Any] | None,
    *,
    notify: Notify = silent,
) -> None:
    """Bring every earlier run of this sync to its end; `run` has the place in the journal and our fence.

    Raises:
        LeaseLost: another process has taken the sync over.
    """
    with run.journal.open() as connection:
        left = unended(connection, run.sync)
    for run_id, since in left:
        _end(Run(run.journal, run.sync, run_id, run.fence), since, client, declaration, segment, notify)
    if left:
        names = ", ".join(run_id for run_id, _ in left)
        notify(
            f"{run.sync.name}: an earlier run did not end ({names}). What it is known to have sent counts as "
            "sent; the rest is sent again."
        )


def _end(
    run: Run,
    since: int | None,
    client: Client,
    declaration: PushSpec,
    segment: dict[str, Any] | None,
    notify: Notify,
) -> None:
    fold(run.journal, run.sync, run.fence, run.run_id, max_attempts=declaration.deliver.max_attempts)
    counts, confirmed = _counts(run.journal, run.run_id), Confirmed()
    if since is not None and counts.get("accepted"):
        watched = Watch(kinds_of_failures(declaration), since)
        confirmed = confirm(run, client, declaration, segment, watched, notify=notify)
    delivered = Delivered(
        accepted=sum(counts.get(state, 0) for state in ("accepted", "confirmed", "dropped")),
        rejected=counts.get("rejected", 0),
        unknown=counts.get("unknown", 0),
    )
    end(run.journal, run.run_id, "interrupted", delivered=delivered, confirmed=confirmed)


def _counts(journal: Journal, run_id: str) -> dict[str, int]:
    found = journal.ask(f"SELECT state, count(*) FROM {SCHEMA}.rows WHERE run_id = ? GROUP BY ALL", [run_id])
    return {str(state): int(count) for state, count in found}
