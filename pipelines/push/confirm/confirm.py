"""Confirms a run: Customer.io answers 200 and may drop a row all the same.

    accepted rows ──┬── failure activities of the run's time ──> dropped, with Customer.io's reason
                    └── a sample, read back ──> confirmed, or dropped: missing, or other than sent

Events that are older than the activities that Customer.io keeps, or in the future, cannot be read back: they
stay accepted, and are counted. Rows that failed in an earlier run are read back too, beside the sample.

Rows that were neither sampled nor reported as failed stay accepted; the share of the sample that arrived,
with its Wilson interval, estimates how many of those have arrived.
"""

import time
from collections.abc import Callable, Sequence
from math import sqrt

import duckdb

from pipelines.errors import EltError
from pipelines.push.confirm.failed_writes import FailureWatch, find_failed_rows
from pipelines.push.confirm.read_back import readable_rows, readings
from pipelines.push.context import PushContext
from pipelines.push.journal.database import SCHEMA, check_fence
from pipelines.push.journal.log import (
    AcceptedRow,
    accepted_of,
    count_unreadable,
    failed_before,
    sample_accepted,
)
from pipelines.push.journal.runs import Confirmation
from pipelines.push.journal.snapshot import mark_dropped
from sources.customerio.client import reading_answers

_Z = 1.959964
"""95 % of a normal distribution lie within so many standard deviations."""


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    below = 1 + square / whole
    return max(0.0, (middle - spread) / below), min(1.0, (middle + spread) / below)


def confirm(
    context: PushContext,
    run_id: str,
    watch: FailureWatch,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Confirmation:
    """Read back a sample of a run, and mark rows that did not arrive as dropped.

    Where the App API cannot be read, the rows stay accepted, and the context's `notify` says why.
    """
    kind, options = context.spec.kind, context.spec.confirm
    limit = options.sample if kind.sample_limit is None else min(options.sample, kind.sample_limit)
    readable = readable_rows(context)
    sample = sample_accepted(context.journal, run_id, readable, limit=limit)
    sampled = {row.seq for row in sample}
    retried = failed_before(context.journal, context.push_id, run_id, readable, limit=limit)
    rows = [*sample, *(row for row in retried if row.seq not in sampled)]
    try:
        with reading_answers("a call for failed writes"):
            lost = _find_lost(context, run_id, watch, rows, pause)
    except EltError as error:
        context.notify(f"{context.spec.sync}: rows could not be read back. {error}")
        return Confirmation()
    _record(context, run_id, [row.seq for row in rows if row.seq not in lost], lost)
    arrived = sampled - lost.keys()
    low, high = wilson(len(arrived), len(sample)) if sample else (None, None)
    return Confirmation(
        confirmed=len(arrived),
        dropped=len(lost),
        sampled=len(sample),
        share=len(arrived) / len(sample) if sample else None,
        low=low,
        high=high,
        unreadable=count_unreadable(context.journal, run_id, readable) if context.spec.event else 0,
    )


def _find_lost(
    context: PushContext,
    run_id: str,
    watch: FailureWatch,
    rows: Sequence[AcceptedRow],
    pause: Callable[[float], None],
) -> dict[int, str]:
    """The rows that did not arrive, with the reason; rows that do not show yet are read again."""
    missing: dict[int, str] = {}
    failed: dict[int, str] = {}
    for missing in readings(context, rows, pause):
        failed = find_failed_rows(
            context, watch, lambda entities: accepted_of(context.journal, run_id, entities)
        )
        if missing.keys() <= failed.keys():
            break
    return {**missing, **failed}


def _record(context: PushContext, run_id: str, arrived: list[int], lost: dict[int, str]) -> None:
    with context.journal.open() as connection:
        check_fence(connection, context.push_id, context.fence)
        if lost:
            attempts = context.spec.deliver.max_attempts
            mark_dropped(connection, context.push_id, run_id, lost, max_attempts=attempts)
        if arrived:
            _mark_confirmed(connection, run_id, arrived)


def _mark_confirmed(connection: duckdb.DuckDBPyConnection, run_id: str, arrived: list[int]) -> None:
    connection.execute(
        f"INSERT INTO {SCHEMA}.outcomes SELECT ?, unnest(?::BIGINT[]), 'confirmed', NULL, NULL, ?",
        [run_id, arrived, time.time()],
    )
