"""The warehouse's DuckDB destination is dlt's own, apart from the time that it takes."""

from pathlib import Path

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
