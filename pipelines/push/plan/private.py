"""Refuses a push that needs data which the privacy file hashes or drops: it would send hashes or nothing.

A hash is seen in the model's rows. A dropped column is empty, as others may be, so the model's SQL is read:
it must not name one, in a table that is made of the table that lacks it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import orjson

from pipelines.errors import ModelFailed
from pipelines.push.plan.query import ROWS, select_of
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import quoted
from sources.customerio.extract.privacy import HASH, Privacy
from sources.customerio.extract.privacy_rules import REST

_MANIFEST = "dbt/target/manifest.json"
_RAW = f"source.customerio.{DATASET}."


@dataclass
class _Named:
    """The names of a statement: its tables, columns, and texts; `star` if it takes all columns."""

    tables: set[tuple[str, str]]
    columns: set[str]
    texts: set[str]
    star: bool = False


def check_private(
    connection: duckdb.DuckDBPyConnection, settings: Settings, spec: PushSpec, folder: Path, privacy: Privacy
) -> None:
    """Check that the model, which was run, has no hash in a column that is sent and names no dropped column.

    Raises:
        ModelFailed: it has one, or names one.
    """
    if not privacy:
        return
    used = _used(connection, spec)
    for column in used:
        text = f"{quoted(column)}::VARCHAR"
        ((hashed,),) = connection.execute(
            f"SELECT count(*) FROM {ROWS} WHERE regexp_matches({text}, '{HASH}')"
        ).fetchall()
        if hashed:
            msg = (
                f"{spec.sync}: {hashed:,} rows of its model have hashes in {column}, which the privacy file "
                f"made. Customer.io would get the hashes. Keep the column in {settings.cio_elt_privacy}, or "
                "leave it out of the push. Nothing was sent."
            )
            raise ModelFailed(msg)
    named = _named(connection, spec, folder)
    names = named.columns | (set(used) if named.star else set())
    made_of = {table for each in named.tables for table in _made_of(settings, *each)}
    for table, path in privacy.dropped():
        *_, last = path
        if table in made_of and (last in names or (last in named.texts and len(path) > 1)):
            where = last if path[0] == REST else f"{last} of {table}"
            msg = (
                f"{spec.sync}: its model reads {where}, which the privacy file drops. "
                f"Keep it in {settings.cio_elt_privacy}, or leave it out of the push. Nothing was sent."
            )
            raise ModelFailed(msg)


def _used(connection: duckdb.DuckDBPyConnection, spec: PushSpec) -> list[str]:
    """The columns of the model that the push sends, or by which it knows its rows."""
    wanted = {field.column or name for name, field in spec.fields.items()} | set(spec.keyed_by)
    if spec.person is not None:
        wanted.add(spec.person.column)
    return [name for name, *_ in connection.execute(f"DESCRIBE {ROWS}").fetchall() if name in wanted]


def _named(connection: duckdb.DuckDBPyConnection, spec: PushSpec, folder: Path) -> _Named:
    select = select_of(connection, spec, folder)
    ((text,),) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [select]).fetchall()
    named = _Named(set(), set(), set())
    for node in _nodes(orjson.loads(text)):
        match node.get("type"):
            case "BASE_TABLE":
                named.tables.add((node.get("schema_name") or "", node.get("table_name") or ""))
            case "COLUMN_REF":
                named.columns.add(node["column_names"][-1])
            case "STAR":
                named.star = True
            case "VALUE_CONSTANT":
                for text in _texts(node):
                    named.texts |= {text, text.removeprefix("$").rpartition(".")[2].strip('"')}
    return named


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)


def _texts(tree: Any) -> Iterator[str]:
    """All texts in a tree: a constant's is in another place in each release of DuckDB."""
    if isinstance(tree, str):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _texts(part)


def _made_of(settings: Settings, schema: str, table: str) -> Collection[str]:
    """The raw tables that a table is made of: itself, or what dbt read for it."""
    return {table} if schema == DATASET else _raw_parents(settings.cio_elt_data / _MANIFEST).get(table, set())


@cache
def _raw_parents(manifest: Path) -> dict[str, set[str]]:
    """The raw tables below each model of the last build, by the model's name."""
    try:
        document = orjson.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return {}
    parents: dict[str, list[str]] = document["parent_map"]

    def below(node: str) -> set[str]:
        if node.startswith(_RAW):
            return {node.removeprefix(_RAW)}
        return {table for parent in parents.get(node, ()) for table in below(parent)}

    return {node.rpartition(".")[2]: below(node) for node in parents if node.startswith("model.")}
