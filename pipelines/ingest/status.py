"""The status of the warehouse and of every table: rows, freshness, and time that is missing or soon lost."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.ingest.bands import LateMetrics, bands_of, late_metrics
from pipelines.ingest.coverage import FEED_DEPTH_S, gaps, proven
from pipelines.settings import Settings
from pipelines.times import DAY, span, utc
from pipelines.trace import FAILURES, Run, RunLedger, failed_last
from pipelines.warehouse.erasures import is_unfinished
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query, no_warehouse, querying, tables
from pipelines.warehouse.runs import TABLE as RUNS
from pipelines.warehouse.runs import now_there
from pipelines.warehouse.set_aside import SetAside, packages_set_aside
from pipelines.workspace import WorkspaceRecord, read_record
from sources.customerio import RESOURCES
from sources.customerio.catalogue import Resource
from sources.customerio.extract import COVERAGE, REJECTED, Window

AT_RISK_S = 7 * DAY
"""A table is at risk if Customer.io deletes time that is not read yet within that many seconds."""


UNFINISHED = (
    "An erasure has not ended. If none is running, it was killed, and something of the people may be left in "
    "the data folder: run `cio-elt erase --resume`, which needs no identifier."
)
"""The sentence about an erasure that was killed."""


@dataclass(frozen=True, kw_only=True)
class TableStatus:
    """The status of one table. Times are Unix seconds of Customer.io's clock, None before the first.

    `lag_s` counts from the last second that was read, or where rows have no time, from the last success;
    `target_s` is its allowed maximum. `rejected` counts the records that its last sync set aside.
    `covered` is the time that was read completely, except for the `gaps` in it. `history_missing` is true
    if no sync has read the table's time to its beginning yet, though one tried. `lost_at` is when
    Customer.io deletes the oldest second that is not read yet.
    """

    table: str
    rows: int
    deleted: int
    newest: int | None
    last_run: int | None
    last_success: int | None
    error: str | None
    lag_s: int | None
    target_s: int
    rejected: int = 0
    covered: Window | None = None
    gaps: list[Window] = field(default_factory=list)
    history_missing: bool = False
    lost_at: int | None = None
    at_risk: bool = False


@dataclass(frozen=True, kw_only=True)
class WarehouseStatus:
    """The status of the warehouse.

    `workspace` is the recorded one of the data folder. `tables` are those that a sync has filled, in
    the order of the catalogue. `last_run_s` is the number of seconds since the last sync ended, None before
    the first.
    `set_aside` are the load packages that could not be loaded. `failures` are the last runs of commands that
    failed or were killed, if no later run of the command did its work; `last_run_failed` is about the last
    run of all. `late_metrics` are those of deliveries, None before deliveries were read. `unfinished_erasure`
    is true if an erasure did not end.
    """

    workspace: WorkspaceRecord
    tables: list[TableStatus]
    last_run_s: int | None
    set_aside: list[SetAside]
    late_metrics: LateMetrics | None
    failures: list[Run] = field(default_factory=list)
    last_run_failed: bool = False
    unfinished_erasure: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The status as JSON."""
        return {
            "workspace": self.workspace.document,
            "last_run_s": self.last_run_s,
            "tables": [asdict(row) for row in self.tables],
            "set_aside": [asdict(package) for package in self.set_aside],
            "failures": [asdict(run) for run in self.failures],
            "last_run_failed": self.last_run_failed,
            "unfinished_erasure": self.unfinished_erasure,
            "late_metrics": None if self.late_metrics is None else asdict(self.late_metrics),
        }


