"""The memory of a load is bounded, and a package that does not fit into it is loaded all the same."""

from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.destinations.exceptions import DatabaseTransientException

from pipelines.settings import read_settings
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.memory import out_of_memory, return_freed_memory
from pipelines.warehouse.pipeline import load, pipeline


@pytest.mark.proof
def test_a_package_that_needs_more_memory_gets_it(tmp_path: Path) -> None:
    """Rows of some MB each do not fit into DuckDB's bound: the load is resumed with what memory there is."""
    settings = read_settings(cio_elt_data=tmp_path / "data")
    prepare(settings.cio_elt_data)
    target = pipeline(settings)
    assert target.destination is not None
    config = target.destination.config_params["credentials"].global_config
    assert "208MB" == config["memory_limit"]
    config["memory_limit"] = "20MB"
    texts = [str(number) + "x" * (2 << 20) for number in range(40)]
    wide = dlt.resource(
        [pa.table({"id": list(range(40)), "text": texts})],
        name="wide",
        primary_key="id",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
    )
    target.extract(wide, loader_file_format="parquet")

    load(target)

    with duckdb.connect(settings.load_file, read_only=True) as connection:
        found = connection.execute("SELECT count(*), sum(length(text)) FROM customerio_raw.wide").fetchall()
    assert [(40, sum(map(len, texts)))] == found
    assert "memory_limit" not in config


def test_a_full_memory_is_told_from_other_errors() -> None:
    """DuckDB's error is found below dlt's, and in a message that dlt has kept of it."""
    root = duckdb.OutOfMemoryException("failed to allocate")
    wrapped = DatabaseTransientException(root)
    wrapped.__cause__ = root
    assert out_of_memory(wrapped)
    assert out_of_memory(RuntimeError("_duckdb.OutOfMemoryException: Out of Memory Error: failed"))
    assert not out_of_memory(duckdb.IOException("disk"))


def test_malloc_may_be_told_twice(capfd: pytest.CaptureFixture[str]) -> None:
    """Every run of a process sets malloc up; again it changes nothing and says nothing."""
    return_freed_memory()
    return_freed_memory()
    assert ("", "") == capfd.readouterr()
