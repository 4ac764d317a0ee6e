"""A run that found no change leaves the published file as it is, and its notes are read all the same."""

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import WarehouseError
from pipelines.ingest.status import warehouse_status
from pipelines.ingest.sync import sync
from pipelines.settings import Settings
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import querying
from pipelines.warehouse.run_notes import notes_of, restore
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse
from tests.pipelines.warehouse.conftest import held, numbers, write_numbers

pytestmark = pytest.mark.proof

RUNS = "SELECT count(DISTINCT run_id), count(*) FROM customerio_raw.sync_runs"
TABLES = ("segments", "messages")


def _asked(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with querying(settings) as query:
        return query(sql)


def test_an_idle_run_is_not_published(warehouse: Warehouse) -> None:
    """The published file stays, byte for byte; queries and the status know of every run."""
    warehouse.sync(*TABLES)
    settings, published = warehouse.settings, warehouse.settings.published_file
    before = published.read_bytes()
    for number in range(2, 4):
        warehouse.sandbox.clock.advance(600)
        assert 0 == warehouse.sync(*TABLES).written
        assert before == published.read_bytes()
        assert [(number, 2 * number)] == _asked(settings, RUNS)
        now = warehouse.sandbox.clock.now()
        assert {now} == {row.last_success for row in warehouse_status(settings).tables}
        covered = _asked(settings, f"SELECT max(end_at) FROM {DATASET}.coverage")
        assert covered > warehouse.query(f"SELECT max(end_at) FROM {DATASET}.coverage")
    assert [(1, 2)] == warehouse.query(RUNS)


def test_a_change_publishes_all_runs(warehouse: Warehouse) -> None:
    """The next run that finds a change publishes the notes of those before, and no note stays beside."""
    warehouse.sync("segments")
    warehouse.sync("segments")
    warehouse.sandbox.add("segments", name="new")

    assert 1 == warehouse.sync("segments").written

    assert [(3, 3)] == warehouse.query(RUNS) == _asked(warehouse.settings, RUNS)
    assert not notes_of(warehouse.settings.published_file).exists()


def test_a_row_in_both_counts_once(warehouse: Warehouse) -> None:
    """A run that was killed after it had replaced the published file leaves notes that the file has too."""
    warehouse.sync("segments")
    warehouse.sync("segments")
    notes = notes_of(warehouse.settings.published_file)
    shutil.copy(notes, notes.with_suffix(".kept"))
    warehouse.sandbox.add("segments", name="new")
    warehouse.sync("segments")
    notes.with_suffix(".kept").rename(notes)

    assert [(3, 3)] == _asked(warehouse.settings, RUNS)


def test_readers_of_one_process_share_the_notes(warehouse: Warehouse) -> None:
    """DuckDB opens a file once for all connections of a process: a query within a query works as well."""
    warehouse.sync("segments")
    warehouse.sync("segments")

    with querying(warehouse.settings) as outer, querying(warehouse.settings) as inner:
        assert [(2, 2)] == outer(RUNS) == inner(RUNS)
        tables = outer(f"SELECT count(*) FROM {DATASET}.segments")
    assert [(len(list(warehouse.sandbox.rows("segments"))),)] == tables


def test_after_the_target_lag_it_is_published_anyway(warehouse: Warehouse) -> None:
    """Readers of the file alone see runs that are not older than the lag that `status` allows."""
    warehouse.sync("segments")
    late = warehouse.settings.model_copy(update={"cio_elt_target_lag": 1e-9})

    sync(late, ["segments"], summary=RunSummary())

    assert [(2, 2)] == warehouse.query(RUNS)


@pytest.mark.parametrize("file", ["load_file", "published_file"])
def test_what_others_wrote_is_published_by_an_idle_run(warehouse: Warehouse, file: str) -> None:
    """A killed run's rows in the private file, or a changed published file: both files are equal again."""
    warehouse.sync("segments")
    with duckdb.connect(getattr(warehouse.settings, file)) as connection:
        connection.execute(f"UPDATE {DATASET}.segments SET description = 'of another program'")

    assert 0 == warehouse.sync("segments").written

    with duckdb.connect(warehouse.settings.load_file) as connection:
        private = connection.execute(f"FROM {DATASET}.segments ORDER BY ALL").fetchall()
    assert private == warehouse.query(f"FROM {DATASET}.segments ORDER BY ALL")
    assert [(2, 2)] == warehouse.query(RUNS)


def test_a_private_file_that_is_lost_has_the_notes_again(warehouse: Warehouse) -> None:
    """The private file is made anew from the published one and from the notes beside it."""
    warehouse.sync(*TABLES)
    warehouse.sandbox.clock.advance(600)
    warehouse.sync(*TABLES)
    kept = "SELECT resource, start_at, end_at, read_at FROM customerio_raw.coverage ORDER BY ALL"
    covered = _asked(warehouse.settings, kept)
    warehouse.settings.load_file.unlink()

    warehouse.sync("segments")

    assert [(3, 5)] == warehouse.query(RUNS)
    assert covered == warehouse.query(kept) != []


def test_a_run_with_a_table_that_failed_is_published(warehouse: Warehouse) -> None:
    """The error is in the published file, though no row has changed."""
    warehouse.sync(*TABLES)
    warehouse.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None))

    warehouse.sync(*TABLES)

    found = warehouse.query("SELECT resource FROM customerio_raw.sync_runs WHERE error IS NOT NULL")
    assert [("segments",)] == found


def test_a_published_file_that_another_program_holds_is_replaced(warehouse: Warehouse) -> None:
    """The notes that it lacks cannot be told while it cannot be read, so the run is published."""
    warehouse.sync("segments")
    with held(warehouse.settings.published_file):
        warehouse.sync("segments")

    assert [(2, 2)] == warehouse.query(RUNS)


def test_the_private_file_is_restored_from_the_published_one(tmp_path: Path) -> None:
    """The copy has the same rows, and no half-written copy stays."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(published, 7)

    restore(private, published)

    assert [7] == numbers(private)
    assert {private, published} == set(tmp_path.iterdir())


def test_a_damaged_published_file_is_not_restored_from(tmp_path: Path) -> None:
    """The message names the file, and no private file is made of it."""
    published = tmp_path / "customerio.duckdb"
    published.write_bytes(b"no database")

    with pytest.raises(WarehouseError, match=str(published)):
        restore(tmp_path / "load.duckdb", published)
    assert [published] == list(tmp_path.iterdir())
