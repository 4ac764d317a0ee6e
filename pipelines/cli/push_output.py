"""What `cio-elt push` prints for people; programs take `--json`."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipelines.push.carrying import Carried, Told
from pipelines.push.journal.status import SyncStatus
from pipelines.push.plan.plan import Plan
from pipelines.push.run import PushResult
from pipelines.push.several import Outcome
from pipelines.push.spec.spec import PushSpec
from pipelines.push.undo import UndoPlan

_console = partial(Console, highlight=False, markup=False, emoji=False)
_OUT = _console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)
_ERR = _console(stderr=True)


def declared(syncs: Sequence[PushSpec]) -> None:
    """Print the syncs in the order in which they are pushed."""
    table = _grid("sync", "object", "mode", "after", "schedule", "")
    for sync in syncs:
        table.add_row(
            sync.sync, sync.object, sync.mode, ", ".join(sync.after), sync.schedule or "", sync.description
        )
    _OUT.print(table)


def plan(made: Plan, *, samples: bool = True) -> None:
    """Print what a push would do, with some rows of it."""
    counts = (
        ", ".join(f"{number:,} {action}" for action, number in made.counts.items() if number) or "no rows"
    )
    _say(f"{made.sync} ({made.object}, {made.mode}), plan {made.plan_id}: {counts}.")
    if made.identity:
        _say(f"  people: {', '.join(f'{number:,} {verdict}' for verdict, number in made.identity.items())}.")
    elif made.people is None and made.object not in ("object", "suppression"):
        _say("  people: not checked, since the warehouse has none; run `cio-elt sync people` first.")
    if made.fields:
        _say(f"  changed: {', '.join(f'{name} in {number:,}' for name, number in made.fields.items())}.")
    for fault in made.invalid:
        _say(f"  invalid: {fault['rows']:,} rows: {fault['reason']} ({', '.join(fault['keys'])})")
    for sample in made.samples if samples else ():
        _say(f"  {sample['action']} {sample['key']}: {sample['before'] or 'nothing'} -> {sample['after']}")
    if made.sends:
        size = f"{made.requests:,} requests ({made.bytes:,} bytes)"
        _say(f"  {size}, about {made.minutes:.1f} minutes, by {made.lane}.")
    for brake in made.gripping:
        _say(f"  brake {brake.name}: {brake.says}.")
    if made.gripping:
        _say(f"  To send it all the same: cio-elt push run {made.sync} --plan {made.plan_id} --approve")


@contextmanager
def sending(sync: str) -> Iterator[Told]:
    """On a terminal, a line that grows with the rows that were answered, and goes when they all are."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_ERR, transient=True, disable=not _ERR.is_terminal) as bar:
        task = bar.add_task(f"{sync}, rows", total=None)
        yield lambda done: bar.update(task, total=done.planned, completed=done.answered)


def pushed(result: PushResult) -> None:
    """Print what a push did."""
    plan(result.plan, samples=False)
    if result.brakes:
        _say("  Stopped by a brake; nothing was sent.")
    elif not result.plan.sends and result.plan.counts["assume"]:
        _say("  Nothing to send: the first run takes these rows for sent.")
    elif result.carried is None:
        _say("  Nothing to send.")
    else:
        carried(result.carried)


def outcome(of: Outcome) -> None:
    """Print what became of one of several syncs."""
    if of.result is not None:
        pushed(of.result)
    elif of.waits_for is not None:
        _say(f"{of.sync}: it waits, since it comes after {of.waits_for}, which did not end well.")
    else:
        _ERR.print(f"{of.sync}: {of.error}", soft_wrap=True)


def carried(done: Carried) -> None:
    """Print what became of a run."""
    sent, seen = done.delivered, done.confirmed
    _say(
        f"  Run {done.run_id}: {sent.accepted:,} accepted, {sent.rejected:,} rejected, "
        f"{done.requests:,} requests, {done.seconds:.1f} s."
    )
    if seen.share is not None and seen.low is not None and seen.high is not None:
        _say(
            f"  Read back: {seen.confirmed:,} of {seen.sampled:,} arrived, {seen.share:.1%} "
            f"({seen.low:.1%} to {seen.high:.1%}); {seen.dropped:,} dropped."
        )


def undone(made: UndoPlan) -> None:
    """Print what taking back a run would do, or did."""
    _say(f"Run {made.run_id} of {made.sync}, undo plan {made.plan_id}: {made.sends:,} rows to send.")
    for why, rows in made.left_alone.items():
        _say(f"  {rows:,} left alone: {why}.")


def status(rows: Sequence[SyncStatus]) -> None:
    """Print how each sync fares."""
    table = _grid(
        "sync", "last run", "state", "started", "accepted", "dropped", "held", "doubtful", "rejected", "dead"
    )
    for row in rows:
        numbers = (row.accepted, row.dropped, row.held, row.doubtful, row.rejected, row.dead)
        table.add_row(
            row.sync,
            row.last_run or "",
            row.state or "",
            _utc(row.started_at),
            *("" if number is None else f"{number:,}" for number in numbers),
        )
    _OUT.print(table)
    for row in rows:
        if row.error:
            _say(f"{row.sync}: {row.error}")


def _say(line: str) -> None:
    _OUT.print(line, soft_wrap=True)


def _utc(at: float | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _grid(*columns: str) -> Table:
    table: Any = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table  # type: ignore[no-any-return]
