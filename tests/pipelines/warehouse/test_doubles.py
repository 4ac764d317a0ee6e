"""Double rows that earlier loads left are removed by the next sync."""

from dataclasses import replace

import duckdb
import pytest

from pipelines.warehouse.doubles import heal
from pipelines.warehouse.left_files import LeftFiles, left_files, note_files
from pipelines.warehouse.pipeline import Loaded, pipeline
from sources.customerio.catalogue import resource
from tests.conftest import Warehouse

TABLES = ("campaigns", "segments", "segment_memberships")


@pytest.mark.proof
def test_doubles_are_healed_by_the_next_sync(warehouse: Warehouse) -> None:
    """Rows that are there three times are one again, the one that was loaded last, and it is told."""
    warehouse.sync(*TABLES)
    with duckdb.connect(warehouse.settings.load_file) as connection:
        for table in TABLES[1:]:
            for copy in ("0.1", "0.2"):
                connection.execute(
                    f"INSERT INTO customerio_raw.{table} "
                    f"SELECT * REPLACE ('{copy}' AS _dlt_load_id) FROM customerio_raw.{table} "
                    f"WHERE _dlt_load_id > '1' LIMIT 5"
                )

    result = warehouse.sync(*TABLES)

    assert 0 == result.written
    for table in TABLES:
        row = resource(table)
        assert warehouse.truth(row).keys() == warehouse.rows(row).keys()
        counted = warehouse.query(
            f"SELECT count(*), count_if(_dlt_load_id < '1') FROM customerio_raw.{table}"
        )
        assert [(len(warehouse.truth(row)), 0)] == counted
    assert ["segments had 10", "segment_memberships had 10"] == [
        note.split(" row(s)")[0] for note in warehouse.notes
    ]


def _double(warehouse: Warehouse, load_id: str) -> None:
    """Let some rows of two tables be there twice, by one load."""
    with duckdb.connect(warehouse.settings.load_file) as connection:
        for table in TABLES[:2]:
            for _ in range(2):
                connection.execute(
                    f"INSERT INTO customerio_raw.{table} SELECT * REPLACE ('{load_id}' AS _dlt_load_id, "
                    f"-1 - id AS id) FROM customerio_raw.{table} WHERE id > 0 LIMIT 3"
                )


@pytest.mark.proof
def test_a_loads_own_doubles_are_healed_before_it_is_published(warehouse: Warehouse) -> None:
    """Of the tables that a load wrote, its rows alone are looked through; other tables and loads stay."""
    warehouse.sync(*TABLES)
    _double(warehouse, "8.0")
    target, notes = pipeline(warehouse.settings), list[str]()
    of_load = Loaded(load_ids=frozenset({"9.0"}), tables=frozenset(TABLES))

    assert 0 == heal(target, notes.append, of_load)
    _double(warehouse, "9.0")
    # All doubles of a table that has some go, the other load's too.
    assert 9 == heal(target, notes.append, replace(of_load, tables=frozenset({"segments"})))
    assert ["segments had 9"] == [note.split(" row(s)")[0] for note in notes]
    assert 9 == heal(target, notes.append, of_load)
    assert 0 == heal(target, notes.append)


@pytest.mark.proof
def test_what_the_last_run_saw_is_not_sought_again(warehouse: Warehouse) -> None:
    """A sync after one that ended in order looks through nothing; after any other write, through all."""
    warehouse.sync(*TABLES)
    files = (warehouse.settings.load_file, warehouse.settings.published_file)
    assert LeftFiles(without_doubles=True, in_step=True) == left_files(*files)
    _double(warehouse, "9.0")
    note_files(*files, LeftFiles(without_doubles=True))
    warehouse.sync("segment_memberships")
    assert [] == warehouse.notes
    _double(warehouse, "10.0")
    warehouse.sync("segment_memberships")
    assert 2 == len(warehouse.notes)
