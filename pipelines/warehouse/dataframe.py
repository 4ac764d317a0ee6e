"""Query results as pandas DataFrames; a column's dtype depends on its SQL type and never on its rows.

By default pandas turns whole numbers into floats, and booleans into objects, as soon as one is missing.

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
from pipelines.warehouse.run_ledger import DATABASE
from pipelines.warehouse.sql import literal

if TYPE_CHECKING:
    import pandas as pd

# The schemas that are searched for a table without a schema name, in this order.
_SEARCHED = ("main", "ops", "customerio_raw")

# Sums of whole numbers are HUGEINT in DuckDB; this is Arrow's type for them.
_HUGE = pa.decimal128(38, 0)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the connection's time zone to UTC, and its search path to the schemas that exist."""
    connection.execute("SET TimeZone = 'UTC'")
    # The runs as they are now come before those of the file; the first schema's database is the default one.
    found = connection.execute(
        "SELECT catalog_name, schema_name FROM information_schema.schemata "
        "WHERE catalog_name = current_database() "
        f"OR (catalog_name = {literal(DATABASE)} AND schema_name = 'ops') "
        f"ORDER BY catalog_name <> {literal(DATABASE)}"
    ).fetchall()
    schemas = [f"{catalog}.{name}" for wanted in _SEARCHED for catalog, name in found if name == wanted]
    connection.execute(f"SET search_path = '{','.join(schemas)}'")


def fetch(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: object | None = None
) -> "pd.DataFrame":
    """The rows of a query as a DataFrame.

    Raises:
        ConfigError: the query is invalid, or returns no rows by its nature, such as CREATE.
        WarehouseError: the query failed on a row.
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
    """The Arrow table as a DataFrame; `table` is consumed, so that no row is in memory twice."""
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
    """The error for a failed query; its message shows no value of a row."""
    reason = " ".join(str(error).split("\n\n")[0].split())
    if isinstance(error, duckdb.ProgrammingError):
        msg = f"The query cannot be understood. {reason} Correct it; `SHOW ALL TABLES` lists the tables."
        return ConfigError(msg)
    kind = reason.partition(":")[0]
    msg = (
        f"The query failed on a row ({kind}), which is not shown here. Use try_cast where it casts, or "
        "select fewer columns to find the cause."
    )
    return WarehouseError(msg)
