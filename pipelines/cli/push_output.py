"""Prints the results of `cio-elt push` for people; programs use `--json`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.cli.tables import ERR, OUT, grid, say, warn
from pipelines.push import (
    AuditResult,
    Plan,
    PushOutcome,
    PushResult,
    PushSpec,
    PushStatus,
    RunResult,
    UndoPlan,
)
from pipelines.push.deliver.dispatch import OnProgress
from pipelines.push.forecast.forecast import Forecast
from pipelines.push.plan.plan import HIDDEN
from pipelines.push.spec.kinds import KINDS
from pipelines.settings import Settings

_SAME: Final = frozenset({"type", "action", "identifiers"})
"""Parts that all payloads of a push have in common, or that the row's key tells."""


def print_specs(specs: Sequence[PushSpec]) -> None:
    """Print the pushes in the order in which they run."""
    table = grid(("sync", "object", "mode", "after", "schedule", ""))
    for spec in specs:
        table.add_row(
            spec.sync, spec.object, spec.mode, ", ".join(spec.after), spec.schedule or "", spec.description
        )
    OUT.print(table)


def print_plan(plan: Plan, *, samples: bool = True) -> None:
    """Print a plan, with some of its rows unless `samples` is false."""
    counts = (
        ", ".join(f"{number:,} {action}" for action, number in plan.counts.items() if number) or "no rows"
    )
    say(f"{plan.sync} ({plan.object}, {plan.mode}), plan {plan.plan_id}: {counts}.")
    if plan.identity:
        verdicts = ", ".join(f"{number:,} {verdict}" for verdict, number in plan.identity.items())
        say(f"  people: {verdicts}.")
    elif plan.people is None and KINDS[plan.object].identity_checks:
        say("  people: not checked, since the warehouse has none; run `cio-elt sync people` first.")
    if plan.fields:
        say(f"  changed: {', '.join(f'{name} in {number:,}' for name, number in plan.fields.items())}.")
    for name, owner in plan.left_out.items():
        say(f"  left out: {name}, which {owner} owns.")
    for rejected in plan.invalid:
        say(f"  invalid: {rejected['rows']:,} rows: {rejected['reason']} ({', '.join(rejected['keys'])})")
    for remark in plan.remarks:
        say(f"  {remark}")
    for sample in plan.samples if samples else ():
        say(f"  {sample_line(sample)}")
    if plan.sends:
        size = f"{plan.requests:,} request(s) ({plan.bytes:,} bytes)"
        takes = f"about {plan.minutes:.1f} minutes" if plan.minutes >= 1 else "less than a minute"
        say(f"  {size}, {takes}, by {plan.lane}.")
        print_forecast(plan.forecast)
    for brake in plan.stopped_by:
        say(f"  brake {brake.name}: {brake.message}.")
    if plan.stopped_by:
        say(f"  To send it all the same:\n    cio-elt push {plan.command} --plan {plan.plan_id} --approve")


def sample_line(sample: Mapping[str, Any]) -> str:
    """A row of a plan: its action, its key, and the values that would be other ones; `--json` has all."""
    before, after = dict(_values(sample["before"])), dict(_values(sample["after"]))
    changes = [
        f"{name} {before[name]} -> {value}" if name in before else f"{name} {value}"
        for name, value in after.items()
        # Two texts that are hidden look the same if they begin alike.
        if before.get(name) != value or HIDDEN in value
    ]
    head = f"{sample['action']} {sample['key']}"
    return f"{head}: {', '.join(changes)}" if changes else head


