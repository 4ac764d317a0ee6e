"""The warehouse's DuckDB destination is dlt's own, apart from how it merges and how long it takes."""

from pathlib import Path

import dlt
import duckdb as duckdb_itself
import pyarrow as pa
import pytest
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.normalizers.naming.duck_case import NamingConvention as DuckCase
from dlt.common.normalizers.naming.snake_case import NamingConvention as SnakeCase
from dlt.destinations import duckdb

from pipelines.warehouse.duckdb_destination import DuckdbDestination


@pytest.mark.parametrize("naming", [None, SnakeCase(), DuckCase()])
def test_capabilities_are_those_of_dlt(naming: NamingConvention | None, tmp_path: Path) -> None:
    """Without the configuration, the capabilities are the same as dlt's with it."""
    file = str(tmp_path / "w.duckdb")
    own, theirs = DuckdbDestination(file), duckdb(file)

    assert dict(theirs.capabilities(naming=naming)) == dict(own.capabilities(naming=naming))


def test_a_pipeline_keeps_the_name_of_the_destination(tmp_path: Path) -> None:
    """A pipeline's state names dlt's destination, so that any release can take it up."""
    file = str(tmp_path / "w.duckdb")
    own, theirs = DuckdbDestination(file), duckdb(file)

    assert theirs.destination_type == own.destination_type
    assert theirs.destination_name == own.destination_name


def test_a_file_is_merged_by_its_whole_key_without_staging_tables(tmp_path: Path) -> None:
    """A row that comes again replaces the whole held row: a column that its file lacks is null then."""
    file = tmp_path / "w.duckdb"
    pipeline = dlt.pipeline(
        "p", destination=DuckdbDestination(str(file)), dataset_name="raw", pipelines_dir=str(tmp_path)
    )
    for table in (
        pa.table({"a": [1, 1, 2], "b": ["x", "y", "x"], "value": [1, 2, 3]}),
        pa.table({"a": [1, 2, 3], "b": ["y", "y", "x"], "other": ["new", "new", "new"]}),
    ):
        rows = dlt.resource(
            [table],
            name="rows",
            primary_key=("a", "b"),
            write_disposition={"disposition": "merge", "strategy": "upsert"},
        )
        pipeline.run(rows, loader_file_format="parquet")

    with duckdb_itself.connect(file) as connection:
        found = connection.execute("SELECT a, b, value, other FROM raw.rows ORDER BY a, b").fetchall()
        schemas = connection.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
    new = [(1, "y", None, "new"), (2, "y", None, "new"), (3, "x", None, "new")]
    assert sorted([(1, "x", 1, None), (2, "x", 3, None), *new], key=lambda row: row[:2]) == found
    assert [("raw",)] == schemas
