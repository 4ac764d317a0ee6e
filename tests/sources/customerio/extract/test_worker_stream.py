"""Resources work side by side in threads, and waiting for one another never blocks a run."""

import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from sources.customerio.catalogue import Resource, resource
from sources.customerio.client import BadAnswer, Client
from sources.customerio.extract import Batch, DestinationRows, Options, RunContext, RunSummary, dlt_resource
from sources.customerio.extract.ready_tables import ReadyTables
from sources.customerio.extract.resources import Reader
from sources.customerio.extract.worker_stream import Stream

NOW = 1_790_000_000
MANY = 200
"""Number of batches: several times as many as a stream works ahead."""


@pytest.fixture
def pipeline(tmp_path: Path) -> dlt.Pipeline:
    """An empty pipeline."""
    return dlt.pipeline(
        "streams",
        destination=dlt.destinations.duckdb(str(tmp_path / "streams.duckdb")),
        dataset_name="raw",
        pipelines_dir=str(tmp_path / "pipelines"),
    )


def _run(pipeline: dlt.Pipeline, readers: dict[str, Reader], summary: RunSummary | None = None) -> None:
    """Run readers that make no request, in one run."""
    with Client(app_api_key="unused") as client:
        run = RunContext(client=client, options=Options(), summary=summary or RunSummary(), clock=lambda: NOW)
        destination = DestinationRows()
        pipeline.run(
            [
                dlt_resource(run, destination, resource(table), keep_going=summary is not None, reader=reader)
                for table, reader in readers.items()
            ]
        )


def _counts(pipeline: dlt.Pipeline, *tables: str) -> list[int]:
    file = Path(pipeline.pipelines_dir).parent / "streams.duckdb"
    with duckdb.connect(file, read_only=True) as connection:
        found = (connection.execute(f"SELECT count(*) FROM raw.{table}").fetchone() for table in tables)
        return [row[0] for row in found if row]


def _batches(first: int = 0) -> Iterator[Batch]:
    for number in range(first, first + MANY):
        yield Batch(rows=[{"id": number}])


@pytest.mark.proof
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("runs", [1, 2])
def test_resources_may_wait_for_each_other(pipeline: dlt.Pipeline, backwards: bool, runs: int) -> None:
    """One waits for another's end, which waits for a third's middle: in any order, tables there or not."""
    for _ in range(runs):
        middle = threading.Event()

        def third(
            _r: RunContext, _t: Resource, _s: object, middle: threading.Event = middle
        ) -> Iterator[Batch]:
            yield from _batches()
            middle.set()
            yield from _batches(MANY)

        def second(
            _r: RunContext, _t: Resource, _s: object, middle: threading.Event = middle
        ) -> Iterator[Batch]:
            assert middle.wait(20)
            yield from _batches()

        def first(run: RunContext, _t: Resource, _s: object) -> Iterator[Batch]:
            run.wait_for(["campaigns", "newsletters", "unknown"])
            yield Batch(rows=[{"id": 1}], last=True)

        readers: list[tuple[str, Reader]] = [
            ("segments", first),
            ("campaigns", second),
            ("newsletters", third),
        ]
        _run(pipeline, dict(reversed(readers) if backwards else readers))

    assert [1, MANY, 2 * MANY] == _counts(pipeline, "segments", "campaigns", "newsletters")


@pytest.mark.proof
@pytest.mark.parametrize("runs", [1, 2])
def test_nobody_waits_for_one_that_failed(pipeline: dlt.Pipeline, runs: int) -> None:
    """A failed reader counts as ended, so its waiters continue; the rows that it read land."""

    def fails(_r: RunContext, _t: Resource, _s: object) -> Iterator[Batch]:
        yield Batch(rows=[{"id": 1}])
        msg = "it broke off"
        raise BadAnswer(msg)

    def waits(run: RunContext, _t: Resource, _s: object) -> Iterator[Batch]:
        run.wait_for(["campaigns"])
        yield Batch(rows=[{"id": 1}], last=True)

    for _ in range(runs):
        summary = RunSummary()
        _run(pipeline, {"segments": waits, "campaigns": fails}, summary)

    assert ["campaigns"] == [failed.resource for failed in summary.failed]
    assert [1, 1] == _counts(pipeline, "segments", "campaigns")


@pytest.mark.parametrize("error", [BadAnswer("known"), ZeroDivisionError("unforeseen")])
def test_an_error_in_a_reader_s_thread_reaches_dlt(pipeline: dlt.Pipeline, error: Exception) -> None:
    """An expected or unexpected error of a thread is raised by the pipeline's run, as the cause."""

    def fails(_r: RunContext, _t: Resource, _s: object) -> Iterator[Batch]:
        yield from _batches()
        raise error

    with pytest.raises(PipelineStepFailed) as raised:
        _run(pipeline, {"campaigns": fails, "segments": lambda *_: _batches()})

    causes: list[BaseException | None] = [raised.value]
    while causes[-1] is not None:
        causes.append(causes[-1].__cause__)
    assert error in causes


@pytest.mark.proof
def test_a_reader_that_is_not_foreseen_to_fail_is_not_kept_quiet(pipeline: dlt.Pipeline) -> None:
    """An unforeseen error fails its table alone; its message has kind and place, and no value."""

    def mistaken(_r: RunContext, _t: Resource, _s: object) -> Iterator[Batch]:
        yield from _batches()
        yield Batch(rows=[{"id": int("ada@example.com")}])

    summary = RunSummary()
    _run(pipeline, {"campaigns": mistaken, "segments": lambda *_: _batches()}, summary)

    (failed,) = summary.failed
    assert "campaigns" == failed.resource
    assert "ValueError" in str(failed.error)
    assert "ada" not in str(failed.error)
    assert [MANY, MANY] == _counts(pipeline, "campaigns", "segments")


def test_memory_does_not_run_ahead() -> None:
    """A stream works ahead of its consumer by a fixed number of tables."""
    made: list[int] = []
    arrivals = ReadyTables()

    def tables() -> Iterator[pa.Table]:
        for number in range(MANY):
            made.append(number)
            yield pa.table({"id": [number]})

    stream = Stream("campaigns", tables(), arrivals)
    arrivals.wait()
    for _ in range(50):
        time.sleep(0.002)

    assert len(made) < MANY / 2
    taken = [table for ready in stream for table in ready]
    assert list(range(MANY)) == [table["id"][0].as_py() for table in taken]


@pytest.mark.proof
def test_large_tables_do_not_pile_up() -> None:
    """Two streams of 40 MB tables have few of them ready at a time, also while one waits for its turn."""
    ready = ReadyTables()
    living: list[int] = [0]
    most = 0

    def tables() -> Iterator[pa.Table]:
        for _ in range(12):
            table = pa.table({"text": [b"x" * (40 << 20)]})
            living[0] += 1
            weakref.finalize(table, lambda: living.__setitem__(0, living[0] - 1))
            yield table
            del table

    streams = [iter(Stream(name, tables(), ready)) for name in ("one", "two")]
    written = 0
    while streams:
        for stream in list(streams):
            found = next(stream, None)
            if found is None:
                streams.remove(stream)
                continue
            written += len(found)
            most = max(most, living[0])
            del found
    assert written == 24
    assert most <= 7, "three that wait, and two more of each stream on the way"
