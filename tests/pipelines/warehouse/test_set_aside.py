"""A package that cannot be loaded does not block a folder: it is kept, and its rows are read again."""

from pathlib import Path

import duckdb
import pytest
from dlt.load.exceptions import LoadClientJobRetry

from pipelines.connect import client
from pipelines.warehouse.pipeline import file_format, pipeline
from pipelines.warehouse.set_aside import packages_set_aside, unloadable
from sources.customerio import source_with
from sources.customerio.catalogue import resource
from sources.customerio.extract import Options, RunSummary
from tests.conftest import Warehouse, assert_same

TABLES = ("messages", "campaigns")
DAY = 86_400


def _left_over(warehouse: Warehouse) -> Path:
    """Extract as a run that ends before it loads; returns the package's folder."""
    target = pipeline(warehouse.settings)
    with client(warehouse.settings) as calls:
        target.extract(
            source_with(TABLES, calls, Options(), RunSummary()), loader_file_format=file_format(target)
        )
    (load_id,) = target.list_extracted_load_packages()
    return Path(target.working_dir) / "normalize" / "extracted" / load_id


@pytest.mark.proof
def test_a_package_that_cannot_be_loaded_is_kept_and_its_rows_are_read_again(warehouse: Warehouse) -> None:
    """A file of the package is damaged: the next sync sets it aside, has every row, and `doctor` names it."""
    warehouse.sync(*TABLES)
    warehouse.sandbox.clock.advance(DAY)
    package = _left_over(warehouse)
    (damaged,) = package.rglob("messages.*.parquet")
    damaged.write_bytes(b"PAR1 no file of that kind PAR1")

    result = warehouse.sync(*TABLES)

    assert [] == result.failed
    for table in TABLES:
        rows = len(list(warehouse.sandbox.rows(table)))
        assert [(rows,)] == warehouse.query(f"SELECT count(*) FROM customerio_raw.{table}"), table
    (kept,) = packages_set_aside(warehouse.settings)
    assert package.name == kept.load_id
    assert any(package.name in note and "doctor" in note for note in warehouse.notes)
    assert "mv " in kept.reason
    assert list(Path(kept.folder).rglob("messages.*.parquet"))
    assert 0 == warehouse.sync(*TABLES).written, "the folder is as any other"


@pytest.mark.proof
def test_a_table_that_cannot_be_loaded_does_not_stop_the_others_of_its_run(warehouse: Warehouse) -> None:
    """Another program gave a column a type that rows do not fit: that table fails, the others land."""
    tables = ("campaigns", "snippets", "segments")
    warehouse.sync(*tables)
    with duckdb.connect(warehouse.settings.load_file) as connection:
        connection.execute("ALTER TABLE customerio_raw.campaigns ALTER name TYPE INTEGER USING NULL")
    for kind in ("campaigns", "segments"):
        warehouse.sandbox.edit(kind, next(warehouse.sandbox.rows(kind))["id"], name="Renamed")
    warehouse.sandbox.clock.advance(60)

    result = warehouse.sync(*tables)

    (failed,) = result.failed
    assert "campaigns" == failed.resource
    assert "cio-elt doctor" in str(failed.error)
    row = resource("segments")
    assert_same(row, warehouse.truth(row), warehouse.rows(row))
    assert packages_set_aside(warehouse.settings)
    runs = "SELECT resource FROM customerio_raw.sync_runs WHERE error IS NOT NULL"
    assert [("campaigns",)] == warehouse.query(runs)


def _job(error: Exception) -> Exception:
    """The error of a job that dlt gave up after some tries."""
    return LoadClientJobRetry("1", "messages", 5, 5, str(error), error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (duckdb.ConversionException("a value"), True),
        (duckdb.InvalidInputException("no magic bytes"), True),
        (duckdb.IOException("no space left on device"), False),
        (OSError(28, "No space left on device"), False),
        (_job(duckdb.InvalidInputException("no magic bytes")), True),
        (_job(duckdb.TransactionException("Failed to commit: Could not write file: File too large")), False),
        (_job(duckdb.FatalException("Failed to create checkpoint: File too large")), False),
        (_job(ConnectionError("refused")), False),
        (RuntimeError("a bug"), False),
    ],
)
def test_only_a_package_s_own_faults_set_it_aside(error: Exception, *, expected: bool) -> None:
    """A full disk or a held file says nothing about the package."""
    assert expected == unloadable(error)
