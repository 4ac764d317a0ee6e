"""From Arrow to pandas, so that a column's dtype follows from its type in SQL and never from its rows.

pandas' own defaults make floats of whole numbers and objects of booleans as soon as one is missing.

| in SQL | in pandas |
|---|---|
| TINYINT ... BIGINT, UTINYINT ... UBIGINT | Int8 ... Int64, UInt8 ... UInt64 |
| HUGEINT, as of sum() over whole numbers | Int64; a decimal where it is too large |
| BOOLEAN | boolean |
| FLOAT, DOUBLE | float32, float64 |
| DECIMAL | decimal, exactly (an ArrowDtype) |
| VARCHAR, UUID, JSON (its text) | str |
| TIMESTAMPTZ, TIMESTAMP, DATE | datetime64[us, UTC], datetime64[us], datetime64[ms] |
| INTERVAL, TIME, LIST, STRUCT | object |
"""

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import ConfigError, EltError, WarehouseError

if TYPE_CHECKING:
    import pandas as pd

# The schemas in which a table is looked for that is called by its name alone.
_SEARCHED = ("main", "ops", "customerio_raw")

# Sums of whole numbers are HUGEINT in DuckDB, which Arrow knows as this.
_HUGE = pa.decimal128(38, 0)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Times in UTC, and tables by their name alone."""
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute(
        "SELECT catalog_name, schema_name FROM information_schema.schemata "
        "WHERE catalog_name = current_database()"
    ).fetchall()
    there = [f"{catalog}.{name}" for wanted in _SEARCHED for catalog, name in found if name == wanted]
    connection.execute(f"SET search_path = '{','.join(there)}'")


def answer(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: object | None = None
) -> "pd.DataFrame":
    """The rows of a query.

    Raises:
        ConfigError: the query is not one that DuckDB can answer here.
        WarehouseFailed: it failed on a row.
    """
    try:
        rows = connection.sql(query, params=parameters)
        table = None if rows is None else rows.to_arrow_table()
    except duckdb.Error as error:
        raise query_failure(error) from None
    if table is None:
        msg = "The query has no rows to make a frame of. Begin it with SELECT, FROM or WITH."
        raise ConfigError(msg)
    return to_frame(table)


def to_frame(table: pa.Table) -> "pd.DataFrame":
    """The rows as a DataFrame; `table` is used up, so that no row is in memory twice."""
    import pandas as pd

    whole = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }

    def dtype(kind: pa.DataType) -> "pd.api.extensions.ExtensionDtype | None":
        return pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else whole.get(kind)

    columns = [_whole(column) if column.type == _HUGE else column for column in table.columns]
    named = pa.Table.from_arrays(columns, names=table.column_names)
    del table, columns
    return named.to_pandas(
        types_mapper=dtype, date_as_object=False, split_blocks=True, self_destruct=True, ignore_metadata=True
    )


def _whole(sums: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    try:
        return pc.cast(sums, pa.int64())
    except pa.ArrowInvalid:
        return sums


def query_failure(error: duckdb.Error) -> EltError:
    """Why a query has no answer: what DuckDB says of the query itself, and of no value in a row."""
    said = " ".join(str(error).split("\n\n")[0].split())
    if isinstance(error, duckdb.ProgrammingError):
        msg = f"The query cannot be understood. {said} Mend it; `SHOW ALL TABLES` lists what is there."
        return ConfigError(msg)
    kind = said.partition(":")[0]
    msg = (
        f"The query failed on a row ({kind}), which is not shown here. Try try_cast where it casts, or ask "
        "for fewer columns to find the one."
    )
    return WarehouseError(msg)
