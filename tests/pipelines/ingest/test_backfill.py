"""A backfill reads a window of time again, in chunks, and does not move the live cursor."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.common.versioned_state import decompress_state

from pipelines.ingest.backfill import Backfill, fill, plan
from pipelines.ingest.coverage import proven
from pipelines.ingest.status import late, missing, status
from pipelines.ingest.sync import SyncResult
from pipelines.warehouse.queries import querying
from sources.customerio.client import ConfigError
from sources.customerio.extract import Window
from sources.customerio.sandbox import Fault, Sandbox
from tests.conftest import Warehouse, following, settings_for
from tests.pipelines.conftest import Shell, ended

DAY = 86_400


@pytest.fixture
def young(sandbox: Sandbox, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse whose syncs read the last twenty days only."""
    with following(sandbox, tmp_path / "data") as warehouse:
        start = sandbox.clock.now() - 20 * DAY
        settings = settings_for(sandbox, warehouse.served, tmp_path / "data", customerio_start=start)
        yield Warehouse(sandbox, warehouse.served, settings)


def _fill(warehouse: Warehouse, planned: Backfill) -> list[SyncResult]:
    return [fill(warehouse.settings, planned, window) for window in planned.chunks]


def _held(warehouse: Warehouse, first: int, last: int) -> set[str]:
    return {
        key
        for (key,) in warehouse.query(
            f"SELECT id FROM customerio_raw.messages WHERE created BETWEEN {first} AND {last}"
        )
    }


def _truth(warehouse: Warehouse, first: int, last: int) -> set[str]:
    return {row["id"] for row in warehouse.sandbox.rows("messages") if first <= row["created"] <= last}


def _claimed(warehouse: Warehouse, table: str = "messages") -> list[Window]:
    with querying(warehouse.settings) as query:
        return proven(query, table)


def _memory(warehouse: Warehouse) -> Any:
    """The watermarks that dlt keeps, read from the warehouse."""
    newest = "SELECT state FROM customerio_raw._dlt_pipeline_state ORDER BY version DESC LIMIT 1"
    with duckdb.connect(warehouse.settings.load_file, read_only=True) as connection:
        [(state,)] = connection.execute(newest).fetchall()
    return decompress_state(state)["sources"]["customerio"]["resources"]


@pytest.mark.proof
def test_old_time_arrives_and_the_ledger_grows(young: Warehouse) -> None:
    """All rows of the window arrive and no others; watermark and age bands stay."""
    now = young.sandbox.clock.now()
    young.sync("messages")
    memory = _memory(young)

    planned = plan(young.settings, "messages", now - 100 * DAY, now - 40 * DAY, chunk_days=30)
    results = _fill(young, planned)

    assert 2 == len(results)
    wanted = (now - 100 * DAY, now - 40 * DAY - 1)
    assert _truth(young, *wanted) == _held(young, *wanted)
    assert not _held(young, now - 40 * DAY, now - 20 * DAY - 1)
    assert Window(start=wanted[0], end=wanted[1]) in _claimed(young)
    assert memory == _memory(young)


@pytest.mark.proof
def test_one_that_was_stopped_goes_on_with_what_is_left(young: Warehouse) -> None:
    """A failed chunk is read again, the ones before it are not; the backfill keeps its name."""
    now = young.sandbox.clock.now()
    young.sync("messages")
    asked: dict[str, Any] = {"start": now - 90 * DAY, "end": now - 30 * DAY, "chunk_days": 15}
    first = plan(young.settings, "messages", **asked)
    fill(young.settings, first, first.chunks[0])
    young.sandbox.faults.add(Fault(operation="listMessages", status=403, times=None))
    assert fill(young.settings, first, first.chunks[1]).failed
    young.sandbox.faults.clear()

    second = plan(young.settings, "messages", **asked)

    assert (first.id, first.chunks[1:], 1) == (second.id, second.chunks, second.done)
    _fill(young, second)
    wanted = (now - 90 * DAY, now - 30 * DAY - 1)
    assert _truth(young, *wanted) == _held(young, *wanted)


