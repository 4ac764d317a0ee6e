"""DataFrames: dtypes follow from SQL types, and a failed query ends with a sentence."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines.errors import WarehouseError
from pipelines.settings import Settings, read_settings
from pipelines.warehouse import queries
from sources.customerio.client import ConfigError

DTYPES = {
    "1::BIGINT": "Int64",
    "1::SMALLINT": "Int16",
    "1::UINTEGER": "UInt32",
    "sum(3::BIGINT)": "Int64",
    "count(*)": "Int64",
    "true": "boolean",
    "1.5::DOUBLE": "float64",
    "1.25::DECIMAL(10, 2)": "decimal128(10, 2)[pyarrow]",
    "'x'": "str",
    """'{"a": 1}'::JSON""": "str",
    "uuid()": "str",
    "TIMESTAMPTZ '2026-10-15 10:00+02'": "datetime64[us, UTC]",
    "TIMESTAMP '2026-10-15 10:00'": "datetime64[us]",
    "DATE '2026-10-15'": "datetime64[ms]",
    "[1, 2]": "object",
}


@pytest.fixture
def published(tmp_path: Path) -> Settings:
    """Settings whose published file holds a row of text."""
    settings = read_settings(cio_elt_data=tmp_path / "data")
    settings.cio_elt_data.mkdir()
    with duckdb.connect(settings.published_file) as connection:
        connection.execute("CREATE TABLE people AS SELECT 'ada@example.com' AS email")
    return settings


@pytest.mark.parametrize(("expression", "dtype"), DTYPES.items())
def test_a_dtype_follows_from_the_type_in_sql(published: Settings, expression: str, dtype: str) -> None:
    """With and without a row that lacks the value, a column is of one dtype."""
    whole = queries.frame(f"SELECT {expression} AS x", settings=published)
    lacking = queries.frame(f"SELECT {expression} AS x UNION ALL SELECT NULL", settings=published)

    assert dtype == str(whole["x"].dtype)
    assert dtype == str(lacking["x"].dtype)
    assert [1, 1] == [whole["x"].notna().sum(), lacking["x"].isna().sum()]


def test_values_are_exact(published: Settings) -> None:
    """Large whole numbers, decimals and instants come as they are."""
    query = """
        SELECT 9007199254740993 AS whole, 0.10::DECIMAL(10, 2) AS price,
               TIMESTAMPTZ '2026-10-15 10:00+02' AS instant, 170141183460469231731687303715884105727 AS huge
        UNION ALL SELECT NULL, NULL, NULL, NULL
    """
    row = queries.frame(query, settings=published).iloc[0]

    assert (9007199254740993, Decimal("0.10")) == (row["whole"], row["price"])
    assert pd.Timestamp("2026-10-15 08:00", tz="UTC") == row["instant"]
    assert 2**127 - 1 == int(row["huge"])


def test_parameters_fill_the_query(published: Settings) -> None:
    """Values go in by place or by name."""
    by_place = queries.frame("SELECT ? + 1 AS x", [1], published)
    by_name = queries.frame("SELECT $one + 1 AS x", {"one": 1}, published)

    assert [2] == by_place["x"].tolist() == by_name["x"].tolist()


@pytest.mark.parametrize(
    ("query", "words"),
    {
        "SELECT nope FROM people": ('column "nope" not found', "Correct it"),
        "FROM peple": ("peple does not exist", "people"),
        "SELEC 1": ("syntax error", "SELEC"),
        "SELECT ?": ("not provided", "Correct it"),
        "": ("no rows", "SELECT"),
        "DROP TABLE people": ("read-only",),
    }.items(),
)
def test_an_invalid_query_is_refused(published: Settings, query: str, words: tuple[str, ...]) -> None:
    """The message has DuckDB's own hint, and the next step."""
    with pytest.raises(ConfigError) as refused:
        queries.frame(query, settings=published)

    message = str(refused.value)
    assert all(word in message for word in words), message


def test_no_value_of_a_row_is_shown(published: Settings) -> None:
    """DuckDB's errors quote the value that failed; ours do not."""
    with pytest.raises(WarehouseError) as failed:
        queries.frame("SELECT email::INT FROM people", settings=published)

    assert "Conversion Error" in str(failed.value)
    assert "ada@example.com" not in str(failed.value)
