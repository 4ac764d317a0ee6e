"""One search, from the document to the answer."""

import json
import time
from typing import Any

import duckdb

from pipelines.errors import ConfigError
from pipelines.search.answer import Answer, Shape
from pipelines.search.document import Query, parsed
from pipelines.search.fields import Fields
from pipelines.search.paging import cursor, last_of
from pipelines.search.statement import Statement, statement
from pipelines.search.suggestions import near
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import reading
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import no_warehouse
from pipelines.warehouse.sql import quoted
from sources.customerio import RESOURCES


def search(settings: Settings, table: str, document: object) -> Answer:
    """Search a table of the published warehouse; `document` is the search as JSON has it.

    Raises:
        ConfigError: there is no such table or field, or the search is not one that can be understood.
        WarehouseFailed: the published file cannot be read.
    """
    keys = {row.table: row.key for row in RESOURCES}
    if table not in keys:
        msg = f"There is no table {table!r}.{near(table, keys)}"
        raise ConfigError(msg)
    query = parsed(_plain(document))
    last = last_of(table, query)
    if not settings.publishes:
        msg = (
            f"Searches read the DuckDB file, and the warehouse is in {settings.cio_elt_destination}. "
            f"Ask for {DATASET}.{table} there, in SQL."
        )
        raise ConfigError(msg)
    if not settings.published_file.exists():
        raise no_warehouse(settings)
    with reading(settings.published_file) as connection:
        began = time.perf_counter()
        fields = _fields(connection, table)
        asked = statement(query, fields, keys[table], last)
        rows = connection.execute(asked.sql, asked.parameters).fetchall()
        return _answer(table, query, fields, asked, rows, began)


def _fields(connection: duckdb.DuckDBPyConnection, table: str) -> Fields:
    try:
        rows = connection.execute(f"DESCRIBE {DATASET}.{quoted(table)}").fetchall()
    except duckdb.CatalogException:
        msg = f"No sync has filled the table {table} yet. Run `cio-elt sync {table}`."
        raise ConfigError(msg) from None
    return Fields(table=table, types={name: kind for name, kind, *_ in rows})


def _answer(
    table: str, query: Query, fields: Fields, asked: Statement, rows: list[tuple[Any, ...]], began: float
) -> Answer:
    has_more = len(rows) > query.limit
    shape, width = Shape(asked.fields, fields.types), len(asked.columns)
    page = rows[: query.limit]
    return Answer(
        data=[shape.record(dict(zip(asked.columns, row, strict=False))) for row in page],
        has_more=has_more,
        cursor=cursor(table, query, page[-1][width:]) if has_more else None,
        took_ms=round((time.perf_counter() - began) * 1000, 1),
    )


def _plain(document: object) -> object:
    """The document as it comes out of JSON, so that what follows meets nothing else."""
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
