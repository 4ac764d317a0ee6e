"""Double rows that earlier loads left are removed by the next sync."""

from dataclasses import replace
from pathlib import Path

import duckdb
import psycopg
import pytest

from pipelines.warehouse.doubles import heal
from pipelines.warehouse.left_files import LeftFiles, left_files, note_files
from pipelines.warehouse.pipeline import Loaded, pipeline
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse
from tests.postgres import query, warehouse_in

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


@pytest.mark.proof
def test_a_server_lets_no_double_in(sandbox: Sandbox, tmp_path: Path, url: str) -> None:
    """Tables of earlier releases are healed once and told, then each key has a unique index, new ones too."""
    with sandbox.serve() as served:
        one = warehouse_in(url, sandbox, served, tmp_path / "a")
        one.sync(*TABLES[:2])
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP INDEX customerio_raw.cio_elt_key_of_segments")
            connection.execute(
                "INSERT INTO customerio_raw.segments SELECT (jsonb_populate_record(s, "
                """'{"_dlt_load_id": "0.1"}')).* FROM customerio_raw.segments AS s LIMIT 5"""
            )
        assert ["segments"] == one.doubles()

        assert 0 == one.sync(*TABLES).written - len(one.truth(resource(TABLES[2])))

        assert [] == one.doubles()
        assert ["segments had 5"] == [note.split(" row(s)")[0] for note in one.notes]
        assert [(0,)] == query(url, "SELECT count(*) FROM customerio_raw.segments WHERE _dlt_load_id = '0.1'")
        indexed = {
            table
            for (table,) in query(
                url, "SELECT tablename FROM pg_indexes WHERE indexname LIKE 'cio\\_elt\\_key\\_of\\_%'"
            )
        }
        assert indexed >= {*TABLES, "sync_runs"}
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO customerio_raw.segments SELECT * FROM customerio_raw.segments")


@pytest.mark.proof
def test_rows_that_were_staged_twice_are_merged_once(sandbox: Sandbox, tmp_path: Path, url: str) -> None:
    """A run that was killed after it had staged a file stages it again: new and changed rows land once."""
    with sandbox.serve() as served:
        one = warehouse_in(url, sandbox, served, tmp_path / "a")
        one.sync("campaigns")
        with psycopg.connect(url, autocommit=True) as connection:
            # What is staged is there twice before it is merged.
            connection.execute(
                """
                CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF pg_trigger_depth() = 1 THEN
                        INSERT INTO customerio_raw_staging.campaigns SELECT NEW.*;
                    END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER twice AFTER INSERT ON customerio_raw_staging.campaigns
                FOR EACH ROW EXECUTE FUNCTION twice();
                """
            )
        sandbox.edit("campaigns", 1, name="Edited")
        sandbox.add("campaigns", name="Added")

        assert 2 == one.sync("campaigns").written

        assert [] == one.doubles()
        assert one.truth(resource("campaigns")).keys() == one.rows(resource("campaigns")).keys()
        assert [("Edited",)] == query(url, "SELECT name FROM customerio_raw.campaigns WHERE id = 1")