@pytest.mark.proof
def test_one_that_is_complete_begins_anew_when_it_is_asked_for_again(young: Warehouse) -> None:
    """A completed backfill that is started again finds changes, and writes only those."""
    now = young.sandbox.clock.now()
    young.sync("messages")
    asked: dict[str, Any] = {"start": now - 300 * DAY, "end": now - 200 * DAY, "chunk_days": 180}
    first = plan(young.settings, "messages", **asked)
    read = sum(result.written for result in _fill(young, first))
    person = next(
        row["customer_identifiers"]["cio_id"]
        for row in young.sandbox.rows("messages")
        if now - 300 * DAY <= row["created"] < now - 200 * DAY and row["customer_identifiers"]
    )
    young.sandbox.suppress(person)

    second = plan(young.settings, "messages", **asked)
    changed = sum(result.written for result in _fill(young, second))

    assert first.id != second.id
    assert first.chunks == second.chunks
    assert 0 < changed < read


@pytest.mark.proof
def test_gaps_are_found_and_filled_and_nothing_else_is_read(young: Warehouse) -> None:
    """`gaps` reads the unread time between two windows, and nothing else."""
    now = young.sandbox.clock.now()
    young.sync("messages")
    _fill(young, plan(young.settings, "messages", now - 100 * DAY, now - 60 * DAY, chunk_days=180))
    gap = Window(start=now - 60 * DAY, end=now - 20 * DAY - 1)
    (messages,) = status(young.settings)
    assert [gap] == messages.gaps
    (sentence,) = missing([messages])
    assert "40 d" in sentence

    planned = plan(young.settings, "messages", gaps=True, chunk_days=180)
    assert (gap,) == planned.chunks
    _fill(young, planned)

    assert 1 == len(_claimed(young))
    assert _truth(young, gap.start, gap.end) == _held(young, gap.start, gap.end)
    assert () == plan(young.settings, "messages", gaps=True).chunks


def test_it_may_be_the_first_run_of_all(young: Warehouse) -> None:
    """Without an earlier sync the window arrives, and the coverage ledger begins with it."""
    now = young.sandbox.clock.now()

    _fill(young, plan(young.settings, "messages", now - 60 * DAY, now - 30 * DAY, chunk_days=30))

    assert [Window(start=now - 60 * DAY, end=now - 30 * DAY - 1)] == _claimed(young)
    assert _truth(young, now - 60 * DAY, now - 30 * DAY - 1) == _held(young, 0, now)


REFUSED: dict[str, tuple[tuple[str, int | None, int | None], tuple[str, ...]]] = {
    "a table without time": (("segments", -5, -1), ("no time", "cio-elt sync")),
    "no such table": (("mesages", -5, -1), ("mesages", "messages")),
    "an end before the start": (("messages", -1, -5), ("later",)),
    "the future": (("messages", 5, 9), ("in the future",)),
    "activities that are forgotten": (("activities", -40, -1), ("30 days", "lost")),
    "no start": (("messages", None, None), ("--from",)),
}


@pytest.mark.proof
def test_what_cannot_be_read_is_refused(young: Warehouse) -> None:
    """An impossible window is refused before any request, with the right choice."""
    young.sync("segments", "messages")
    before = sum(young.sandbox.stats.by_operation.values())

    for case, ((table, *days), words) in REFUSED.items():
        start, end = [None if day is None else young.sandbox.clock.now() + day * DAY for day in days]
        with pytest.raises(ConfigError) as raised:
            plan(young.settings, table, start, end)
        assert all(word in str(raised.value) for word in words), case

    assert before == sum(young.sandbox.stats.by_operation.values())


