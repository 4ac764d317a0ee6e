"""`backfill`: a range of time, read again chunk by chunk; a run resumes what an earlier one left."""

import time
from typing import Any, Final

from prefect import flow, get_run_logger, task
from prefect.client.schemas.objects import State
from prefect.runtime import task_run
from prefect.states import Completed, Failed

from flows import progress, summary
from flows.blocks import settings_of_run
from flows.exports import not_ready
from flows.parameters import (
    EMPTY,
    ChunkDays,
    FromDay,
    GapsOnly,
    TimedTable,
    ToDay,
    Via,
    WaitMinutes,
    midnight,
)
from flows.runs import PARTLY, RETRIED, concluding, named, outcome, turn
from pipelines.export import HistoryPlan, HistoryProgress, history, prepare_history
from pipelines.ingest.backfill import Backfill, fill, plan
from pipelines.settings import Settings
from sources.customerio.extract import ResourceSummary, RunSummary, Window

_LONGEST_S: Final = 30.0
"""Seconds between two looks at exports up to which the process waits: another one takes some to start."""


def _name_of_run(resource: Any, from_day: Any, to_day: Any, gaps_only: Any, **_rest: Any) -> str:
    days = f"{from_day or ''}..{to_day or 'now'}" if from_day or to_day else ""
    return " ".join(["backfill", str(resource), *(["gaps"] if gaps_only else []), days]).rstrip()


@flow(name="backfill", flow_run_name=named(_name_of_run), validate_parameters=False)
@concluding
def backfill(
    resource: TimedTable = "messages",
    from_day: FromDay = EMPTY,
    to_day: ToDay = EMPTY,
    gaps_only: GapsOnly = False,
    via: Via = "pages",
    chunk_days: ChunkDays = 7,
    wait_minutes: WaitMinutes = 120,
) -> State[Any]:
    """Read a range of time again. Syncs can run between two chunks.

    A run that was cancelled or failed leaves whole chunks; the same form sent again reads the remaining ones.

    Args:
        resource: The table to fill; only rows of these tables have a time.
        from_day: It begins at midnight UTC. Activities go back 30 days at most. May be empty if only missing
            time is read: then it is the day of the first sync.
        to_day: This day is not read itself; it begins at midnight UTC. Empty means up to now, or up to the
            last sync if only missing time is read.
        gaps_only: Read only time that no run has read yet. The days may be empty then.
        via: How deliveries are read: page by page, or by an export for each campaign and newsletter. Exports
            are faster for a year and more, lack what was deleted in Customer.io, and leave the time missing.
        chunk_days: The days of one step. After each step its rows can be queried, and another run gets its
            turn.
        wait_minutes: How long each step waits for another run that writes the warehouse.
    """
    settings, wait_s = settings_of_run(), wait_minutes * 60.0
    start, end = (None if day is None else midnight(day) for day in (from_day, to_day))
    if via == "exports" and start is not None:
        return _by_exports(settings, start, end, wait_s)
    planned = plan(settings, resource, start, end, gaps=gaps_only, chunk_days=chunk_days)
    return _by_pages(
        settings, planned, wait_s, title=f"{resource} {summary.days(planned.whole)}, all chunks."
    )


def _by_pages(settings: Settings, planned: Backfill, wait_s: float, *, title: str) -> State[Any]:
    resource, reached = planned.resource, progress.Chunks(len(planned.chunks))
    get_run_logger().info("%d chunk(s) to read, %d read before.", len(planned.chunks), planned.done)
    done: list[RunSummary] = []
    with progress.shown(reached.look):
        for window in planned.chunks:
            done.append(fill_chunk(settings, planned, window, reached, wait_s))
    total = _total(resource, done)
    summary.shown(total, title=title)
    written = total.resources[resource].written
    return outcome(total.failed, 1, f"{len(done)} chunk(s) read, {written:,} rows written.", total.rejected)


def _by_exports(settings: Settings, start: int, end: int | None, wait_s: float) -> State[Any]:
    """Load the exports as they get ready; if that takes long, the run leaves the worker."""
    planned, reached = prepare_history(settings, start, end), HistoryProgress()
    if not load_exports(settings, planned, reached, wait_s):
        left = reached.exports - reached.loaded - len(reached.failed)
        return not_ready(
            f"{left} of {reached.exports} export(s), {reached.under_way} under way: not ready", 24
        )
    done = f"{planned.done + reached.loaded} export(s) loaded, {reached.rows:,} rows by this process."
    if not reached.failed:
        return Completed(message=done)
    reasons = " ".join(dict.fromkeys(str(error) for _, error in reached.failed))
    message = f"{done} {len(reached.failed)} failed: {reasons}"
    return Failed(name=PARTLY, message=message) if planned.done + reached.loaded else Failed(message=message)


@task(name="load exports", **RETRIED)
def load_exports(settings: Settings, planned: HistoryPlan, reached: HistoryProgress, wait_s: float) -> bool:
    """Create the exports and load those that are ready; False if the others take too long to wait here."""
    reached.loaded, reached.rows, reached.failed = 0, 0, []
    with turn(settings, wait_s), progress.shown(lambda: reached.reached):
        results = history(
            settings, planned, wait_s=wait_s, notify=get_run_logger().info, pause=_wait, progress=reached
        )
        loaded = []
        try:
            for result in results:
                loaded.append(result)
        except _TakesLong:
            return False
        finally:
            summary.exports(loaded)
    return True


class _TakesLong(Exception):
    """Exports that are under way take longer than a process should wait for."""


def _wait(seconds: float) -> None:
    if seconds > _LONGEST_S:
        raise _TakesLong
    time.sleep(seconds)


def _name_of_chunk() -> str:
    return summary.days(task_run.parameters["window"])


@task(task_run_name=_name_of_chunk, **RETRIED)
def fill_chunk(
    settings: Settings, planned: Backfill, window: Window, reached: progress.Chunks, wait_s: float
) -> RunSummary:
    """Read, load and publish one chunk as a whole."""
    growing = RunSummary()
    with turn(settings, wait_s):
        reached.begin(growing)
        fill(settings, planned, window, wait_s=wait_s, summary=growing, notify=get_run_logger().info)
    reached.end()
    summary.logged(growing, window)
    return growing


def _total(resource: str, chunks: list[RunSummary]) -> RunSummary:
    """The sums of all chunks' numbers, as the summary of one run."""
    total = RunSummary()
    total.open(resource)
    for chunk in chunks:
        if resource in chunk.resources:
            _add(total.resources[resource], chunk.resources[resource])
    return total


def _add(total: ResourceSummary, chunk: ResourceSummary) -> None:
    total.requests += chunk.requests
    total.read += chunk.read
    total.new += chunk.new
    total.changed += chunk.changed
    total.deleted += chunk.deleted
    total.rejected += chunk.rejected
    total.seconds += chunk.seconds
    total.error = total.error or chunk.error
