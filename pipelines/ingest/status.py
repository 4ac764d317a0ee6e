"""The status of every table: its rows, how fresh they are, and time that is missing or about to be lost."""

from dataclasses import dataclass, field
from typing import Any

from pipelines.ingest.coverage import FEED_DEPTH_S, gaps, proven
from pipelines.settings import Settings
from pipelines.times import DAY, span, utc
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query, no_warehouse, querying, tables
from pipelines.warehouse.runs import TABLE as RUNS
from pipelines.warehouse.runs import now_there
from sources.customerio import RESOURCES
from sources.customerio.catalogue import Resource
from sources.customerio.extract import COVERAGE, Window

AT_RISK_S = 7 * DAY
"""A table is at risk if Customer.io deletes time that is not read yet within that many seconds."""


@dataclass(frozen=True, kw_only=True)
class TableStatus:
    """The status of one table. Times are Unix seconds of Customer.io's clock, None before the first.

    `lag_s` counts from the last second that was read, or where rows have no time, from the last success;
    `target_s` is its allowed maximum. `covered` is the time that was read completely, except for the `gaps`
    in it. `lost_at` is when Customer.io deletes the oldest second that is not read yet.
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
    covered: Window | None = None
    gaps: list[Window] = field(default_factory=list)
    lost_at: int | None = None
    at_risk: bool = False


def status(settings: Settings) -> list[TableStatus]:
    """The state of every table that a sync has filled, in the order of the catalogue.

    Raises:
        ConfigError: there is no warehouse yet.
    """
    with querying(settings) as query:
        present = tables(query)
        if RUNS not in present:
            raise no_warehouse(settings)
        runs = {row[0]: row[1:] for row in query(_RUNS)}
        now = now_there(query)
        return [
            _table(query, row, runs.get(row.table), now, settings, COVERAGE in present)
            for row in RESOURCES
            if row.table in present
        ]


def late(rows: list[TableStatus], max_lag_s: int | None = None) -> list[str]:
    """A sentence for each table that is further behind than its target, or than `max_lag_s`."""
    found = []
    for row in rows:
        target = row.target_s if max_lag_s is None else max_lag_s
        if row.lag_s is None or row.lag_s > target:
            state = "was never read to its end" if row.lag_s is None else f"is {span(row.lag_s)} behind"
            found.append(f"{row.table} {state}; the target is {span(target)}. Run `cio-elt sync`.")
    return found


def missing(rows: list[TableStatus]) -> list[str]:
    """A sentence for each table that has gaps, or is about to lose time for ever."""
    found = []
    for row in rows:
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


# Per resource: the end of the last sync, the last success, and the error of the last sync.
_RUNS = f"""
    SELECT resource, max(finished_at), max(CASE WHEN error IS NULL THEN finished_at END),
           max(CASE WHEN latest = 1 THEN error END)
    FROM (
        SELECT *, row_number() OVER (PARTITION BY resource ORDER BY _dlt_load_id DESC) AS latest
        FROM {DATASET}.{RUNS}
        WHERE backfill IS NULL
    ) AS runs
    GROUP BY resource
"""


def _table(
    query: Query, row: Resource, run: tuple[Any, ...] | None, now: int, settings: Settings, has_ledger: bool
) -> TableStatus:
    deleted = "sum(CASE WHEN deleted_at IS NOT NULL THEN 1 ELSE 0 END)" if row.tombstones else "0"
    newest = f'max("{row.cursor}")' if row.cursor else "NULL"
    ((rows, gone, newest_at),) = query(f"SELECT count(*), {deleted}, {newest} FROM {DATASET}.{row.table}")
    last_run, last_success, error = run or (None, None, None)
    read = proven(query, row.table) if has_ledger else []
    lost_at = _first_unread(read, now) + FEED_DEPTH_S if row.reader == "feed" and read else None
    fresh_at = read[-1].end if read else last_success
    return TableStatus(
        table=row.table,
        rows=rows - int(gone or 0),
        deleted=int(gone or 0),
        newest=newest_at,
        last_run=last_run,
        last_success=last_success,
        error=error,
        lag_s=None if fresh_at is None else max(now - fresh_at, 0),
        target_s=settings.cio_elt_target_lag,
        covered=Window(start=read[0].start, end=read[-1].end) if read else None,
        gaps=gaps(read, settings.customerio_start if row.reader == "windows" else None),
        lost_at=lost_at,
        at_risk=lost_at is not None and lost_at - now < AT_RISK_S,
    )


def _first_unread(read: list[Window], now: int) -> int:
    """The oldest second that Customer.io still has and no run has read."""
    fillable = [gap for gap in gaps(read) if gap.end >= now - FEED_DEPTH_S]
    return max(fillable[0].start, now - FEED_DEPTH_S) if fillable else read[-1].end + 1
