"""Runs a search: from the document to the answer."""

import json
import time
from typing import Any

import duckdb

from pipelines.errors import ConfigError
from pipelines.search.answer import Answer, Shape
from pipelines.search.document import Search, parse
from pipelines.search.fields import Fields
from pipelines.search.paging import cursor, last_of
from pipelines.search.statement import Statement, statement
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import reading
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import no_warehouse
from pipelines.warehouse.sql import quoted
from sources.customerio import RESOURCES
from sources.suggestions import did_you_mean_or_all


def search(settings: Settings, table: str, document: object) -> Answer:
    """Search a table of the published warehouse; `document` is the search as decoded JSON.

    Raises:
        ConfigError: the table or a field does not exist, or the document is invalid.
        WarehouseError: the published file cannot be read.
    """
    keys = {row.table: row.key for row in RESOURCES}
    if table not in keys:
        msg = f"There is no table {table!r}.{did_you_mean_or_all(table, keys)}"
        raise ConfigError(msg)
    wanted = parse(_as_json(document))
    last = last_of(table, wanted)
    if not settings.publishes:
        msg = (
            f"Searches read the DuckDB file, and the warehouse is in {settings.cio_elt_destination}. "
            f"Query {DATASET}.{table} there, in SQL."
        )
        raise ConfigError(msg)
    if not settings.published_file.exists():
        raise no_warehouse(settings)
    with reading(settings.published_file) as connection:
        began = time.perf_counter()
        fields = _fields(connection, table)
        compiled = statement(wanted, fields, keys[table], last)
        rows = connection.execute(compiled.sql, compiled.parameters).fetchall()
        return _answer(table, wanted, fields, compiled, rows, began)


def _fields(connection: duckdb.DuckDBPyConnection, table: str) -> Fields:
    try:
        rows = connection.execute(f"DESCRIBE {DATASET}.{quoted(table)}").fetchall()
    except duckdb.CatalogException:
        msg = f"No sync has filled the table {table} yet. Run `cio-elt sync {table}`."
        raise ConfigError(msg) from None
    return Fields(table=table, types={name: kind for name, kind, *_ in rows})


def _answer(
    table: str, wanted: Search, fields: Fields, compiled: Statement, rows: list[tuple[Any, ...]], began: float
) -> Answer:
    has_more = len(rows) > wanted.limit
    shape, width = Shape(compiled.fields, fields.types), len(compiled.columns)
    page = rows[: wanted.limit]
    return Answer(
        data=[shape.record(dict(zip(compiled.columns, row, strict=False))) for row in page],
        has_more=has_more,
        cursor=cursor(table, wanted, page[-1][width:]) if has_more else None,
        took_ms=round((time.perf_counter() - began) * 1000, 1),
    )


def _as_json(document: object) -> object:
    """The document after a round trip through JSON, so that it has JSON's types alone."""
    try:
        text = json.dumps(document, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        msg = (
            f"The search cannot be written as JSON in UTF-8 ({type(error).__name__}). Make it of objects, "
            "arrays, whole characters, numbers, true, false and null."
        )
        raise ConfigError(msg) from None
    return json.loads(text)