def warehouse_status(settings: Settings) -> WarehouseStatus:
    """The status of the warehouse and of every table that a sync has filled.

    Raises:
        ConfigError: there is no warehouse yet.
    """
    with querying(settings) as query:
        present = tables(query)
        if RUNS not in present:
            raise no_warehouse(settings)
        now, found = now_there(query), _tables(query, present, settings)
        read_at = [row.last_run for row in found if row.last_run is not None]
        ended = ended_runs(settings)
        return WarehouseStatus(
            # While the file is open, DuckDB opens it a second time at no cost.
            workspace=read_record(settings),
            tables=found,
            last_run_s=max(now - max(read_at), 0) if read_at else None,
            set_aside=packages_set_aside(settings),
            failures=failed_last(ended),
            last_run_failed=bool(ended) and ended[0].state in FAILURES,
            unfinished_erasure=is_unfinished(settings),
            late_metrics=late_metrics(query, bands_of(settings), now) if "messages" in present else None,
        )


def status(settings: Settings) -> list[TableStatus]:
    """The status of every table that a sync has filled, in the order of the catalogue.

    Raises:
        ConfigError: there is no warehouse yet.
    """
    return warehouse_status(settings).tables


def ended_runs(settings: Settings) -> list[Run]:
    """The ended runs of commands, the newest first; empty if the ledger of runs cannot be read."""
    try:
        return RunLedger(settings.cio_elt_data).ended()
    except (OSError, sqlite3.Error):
        # `cio-elt doctor` tells of a damaged ledger.
        return []


def unfinished_erasure(settings: Settings) -> str:
    """A sentence about an erasure that did not end; empty if there is none."""
    return UNFINISHED if is_unfinished(settings) else ""


def failed(run: Run) -> str:
    """A sentence about a run that failed or was killed."""
    at = f" at the step `{run.step}`" if run.step else ""
    if run.state == "killed":
        seen = "" if run.ended_at is None else f", last seen at {utc(int(run.ended_at))}"
        return (
            f"The last `{run.command}` was killed{at}: begun at {utc(int(run.began_at))}{seen}. "
            "Run it again; it resumes there."
        )
    why = f": {run.message or run.error}" if run.error else "."
    return f"The last `{run.command}` failed{at}, begun at {utc(int(run.began_at))}{why}"


def late(rows: list[TableStatus], max_lag_s: int | None = None) -> list[str]:
    """A sentence for each table that is further behind than its target, or than `max_lag_s`."""
    found = []
    for row in late_tables(rows, max_lag_s):
        target = row.target_s if max_lag_s is None else max_lag_s
        state = "was never read to its end" if row.lag_s is None else f"is {span(row.lag_s)} behind"
        found.append(f"{row.table} {state}; the target is {span(target)}. Run `cio-elt sync`.")
    return found


def late_tables(rows: list[TableStatus], max_lag_s: int | None = None) -> list[TableStatus]:
    """The tables that are further behind than their target, or than `max_lag_s`."""
    return [
        row
        for row in rows
        if row.lag_s is None or row.lag_s > (row.target_s if max_lag_s is None else max_lag_s)
    ]


def missing(rows: list[TableStatus]) -> list[str]:
    """A sentence for each table that lacks its history, has gaps, or is about to lose time for ever."""
    found = []
    for row in rows:
        if row.history_missing:
            found.append(
                f"No sync has read {row.table} to its beginning yet, so time is missing. "
                f"Run `cio-elt sync {row.table}`."
            )
        if row.gaps:
            first, seconds = row.gaps[0], sum(gap.seconds for gap in row.gaps)
            found.append(
                f"{row.table} lacks {span(seconds)} in {len(row.gaps)} gap(s), the first from "
                f"{utc(first.start)} to {utc(first.end)}. Run `cio-elt backfill {row.table} --gaps "
                f"--from {first.start}`."
            )
        if row.at_risk and row.lost_at is not None:
            found.append(
                f"Customer.io deletes rows of {row.table} that no run has read yet from "
                f"{utc(row.lost_at)} on. Run `cio-elt sync` before."
            )
    return found


# Per resource: the end of the last sync, the last success, and the error and the id of the last sync.
_RUNS = f"""
    SELECT resource, max(finished_at), max(CASE WHEN error IS NULL THEN finished_at END),
           max(CASE WHEN latest = 1 THEN error END), max(CASE WHEN latest = 1 THEN run_id END)
    FROM (
        SELECT *, row_number() OVER (PARTITION BY resource ORDER BY _dlt_load_id DESC) AS latest
        FROM {DATASET}.{RUNS}
        WHERE backfill IS NULL
    ) AS runs
    GROUP BY resource
"""


