"""A run that found no change leaves the published file as it is, and its notes are read all the same."""

import shutil

import duckdb
import pytest

from pipelines.ingest.status import warehouse_status
from pipelines.ingest.sync import sync
from pipelines.settings import Settings
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import querying
from pipelines.warehouse.run_notes import notes_of
from sources.customerio.extract import RunSummary
from tests.conftest import Warehouse

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
