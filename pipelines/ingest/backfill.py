"""Backfills: a range of time read again, chunk by chunk, even if syncs have read it.

    plan -> for each chunk: lock -> extract -> load with its ledger rows -> publish

The coverage ledger is the state of a backfill: its rows name the backfill that read them. A backfill that was
stopped is resumed with the windows that its rows lack; one that is complete starts anew when it is requested
again. Between two chunks the warehouse's lock is free, so that a sync can run.
"""

import time
from dataclasses import dataclass

from pipelines.errors import ConfigError
from pipelines.ingest.coverage import FEED_DEPTH_S, proven
from pipelines.ingest.sync import SyncResult, sync_window
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.times import DAY, utc
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query, querying, tables
from pipelines.warehouse.runs import now_there
from pipelines.workspace import check_workspace
from sources.customerio import resources_named
from sources.customerio.catalogue import Resource
from sources.customerio.extract import COVERAGE, RunSummary, Window, left_out, sliced

# A run that waits for the warehouse's lock tries 20 times a second.
_TURN_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """The remaining part of a backfill. `chunks` are read in this order; `done` counts those read before.

    `id` names it in the ledger: resource, first and last second, and how many times it was requested.
    """

    id: str
    resource: str
    whole: Window
    chunks: tuple[Window, ...]
    done: int = 0


def plan(
    settings: Settings,
    resource: str,
    start: int | None = None,
    end: int | None = None,
    *,
    gaps: bool = False,
    chunk_days: int = 7,
) -> Backfill:
    """Plan the chunks to read, so that `resource` is read from `start` until before `end`.

    Args:
        settings: which warehouse.
        resource: a table whose rows have a time: messages or activities.
        start: Unix second, included; None is allowed with `gaps` only, and is where the first run began.
        end: Unix second, excluded; None is now, with `gaps` the end of the last run. The future is left out.
        gaps: only time that no run has read yet; without such time, there are no chunks.
        chunk_days: days that are read, loaded and published at a time.

    Raises:
        ConfigError: the resource has no time, or that time cannot be read; the message says why.
    """
    row = _with_time(resource)
    asked = f"{resource}:{start}:{end}:"
    with querying(settings, may_lack=True) as query:
        now = now_there(query)
        has_ledger = COVERAGE in tables(query)
        read = proven(query, resource) if has_ledger else []
        if gaps and read:
            start, end = start or read[0].start, end or read[-1].end + 1
        whole = _readable(row, start, end or now, now)
        if gaps:
            number, done = "gaps", read
        else:
            number, done = _begun(query, resource, asked, whole) if has_ledger else ("1", [])
    return Backfill(
        id=asked + number,
        resource=resource,
        whole=whole,
        chunks=_chunks(row, left_out(whole, done), chunk_days),
        done=0 if gaps else len(_chunks(row, done, chunk_days)),
    )


def fill(
    settings: Settings,
    planned: Backfill,
    window: Window,
    *,
    predicted: int | None = None,
    wait_s: float = 3600.0,
    summary: RunSummary | None = None,
    notify: Notify = silent,
) -> SyncResult:
    """Read one chunk, load it and publish it; `predicted` are the requests that a plan predicts for it.

    Raises:
        Busy: another run wrote the warehouse for longer than `wait_s`.
        WrongWorkspace: the App API key is of another workspace than the warehouse. Nothing was changed.
        CustomerioError: Customer.io cannot be reached. Nothing was changed.
    """
    check_workspace(settings)
    result = sync_window(
        settings,
        planned.resource,
        window,
        planned.id,
        predicted=predicted,
        wait_s=wait_s,
        summary=summary,
        notify=notify,
    )
    # A run that waits for the warehouse gets it before the next chunk.
    time.sleep(_TURN_S)
    return result


def _with_time(resource: str) -> Resource:
    (row,) = resources_named([resource])
    if row.reader not in ("windows", "feed"):
        msg = (
            f"{resource} cannot be backfilled: its rows have no time to ask for, and every sync reads all of "
            "them. Run `cio-elt sync` for it, with --full to have every row compared again."
        )
        raise ConfigError(msg)
    return row


def _readable(row: Resource, start: int | None, end: int, now: int) -> Window:
    """The seconds from `start` until before `end`, without the future."""
    if start is None:
        msg = (
            f"From when on is {row.table} to be read? Give a start, such as --from {utc(now - 7 * DAY)[:10]}."
        )
        raise ConfigError(msg)
    if start >= now:
        msg = f"The backfill would begin at {utc(start)}, which is in the future; give an earlier start."
        raise ConfigError(msg)
    if start >= end:
        msg = f"The backfill would begin at {utc(start)} and end at {utc(end)}; give an end that is later."
        raise ConfigError(msg)
    oldest = now - FEED_DEPTH_S
    if row.reader == "feed" and start < oldest:
        msg = (
            f"Customer.io keeps {row.table} for 30 days, and {utc(start)} lies before that. Begin at "
            f"{utc(oldest)} or later; what was not read before that is lost."
        )
        raise ConfigError(msg)
    return Window(start=start, end=min(end - 1, now))


def _begun(query: Query, resource: str, asked: str, whole: Window) -> tuple[str, list[Window]]:
    """The number of the backfill to resume, or of a new one, and the windows that it has read."""
    names = query(f"SELECT DISTINCT backfill FROM {DATASET}.{COVERAGE} WHERE backfill LIKE '{asked}%'")
    numbers = [int(tail) for (name,) in names if (tail := name.removeprefix(asked)).isdecimal()]
    last = max(numbers, default=0)
    done = proven(query, resource, backfill=f"{asked}{last}") if last else []
    # The newest chunk is read first, so a complete backfill lacks only the time since then.
    if done and not left_out(Window(start=whole.start, end=done[-1].end), done):
        return str(last + 1), []
    return str(max(last, 1)), done


def _chunks(row: Resource, wanted: list[Window], chunk_days: int) -> tuple[Window, ...]:
    """The windows in chunks, newest first. A feed is read from its top, so it is one chunk."""
    if row.reader == "feed" and wanted:
        return (Window(start=wanted[0].start, end=wanted[-1].end),)
    return tuple(chunk for window in reversed(wanted) for chunk in sliced(window, chunk_days * DAY))