@dataclass(frozen=True, kw_only=True)
class _LastSync:
    """The end of the last sync of a table, of the last that succeeded, and the error and id of the last."""

    finished_at: int | None = None
    success_at: int | None = None
    error: str | None = None
    run_id: str | None = None


def _tables(query: Query, present: set[str], settings: Settings) -> list[TableStatus]:
    rows = [row for row in RESOURCES if row.table in present]
    now, counts = now_there(query), _counts(query, rows)
    names = ("finished_at", "success_at", "error", "run_id")
    syncs = {table: _LastSync(**dict(zip(names, cells, strict=True))) for table, *cells in query(_RUNS)}
    rejected = _rejected(query) if REJECTED in present else {}
    covered = _covered(query) if COVERAGE in present else set()
    found = []
    for row in rows:
        sync = syncs.get(row.table, _LastSync())
        read = proven(query, row.table) if row.table in covered else []
        refused = rejected.get((row.table, sync.run_id), 0)
        found.append(_table(row, counts[row.table], sync, read, refused, now, settings))
    return found


def _counts(query: Query, rows: list[Resource]) -> dict[str, tuple[int, int, int | None]]:
    """By table: all its rows, those that are deleted, and the newest time."""
    selects = []
    for row in rows:
        deleted = "count(deleted_at)" if row.tombstones else "0"
        newest = f'max("{row.cursor}")' if row.cursor else "NULL"
        selects.append(
            f"SELECT '{row.table}', count(*), {deleted}, CAST({newest} AS BIGINT) FROM {DATASET}.{row.table}"
        )
    found = query(" UNION ALL ".join(selects)) if selects else []
    return {table: (int(number), int(deleted), newest) for table, number, deleted, newest in found}


def _rejected(query: Query) -> Mapping[tuple[str, str | None], int]:
    """The number of records that were set aside, by table and run."""
    rows = query(f"SELECT resource, run_id, count(*) FROM {DATASET}.{REJECTED} GROUP BY resource, run_id")
    return {(table, run_id): int(number) for table, run_id, number in rows}


def _covered(query: Query) -> set[str]:
    """The tables that the ledger knows."""
    return {table for (table,) in query(f"SELECT DISTINCT resource FROM {DATASET}.{COVERAGE}")}


def _table(
    row: Resource,
    counts: tuple[int, int, int | None],
    sync: _LastSync,
    read: list[Window],
    rejected: int,
    now: int,
    settings: Settings,
) -> TableStatus:
    everything, deleted, newest = counts
    lost_at = _first_unread(read, now) + FEED_DEPTH_S if row.reader == "feed" and read else None
    fresh_at: Any = read[-1].end if read else sync.success_at
    return TableStatus(
        table=row.table,
        rows=everything - deleted,
        deleted=deleted,
        newest=newest,
        last_run=sync.finished_at,
        last_success=sync.success_at,
        error=sync.error,
        lag_s=None if fresh_at is None else max(now - fresh_at, 0),
        target_s=settings.cio_elt_target_lag,
        rejected=rejected,
        covered=Window(start=read[0].start, end=read[-1].end) if read else None,
        gaps=gaps(read, settings.customerio_start if row.reader == "windows" else None),
        history_missing=(
            row.reader in ("windows", "feed") and sync.finished_at is not None and sync.success_at is None
        ),
        lost_at=lost_at,
        at_risk=lost_at is not None and lost_at - now < AT_RISK_S,
    )


def _first_unread(read: list[Window], now: int) -> int:
    """The oldest second that Customer.io still has and no run has read."""
    fillable = [gap for gap in gaps(read) if gap.end >= now - FEED_DEPTH_S]
    return max(fillable[0].start, now - FEED_DEPTH_S) if fillable else read[-1].end + 1
