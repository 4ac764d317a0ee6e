"""The verdict about a warehouse in one sentence, and what needs attention, a sentence each.

Tables that share a problem share a sentence: while no sync runs, all of them become late.
"""

from collections.abc import Iterator

from pipelines.ingest.status import (
    UNFINISHED,
    TableStatus,
    WarehouseStatus,
    failed,
    late,
    late_tables,
    missing,
)
from pipelines.times import span
from pipelines.workspace import WorkspaceRecord, described

_NAMED = 6
"""The most tables that a sentence names."""


def verdict(status: WarehouseStatus, max_lag_s: int | None = None) -> str:
    """The state of the warehouse in one sentence: tables, late ones, gaps, failures, last run, workspace."""
    tables = status.tables
    behind = len(late_tables(tables, max_lag_s))
    gaps = sum(bool(row.gaps) or row.history_missing for row in tables)
    failed = sum(row.error is not None for row in tables)
    parts = [
        f"{len(tables)} table{'' if len(tables) == 1 else 's'}",
        f"{behind or 'none'} late",
        f"gaps in {gaps}" if gaps else "no gaps",
        *([f"{failed} not complete"] if failed else []),
        "no run yet" if status.last_run_s is None else f"last run {span(status.last_run_s)} ago",
        _workspace(status.workspace),
    ]
    return f"{', '.join(parts)}."


def attention(status: WarehouseStatus, max_lag_s: int | None = None) -> list[str]:
    """A sentence for each matter that needs attention, the most urgent kind first.

    These are an erasure that did not end, runs that failed or were killed, late tables, missing time, errors
    of the last sync (held-back deletions are one), rejected records, and load packages that were set aside.
    """
    tables = status.tables
    return [
        *([UNFINISHED] if status.unfinished_erasure else []),
        *map(failed, status.failures),
        *_late(tables, max_lag_s),
        *missing(tables),
        *_errors(tables),
        *_rejected(tables),
        *(f"{package.folder}: {package.reason}" for package in status.set_aside),
    ]


def lateness(status: WarehouseStatus) -> str:
    """The late metrics that syncs find, and after what time, in one sentence; empty where none were seen."""
    late = status.late_metrics
    if late is None or late.found is None:
        return ""
    delay = "" if late.delay_s is None else f", {span(round(late.delay_s))} after they came on the mean"
    return (
        f"Of opens, clicks and other metrics that come late, syncs find {late.found:.1%}{delay}; those of "
        "which an activity tells, at once."
    )


def _workspace(record: WorkspaceRecord) -> str:
    return "workspace not known yet" if record.id is None else described(record)


def _late(tables: list[TableStatus], max_lag_s: int | None) -> list[str]:
    """The sentence about each late table; one sentence about all of them if there are several."""
    found = late_tables(tables, max_lag_s)
    if len(found) < 2:
        return late(tables, max_lag_s)
    lags = [row.lag_s for row in found if row.lag_s is not None]
    unread = len(found) - len(lags)
    target = found[0].target_s if max_lag_s is None else max_lag_s
    parts = [
        *([f"up to {span(max(lags))} behind"] if lags else []),
        *([f"{unread} never read to the end"] if unread else []),
    ]
    names = _listed([row.table for row in found])
    state = f"{', '.join(parts)}; the target is {span(target)}"
    return [f"{len(found)} tables are late, {state}: {names}. Run `cio-elt sync`."]


def _errors(tables: list[TableStatus]) -> Iterator[str]:
    """Each error of the last sync once, with the tables that it concerns."""
    by_message: dict[str, list[str]] = {}
    for row in tables:
        if row.error is not None:
            by_message.setdefault(row.error, []).append(row.table)
    for message, names in by_message.items():
        yield f"The last sync of {_listed(names)} was not complete: {message}"


def _rejected(tables: list[TableStatus]) -> Iterator[str]:
    """The tables whose last sync set records aside, with their numbers."""
    counts = [f"{row.table} ({row.rejected:,})" for row in tables if row.rejected]
    if counts:
        yield (
            f"The last sync set {sum(row.rejected for row in tables):,} record(s) aside that could not be "
            f"rows: {_listed(counts)}. See their reasons in customerio_raw.rejected_records."
        )


def _listed(names: list[str]) -> str:
    """The names as text; of many, the first ones and the number of the others."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
