"""The trial of keys that were never proven to be of one workspace: a few rows go before the rest.

An account may have several workspaces, and the App API does not say which one its key is of. So a few rows
are sent, and read with the App API key: if none of them arrived, the keys may be of two workspaces, and
nothing more is sent.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pipelines.errors import EltError
from pipelines.push.confirm.read_back import readable_rows, readings
from pipelines.push.context import PushContext
from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.dispatch import deliver
from pipelines.push.deliver.track_api import SendResult
from pipelines.push.journal.database import check_fence
from pipelines.push.journal.log import AcceptedRow, Item, sample_accepted
from pipelines.push.journal.runs import Delivery
from pipelines.push.journal.snapshot import mark_dropped
from pipelines.workspace import record_pair, refuse_pair, two_workspaces

ROWS = 20
"""The rows that are sent before any of them was seen to arrive."""


def run_trial(
    context: PushContext,
    run_id: str,
    send: Callable[[Batch], SendResult],
    items: Iterator[Item],
    delivery: Delivery,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Send the first rows, and record the keys as proven if one of them arrived.

    If none did, the rows are marked as dropped, and `delivery.stop` is the error. Rows that cannot be read
    back prove nothing; the context's `notify` says so.

    Raises:
        LeaseLost: another process has taken the lease of this push.
    """
    deliver(context, run_id, send, islice(items, ROWS), delivery)
    rows = _readable(context, run_id)
    if delivery.stop is not None or not (delivery.accepted and rows):
        if delivery.accepted:
            _say_unproven(context, "the first rows are of a kind that cannot be read back")
        return
    try:
        arrived = any(len(missing) < len(rows) for missing in readings(context, rows, pause))
    except EltError as error:
        _say_unproven(context, str(error))
        return
    if arrived:
        record_pair(context.settings, context.identity)
        return
    refuse_pair(context.settings, context.identity)
    _mark_dropped(context, run_id, rows)
    delivery.stop = two_workspaces(context.settings)


def _readable(context: PushContext, run_id: str) -> list[AcceptedRow]:
    """The accepted rows whose arrival shows in the App API."""
    if not context.spec.kind.shows_arrival:
        return []
    return sample_accepted(
        context.journal, run_id, replace(readable_rows(context), removals=False), limit=ROWS
    )


def _mark_dropped(context: PushContext, run_id: str, rows: Sequence[AcceptedRow]) -> None:
    reasons = {row.seq: "it is not in the workspace of the App API key" for row in rows}
    attempts = context.spec.deliver.max_attempts
    with context.journal.open() as connection:
        check_fence(connection, context.push_id, context.fence)
        mark_dropped(connection, context.push_id, run_id, reasons, max_attempts=attempts)


def _say_unproven(context: PushContext, reason: str) -> None:
    context.notify(
        f"{context.spec.sync}: it is not proven that the Track API's and the App API's keys are of one "
        f"workspace: {reason}."
    )
