"""Texts of an open DuckDB file, replaced by the place of their rows."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from pipelines.warehouse.sql import quoted


def replace_texts(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, texts: Mapping[int, str | None]
) -> None:
    """Write the texts, by `rowid`, into a column of the table with that name in SQL, all in one statement."""
    given = pa.table(
        {"place": pa.array(texts.keys(), pa.int64()), "text": pa.array(texts.values(), pa.string())}
    )
    connection.register("given_texts", given)
    connection.execute(
        f"UPDATE {table} AS t SET {quoted(column)} = n.text FROM given_texts AS n WHERE t.rowid = n.place"
    )
    connection.unregister("given_texts")
