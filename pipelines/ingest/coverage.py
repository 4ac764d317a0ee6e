"""Reads the coverage ledger: the time of a table that is covered by the warehouse, and the gaps."""

from pipelines.times import DAY
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from pipelines.warehouse.runs import now_there
from sources.customerio.client import FARTHEST_S
from sources.customerio.extract import COVERAGE, Window, left_out, union

# "Guaranteed only for the last 30 days" (`GET /v1/activities`).
FEED_DEPTH_S = 30 * DAY


def proven(query: Query, table: str, *, backfill: str | None = None) -> list[Window]:
    """The time of `table` whose rows are all loaded, oldest first; with `backfill`, the part that it read.

    A package is loaded table by table, so its intervals count once dlt notes it as loaded as a whole. A
    reading of the future, which only a wrong clock makes, proves nothing.
    """
    chosen = f"AND backfill = '{backfill}'" if backfill else ""
    rows = query(
        f"SELECT start_at, end_at FROM {DATASET}.{COVERAGE} WHERE resource = '{table}' {chosen} "
        f"AND read_at <= {now_there(query) + FARTHEST_S} "
        f"AND _dlt_load_id IN (SELECT load_id FROM {DATASET}._dlt_loads WHERE status = 0)"
    )
    return union(Window(start=int(start), end=int(end)) for start, end in rows)


def gaps(windows: list[Window], start: int | None = None) -> list[Window]:
    """The time from the first second of `windows`, or from `start`, to their last that is in none of them."""
    if not windows:
        return []
    first = windows[0].start if start is None else min(start, windows[0].start)
    return left_out(Window(start=first, end=windows[-1].end), windows)
