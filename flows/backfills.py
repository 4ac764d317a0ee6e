"""`backfill`: a range of time, read again chunk by chunk; a run resumes what an earlier one left."""

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run
from prefect.states import Completed

from flows import progress, summary
from flows.blocks import settings_of_run
from flows.exports import check_state, collect_export, create_export, not_ready
from flows.parameters import ChunkDays, FromDay, TimedResource, ToDay, Via, WaitMinutes, midnight
from flows.runs import concluding, name_refused, outcome, turn, worth_repeating
from pipelines.export import AHEAD, ExportResult, prepare_history
from pipelines.ingest.backfill import Backfill, fill, plan
from pipelines.settings import Settings
from sources.customerio.extract import ResourceSummary, RunSummary, Window


@flow(name="backfill", flow_run_name="backfill {resource} {from_day}..{to_day}", on_failure=[name_refused])
@concluding
def backfill(
    resource: TimedResource,
    from_day: FromDay,
    to_day: ToDay,
    gaps_only: bool = False,
    via: Via = "pages",
    chunk_days: ChunkDays = 7,
    wait_minutes: WaitMinutes = 120,
) -> State[Any]:
    """Read a range of time again. Syncs can run between two chunks.

    A run that was cancelled or failed leaves whole chunks; the same form sent again reads the remaining ones.

    Args:
        resource: The table to fill. Only tables whose rows have a time can be backfilled.
        from_day: First day, from midnight UTC. Activities go back 30 days at most.
        to_day: The day after the last day, UTC; it is not read itself.
        gaps_only: Read only time that no run has read yet.
        via: How deliveries are read: page by page, or by an export for each parent. Exports are faster for a
            year and more, lack parents that were deleted, and do not count as coverage.
        chunk_days: Days that are read, loaded and published at a time.
        wait_minutes: How long each chunk waits for another run that writes the warehouse.
    """
    settings, wait_s = settings_of_run(), wait_minutes * 60.0
    start, end = midnight(from_day), midnight(to_day)
    if via == "exports":
        return _by_exports(settings, start, end, wait_s)
    planned = plan(settings, resource, start, end, gaps=gaps_only, chunk_days=chunk_days)
    return _by_pages(settings, planned, wait_s, title=f"{resource} {from_day}..{to_day}, all chunks.")


def _by_pages(settings: Settings, planned: Backfill, wait_s: float, *, title: str) -> State[Any]:
    resource, reached = planned.resource, progress.Chunks(len(planned.chunks))
    get_run_logger().info("%d chunk(s) to read, %d read before.", len(planned.chunks), planned.done)
    done: list[RunSummary] = []
    with progress.shown(reached.look):
        for window in planned.chunks:
            done.append(fill_chunk(settings, planned, window, reached, wait_s))
    total = _total(resource, done)
    summary.shown(total, key=f"backfill-{resource}", title=title)
    written = total.resources[resource].written
    return outcome(total.failed, 1, f"{len(done)} chunk(s) read, {written:,} rows written.", total.rejected)


def _by_exports(settings: Settings, start: int, end: int, wait_s: float) -> State[Any]:
    """Create some exports ahead and load those that are ready; while none is, the run leaves the worker."""
    loaded: list[ExportResult] = []
    left = list(prepare_history(settings, start, end).requests)
    while left:
        created = [create_export(settings, each) for each in left[:AHEAD]]
        ready = [export for export in created if check_state(settings, export) != "pending"]
        if not ready:
            return not_ready(f"Of {len(left)} export(s), the first {len(created)} are not ready", 24)
        for export in ready:
            loaded.append(collect_export(settings, export, wait_s))
            summary.export(loaded[-1])
            left = [each for each in left if each != export.request]
    rows = sum(result.new for result in loaded)
    return Completed(message=f"{len(loaded)} export(s) loaded, {rows:,} deliveries new.")


def _name_of_chunk() -> str:
    return summary.days(task_run.parameters["window"])


@task(
    task_run_name=_name_of_chunk,
    retries=2,
    retry_delay_seconds=[60, 300],
    retry_condition_fn=worth_repeating,
    cache_policy=NO_CACHE,
)
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