def _values(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The values of a payload, each with its name, without what every row of the push has."""
    if isinstance(document, Mapping):
        for name, inner in document.items():
            if not (name.startswith("_") or (not path and name in _SAME)):
                yield from _values(inner, path if name == "attributes" else (*path, name))
    elif path:
        is_text = isinstance(document, str) and document
        yield ".".join(path), document if is_text else json.dumps(document, ensure_ascii=False)


def print_forecast(forecast: Forecast) -> None:
    """Print how many people would enter which campaigns."""
    say(f"  campaigns: {forecast.sentence}.")
    for entries in forecast.woken:
        count = "" if entries.most is None else f" {entries.most:,}"
        why = f", since {'; '.join(entries.reasons)}" if entries.reasons else ""
        say(
            f"    {entries.campaign_id} ({entries.name}), by {entries.trigger}: {entries.verdict}{count}{why}"
        )


@contextmanager
def progress(name: str) -> Iterator[OnProgress]:
    """On a terminal, a progress bar of answered rows, which disappears at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bar:
        task = bar.add_task(f"{name}, rows", total=None)
        yield lambda delivery: bar.update(task, total=delivery.planned, completed=delivery.answered)


def print_result(result: PushResult) -> None:
    """Print the result of a push."""
    print_plan(result.plan, samples=False)
    if result.brakes:
        say("  Stopped by a brake; nothing was sent.")
    elif not result.plan.sends and result.plan.counts["assume"]:
        say("  Nothing to send: the first run marks these rows as sent.")
    elif result.run is None:
        say("  Nothing to send.")
    else:
        print_run(result.run)


def print_outcome(outcome: PushOutcome) -> None:
    """Print the outcome of one of several pushes."""
    if outcome.result is not None:
        print_result(outcome.result)
    elif outcome.waits_for is not None:
        say(f"{outcome.sync}: it waits, since it comes after {outcome.waits_for}, which did not run.")
    else:
        warn(f"{outcome.sync}: {outcome.error}")


def print_run(result: RunResult) -> None:
    """Print the result of a run."""
    delivery, confirmation = result.delivery, result.confirmation
    say(
        f"  Run {result.run_id}: {delivery.accepted:,} accepted, {delivery.rejected:,} rejected, "
        f"{result.requests:,} requests, {result.seconds:.1f} s."
    )
    if confirmation.unreadable:
        say(
            f"  {confirmation.unreadable:,} events were accepted and cannot be read back: Customer.io lists "
            "events of the last 30 days."
        )
    if confirmation.share is None or confirmation.low is None or confirmation.high is None:
        return
    say(
        f"  Read back: {confirmation.confirmed:,} of {confirmation.sampled:,} arrived, "
        f"{confirmation.share:.1%} ({confirmation.low:.1%} to {confirmation.high:.1%}); "
        f"{confirmation.dropped:,} dropped."
    )


def print_audit(result: AuditResult) -> None:
    """Print the differences that an audit found, and the result of the repair."""
    found = result.findings
    counts = ", ".join(f"{number:,} {kind}" for kind, number in found.counts.items()) or "no drift"
    say(f"{result.sync}: {found.rows:,} rows compared in {found.requests:,} requests: {counts}.")
    if found.attributes:
        names = ", ".join(f"{name} in {number:,}" for name, number in found.attributes.items())
        say(f"  attributes: {names}.")
    if found.pending:
        say(f"  {found.pending:,} more differ because the push has not sent them yet.")
    if found.returned:
        names = ", ".join(f"{name or 'rows'} in {number:,}" for name, number in found.returned.items())
        say(f"  came back after they were gone: {names}. Another writer sets them, too.")
    for sample in found.samples:
        attribute = f" {sample['attribute']}: {sample['found'] or 'nothing'}, not {sample['wanted']}"
        say(f"  {sample['difference']} {sample['key']}{attribute if sample['attribute'] else ''}")
    if result.push is not None:
        print_result(result.push)


def print_undo(plan: UndoPlan) -> None:
    """Print the plan of an undo."""
    say(f"Run {plan.run_id} of {plan.sync}, undo plan {plan.plan_id}: {plan.sends:,} rows to send.")
    for reason, rows in plan.left_alone.items():
        say(f"  {rows:,} left alone: {reason}.")


def print_status(rows: Sequence[PushStatus]) -> None:
    """Print the state of each push."""
    table = grid(
        (
            "sync",
            "last run",
            "state",
            "started",
            "accepted",
            "dropped",
            "held",
            "doubtful",
            "rejected",
            "dead",
            "invalid",
        )
    )
    for row in rows:
        numbers = (row.accepted, row.dropped, row.held, row.doubtful, row.rejected, row.dead, row.invalid)
        table.add_row(
            row.sync,
            row.last_run or "",
            row.state or "",
            _utc(row.started_at),
            *("" if number is None else f"{number:,}" for number in numbers),
        )
    OUT.print(table)
    for row in rows:
        if row.degraded:
            say(f"{row.sync} is degraded: {row.degraded}.")
        if row.error:
            say(f"{row.sync}: {row.error}")


def print_no_status(settings: Settings) -> None:
    """Print what a push is, and how to begin, before the first one has run."""
    say(
        f"No push has run yet in {settings.cio_elt_data}. A push writes the rows of a SQL model to "
        f"Customer.io, as people, events, segments or objects. Declare one in {settings.cio_elt_push}; "
        "`cio-elt push plan` shows what it would send, and sends nothing."
    )


def _utc(at: float | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
