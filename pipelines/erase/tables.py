"""Erases people from the tables of an open DuckDB file, all of them in a few statements a table.

    rows of the people, by `Resource.person`       deleted
    rows of their deliveries, and child rows of dlt deleted
    cells of other rows that name them             `[erased]` in place of the word

A row that names two people is the one's whose identifier is the surest: `cio_id`, then id, then address.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa

from pipelines.erase.people import NODES
from pipelines.erase.subject import Table
from pipelines.erase.words import Words
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import quoted
from pipelines.warehouse.texts import replace_texts
from sources.customerio.extract.erased import Erased, redacted_json

_ROWS, _DELIVERIES = "erase_rows", "erase_deliveries"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The finds in one place: rows or files that went, and cells in which a word was replaced."""

    place: str
    gone: int = 0
    cells: int = 0


class Original(Protocol):
    """The tables of which those in DuckDB are copies: they are changed as the copies are."""

    def delete(self, table: Table, places: Sequence[int]) -> None:
        """Delete the rows of which those at `places` (DuckDB's row ids) are copies."""

    def replace(self, table: Table, column: str, texts: Mapping[int, str]) -> None:
        """Write new texts into that column, by the place of the copy."""


def erase_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    words: Words,
    erased: Erased,
    *,
    really: bool,
    original: Original | None = None,
) -> Iterator[Found]:
    """Find what each table has of the people in `NODES`; with `really` it is deleted or replaced."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_DELIVERIES} (id VARCHAR)")
    for table in tables:
        rows = _mark(connection, table)
        if table.name == "messages" and table.schema == DATASET:
            connection.execute(
                f"INSERT INTO {_DELIVERIES} SELECT id FROM {table.sql} WHERE rowid IN (FROM {_ROWS})"
            )
        cells = _replace_words(connection, table, words, erased, original, really=really)
        if really and rows:
            if original is not None:
                places = connection.execute(f"FROM {_ROWS}").fetchall()
                original.delete(table, [place for (place,) in places])
            connection.execute(f"DELETE FROM {table.sql} WHERE rowid IN (FROM {_ROWS})")
        if rows or cells:
            yield Found(place=table.place, gone=rows, cells=cells)


def _mark(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Put the places of the rows that go into a temporary table; returns their number."""
    parts = [_named(table)] if table.names_people else []
    parts += [
        f"SELECT rowid AS place FROM {table.sql} WHERE {quoted(name)} IN (FROM {_DELIVERIES})"
        for name in table.deliveries
    ]
    parts += _of_parent(table)
    rows = " UNION ".join(parts) or "SELECT 0::BIGINT AS place WHERE false"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS {rows}")
    ((found,),) = connection.execute(f"SELECT count(*) FROM {_ROWS}").fetchall()
    return int(found)


def _named(table: Table) -> str:
    """SQL of the places of rows whose surest identifier is one of the people's."""
    return f"""
        SELECT s.place FROM ({table.subjects}) AS s
        LEFT JOIN {NODES} AS c ON c.kind = 'cio_id' AND c.value = s.cio_id
        LEFT JOIN {NODES} AS i ON i.kind = 'id' AND i.value = s.id
        LEFT JOIN {NODES} AS e ON e.kind = 'email' AND e.value = s.email
        WHERE coalesce(c.known, i.known, e.known, false)
    """


def _of_parent(table: Table) -> list[str]:
    """SQL of the places of rows of a child table of dlt whose parent's row is gone."""
    parent = table.name.rpartition("__")[0]
    if not parent or "_dlt_parent_id" not in table.columns:
        return []
    kept = f"SELECT _dlt_id FROM {quoted(table.schema)}.{quoted(parent)}"
    return [f"SELECT rowid AS place FROM {table.sql} WHERE _dlt_parent_id NOT IN ({kept})"]


def _replace_words(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    words: Words,
    erased: Erased,
    original: Original | None,
    *,
    really: bool,
) -> int:
    """Replace the people's identifiers in the texts of rows that stay; returns the number of cells."""
    cells = 0
    for column, kind in table.texts.items():
        places = pa.table({"place": pa.array(words.cells(connection, table.sql, column), pa.int64())})
        connection.register("erase_given", places)
        found = connection.execute(
            f"SELECT rowid, {quoted(column)}::VARCHAR FROM {table.sql} "
            f"SEMI JOIN erase_given ON rowid = place WHERE rowid NOT IN (FROM {_ROWS})"
        ).fetchall()
        connection.unregister("erase_given")
        cells += len(found)
        if not found or not really:
            continue
        texts = {
            place: redacted_json(text, erased.redacted) if kind == "JSON" else erased.redacted(text)
            for place, text in found
        }
        if original is not None:
            original.replace(table, column, texts)
        replace_texts(connection, table.sql, column, texts)
    return cells
