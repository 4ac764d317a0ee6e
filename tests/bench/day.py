"""A day of work beside readers: hourly syncs and pushes, a transform every 3 hours, 8 programs that query.

One process does the work of all hours, so memory that is not given back adds up; each run of a flow has a
process of its own. The sandbox's clock is moved by an hour in between. Readers open the published file again
and again, some hold it open for long. An error of theirs is a query that failed, and one by which rows
vanished. At the end a sync of everything is compared with the workspace, row by row.

`CIO_ELT_BENCH_HOURS` changes the hours.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import duckdb

from pipelines.ingest.sync import sync
from pipelines.push import load_spec, push
from pipelines.settings import Settings
from pipelines.times import HOUR
from pipelines.transform import transform
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Sandbox
from tests.bench.measure import Figure, Wrong, repeated
from tests.conftest import following, track_keys

BUILD_HOURS = 3
"""The hours from one transform to the next."""
HOURS, READERS = int(os.environ.get("CIO_ELT_BENCH_HOURS", "24")), 8
MOST_MORE = 1.25
"""The memory, and the disk, of the last quarter beside the first one's, at most."""
_PAUSE_S, _HELD_S, _HELD_SHARE = 0.3, 5.0, 0.1
_QUERY = "SELECT count(*) FROM customerio_raw.messages"
# The rows of all people differ each hour, and the next sync reads what was pushed.
_PUSH = """
sync: activity
object: person
mode: update_only
model:
  sql: >-
    SELECT id, (SELECT max(finished_at) // 3600 FROM customerio_raw.sync_runs) AS hour
    FROM customerio_raw.people WHERE id <> '' AND deleted_at IS NULL
person: {id: id}
fields: {hour: number}
"""


@dataclass(frozen=True)
class Hour:
    """After the work of an hour: its process's memory, the data folder's size (MB), changed and sent rows."""

    memory_mb: float
    disk_mb: float
    changed: int
    sent: int


@dataclass(frozen=True)
class Read:
    """The work of a reader: its queries, and those that failed or found fewer rows than one before."""

    queries: int
    errors: tuple[str, ...]


def run(times: int) -> list[Figure]:
    """Errors of readers, memory and disk of the first and the last quarter of the day."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "push").mkdir()
        (folder / "push" / "activity.yml").write_text(_PUSH)
        sandbox = Sandbox(scale="tiny")
        with following(sandbox, folder / "data") as warehouse:
            settings = warehouse.settings.model_copy(
                update={**track_keys(sandbox), "cio_elt_push": folder / "push"}
            )
            hours, reads = _day(sandbox, settings, folder / "stop")
            warehouse.sync(full=True)
            # Counts by day are kept, and Customer.io has those of today alone.
            warehouse.assert_equals_world(but=("segment_counts",))
        return list(_figures(hours, reads))


def _day(sandbox: Sandbox, settings: Settings, stop: Path) -> tuple[list[Hour], list[Read]]:
    """The hours of the day, and what the readers did meanwhile."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as worker, ProcessPoolExecutor(READERS, spawn) as readers:
        worker.submit(work, settings, builds=True).result()
        reading = [readers.submit(read, settings.published_file, stop, seed) for seed in range(READERS)]
        hours = []
        try:
            for hour in range(1, HOURS + 1):
                sandbox.clock.advance(HOUR)
                builds = hour % BUILD_HOURS == 0
                hours.append(worker.submit(work, settings, builds=builds).result())
        finally:
            stop.touch()
        return hours, [one.result() for one in reading]


def work(settings: Settings, *, builds: bool) -> Hour:
    """Sync, push and, if it `builds`, transform, as the flows do."""
    synced = sync(settings, summary=RunSummary())
    if synced.failed:
        msg = f"{synced.failed[0].resource} was not read: {synced.failed[0].error}"
        raise Wrong(msg)
    pushed = push(settings, load_spec(settings.cio_elt_push / "activity.yml"), folder=settings.cio_elt_push)
    if not pushed.complete:
        msg = "rows of the push were not confirmed"
        raise Wrong(msg)
    if builds:
        transform(settings)
    files = (path for path in settings.cio_elt_data.rglob("*") if path.is_file())
    return Hour(
        memory_mb=_resident_mb(),
        disk_mb=sum(path.stat().st_blocks * 512 for path in files) / 2**20,
        changed=sum(row.written for row in synced.summary.resources.values()),
        sent=pushed.health.sent,
    )


def _resident_mb() -> float:
    """The resident size of this process now, as Linux tells it."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def read(published: Path, stop: Path, seed: int) -> Read:
    """Query the published file until the file `stop` is there."""
    chance, queries, errors, most = random.Random(seed), 0, list[str](), 0  # noqa: S311 -- a pause, no secret
    while not stop.exists():
        try:
            with duckdb.connect(published, read_only=True) as connection:
                connection.execute("SET threads = 1")
                for pause_s in (0, _HELD_S) if chance.random() < _HELD_SHARE else (0,):
                    time.sleep(pause_s)
                    ((rows,),) = connection.execute(_QUERY).fetchall()
                    queries += 1
                    if rows < most:
                        errors.append(f"{most - rows} rows vanished")
                    most = max(most, rows)
        except duckdb.Error as error:
            errors.append(f"{type(error).__name__}: {error}")
        time.sleep(chance.uniform(0, 2 * _PAUSE_S))
    return Read(queries, tuple(errors))


def _figures(hours: Sequence[Hour], reads: Sequence[Read]) -> Iterator[Figure]:
    errors = [error for one in reads for error in one.errors]
    if errors:
        # The first one is told, for the figure is its number alone.
        os.write(2, f"{errors[0]}\n".encode())
    yield Figure.of(f"queries of {READERS} readers", sum(one.queries for one in reads))
    yield Figure.of("errors that reached a reader", len(errors), most=0)
    yield Figure.of("rows that changed in the day", sum(hour.changed for hour in hours))
    yield Figure.of("rows that were pushed", sum(hour.sent for hour in hours))
    for what, values in (
        ("memory", [hour.memory_mb for hour in hours]),
        ("disk", [hour.disk_mb for hour in hours]),
    ):
        quarters = [statistics.mean(values[at : at + HOURS // 4]) for at in range(0, HOURS, HOURS // 4)]
        for number, mean in enumerate(quarters, start=1):
            yield Figure.of(f"{what}, quarter {number} of the day", mean, "MB")
        yield Figure.of(f"{what}: last quarter beside the first", quarters[-1] / quarters[0], most=MOST_MORE)