@pytest.mark.proof
def test_activities_that_nobody_read_in_time_are_a_gap(warehouse: Warehouse) -> None:
    """A gap of activities causes a warning while it can be read; later the ledger has the lost time."""
    warehouse.sync("activities")
    before = warehouse.sandbox.clock.now()
    assert [] == missing(status(warehouse.settings))
    warehouse.sandbox.clock.advance(45 * DAY)
    warehouse.sync("activities")

    (activities,) = status(warehouse.settings)

    (gap,) = activities.gaps
    assert before == gap.start
    assert 14 * DAY < gap.seconds < 20 * DAY
    assert "gap" in missing([activities])[0]


def test_it_warns_before_activities_are_lost(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 25 days without a sync, five days are left to read the oldest activities of Customer.io."""
    warehouse.sync("activities")
    there = time.time()
    monkeypatch.setattr("pipelines.warehouse.runs.time.time", lambda: there + 25 * DAY)

    (activities,) = status(warehouse.settings)

    (warning,) = missing([activities])
    assert "Customer.io deletes rows of activities" in warning
    assert 24 * DAY < (activities.lag_s or 0) < 26 * DAY
    assert "25 d" in late([activities])[0]


@pytest.mark.proof
def test_a_ledger_without_a_row_proves_nothing(shell: Shell) -> None:
    """After exports alone and a sync that read no time, the time is missing, and a backfill reads it."""
    shell.sandbox.knobs.export_takes_s = 0
    assert 0 == shell.run("export", "deliveries", "--campaign", "3").code
    shell.sandbox.faults.add(Fault(operation="listActivities", document={}, times=None))
    assert 1 == shell.run("sync", "activities").code
    shell.sandbox.faults.clear()

    status = shell.run("status", "--fail-on-gap")
    filled = shell.run("backfill", "activities", "--from", str(shell.sandbox.clock.now() - 2 * DAY))

    assert (1, True) == (status.code, "No sync has read activities to its beginning" in status.out)
    assert 0 == filled.code, filled.err


@pytest.mark.proof
def test_an_interrupt_stops_it_at_once_and_the_next_goes_on(shell: Shell) -> None:
    """Ctrl-C during a chunk: the earlier chunks are published, and the next run reads the rest."""
    shell.sandbox.faults.add(Fault(operation="listMessages", delay_ms=60_000, times=None, after=5))
    now = shell.sandbox.clock.now()
    assert 0 == shell.run("sync", "messages", CUSTOMERIO_START=str(now - DAY)).code
    asked = (
        "backfill",
        "messages",
        "--from",
        str(now - 300 * DAY),
        "--to",
        str(now - DAY),
        "--chunk-days",
        "100",
    )

    began = time.monotonic()
    process = shell.start(asked)
    while shell.sandbox.faults.describe()[0]["calls"] < 6:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(2)
    stopped = ended(process, began)
    shell.sandbox.faults.clear()
    rest = shell.run(*asked, "--json")

    assert 130 == stopped.code
    assert "Traceback" not in stopped.err
    assert 0 == rest.code, rest.err
    assert 3 == rest.document["chunks_before"] + len(rest.document["chunks"])
    assert rest.document["chunks_before"] > 0


@pytest.mark.proof
def test_a_sync_takes_its_turn_between_two_chunks(shell: Shell) -> None:
    """A sync that meets a long backfill ends before it, at Customer.io's own limits, without a 429."""
    now = shell.sandbox.clock.now()
    env = {"CIO_ELT_SPEED": "1"}
    assert 0 == shell.run("sync", "messages", CUSTOMERIO_START=str(now - DAY)).code
    asked = ("backfill", "messages", "--from", str(now - 150 * DAY), "--chunk-days", "30", "--json")
    began = time.monotonic()
    long = shell.start(asked, env)
    while shell.sandbox.stats.by_operation.get("listMessages", 0) < 2:
        assert long.poll() is None
        time.sleep(0.05)

    sync = shell.run("sync", "segments", **env)
    running = long.poll() is None
    backfill = ended(long, began)

    assert 0 == sync.code, sync.err
    assert running
    assert 0 == backfill.code, backfill.err
    assert 6 == len(backfill.document["chunks"])
    assert shell.sandbox.stats.max_per_second <= 10
