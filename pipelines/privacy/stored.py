"""Applies the rules of the privacy file to the rows that were stored before it was written.

    load what waits -> (each raw table: values that differ with the rules -> replaced) -> what is too old
         -> models and files that can be made anew, removed -> private file, written anew -> build, publish

Until the models are built, readers have the published file of before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import msgspec
import orjson

from pipelines.errors import ConfigError
from pipelines.notify import Notify, silent
from pipelines.privacy.policy import note_applied, privacy_of
from pipelines.privacy.retention import retain
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import compact, log_of, open_file
from pipelines.warehouse.left_rows import DERIVED, STAGED, matching, remove
from pipelines.warehouse.pipeline import DATASET, forget_loaded
from pipelines.warehouse.publish import publish_warehouse
from pipelines.warehouse.queries import no_warehouse
from pipelines.warehouse.settle import settled
from pipelines.warehouse.sql import quoted
from pipelines.warehouse.texts import replace_texts
from pipelines.warehouse.writer import writing
from sources.customerio.catalogue import RESOURCES, Resource
from sources.customerio.catalogue import resource as catalogued
from sources.customerio.extract import REJECTED
from sources.customerio.extract.own_columns import columns_of
from sources.customerio.extract.privacy import Privacy

_NO_MODELS = (DATASET, "customerio_push")
_ROWS_AT_ONCE = 20_000
_LAST_RUN = f"SELECT coalesce(max(finished_at), 0) FROM {DATASET}.sync_runs"
"""The time of the last run, by Customer.io's clock."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """The numbers of an application: values that were replaced, and rows that were too old, by table."""

    values: dict[str, int]
    deleted: dict[str, int]


def apply_rules(
    settings: Settings, build: Callable[[], object], *, wait_s: float = 3600.0, notify: Notify = silent
) -> Applied:
    """Apply the rules to all stored rows; `build` builds the models anew and publishes, if there were any.

    Raises:
        ConfigError: the file cannot be used; there is no warehouse, or it is on a server.
        Busy: another run wrote the warehouse for longer than `wait_s`.
        EltError: what `build` raises; the rules do not count as applied then.
    """
    if not settings.publishes:
        msg = (
            "`cio-elt privacy --apply` rewrites DuckDB files, and CIO_ELT_DESTINATION is "
            f"{settings.cio_elt_destination!r}. Rows that are loaded from now on have the rules."
        )
        raise ConfigError(msg)
    privacy = privacy_of(settings)
    if not settings.load_file.exists():
        raise no_warehouse(settings)
    with writing(settings, wait_s=wait_s, notify=notify):
        forget_loaded(settled(settings, notify))
        with open_file(settings.load_file) as connection:
            connection.begin()
            values = {table: number for table, number in _applied(connection, privacy) if number}
            connection.commit()
            had_models = _drop_models(connection)
            ((now,),) = connection.execute(_LAST_RUN).fetchall()
        deleted = retain(settings, now, at_once=True)
        for path in matching(settings.cio_elt_data, (*DERIVED, *STAGED)):
            remove(path)
        compact(settings.load_file, always=True)
        log_of(settings.load_file).unlink(missing_ok=True)
        if not had_models:
            publish_warehouse(settings)
    if had_models:
        build()
    note_applied(settings)
    return Applied(values=values, deleted=deleted)


def _drop_models(connection: duckdb.DuckDBPyConnection) -> bool:
    """Drop all that dbt has built; returns True if there was any."""
    found = connection.execute(
        f"""
        SELECT kind, schema_name, name FROM (
            SELECT 'VIEW' AS kind, database_name, schema_name, view_name AS name, internal FROM duckdb_views()
            UNION ALL
            SELECT 'TABLE', database_name, schema_name, table_name, internal FROM duckdb_tables())
        WHERE NOT internal AND database_name = current_database() AND schema_name NOT IN {_NO_MODELS}
        ORDER BY ALL DESC
        """
    ).fetchall()
    for kind, schema, name in found:
        connection.execute(f"DROP {kind} {quoted(schema)}.{quoted(name)}")
    return bool(found)


def _applied(connection: duckdb.DuckDBPyConnection, privacy: Privacy) -> Iterator[tuple[str, int]]:
    """Replace the values of each raw table that differ with the rules; yields their number, by table."""
    found = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ? ORDER BY ALL",
        [DATASET],
    ).fetchall()
    kinds = {(table, column): kind for table, column, kind in found}
    for row in RESOURCES:
        own = (*columns_of(row).keys() - row.columns.keys(), "_dlt_id", "_dlt_load_id")
        columns = [column for table, column in kinds if table == row.table and column not in own]
        yield (
            row.table,
            sum(_column(connection, privacy, row, column, kinds[row.table, column]) for column in columns),
        )
    if (REJECTED, "record") in kinds:
        yield REJECTED, _rejected(connection, privacy)


def _column(
    connection: duckdb.DuckDBPyConnection, privacy: Privacy, row: Resource, column: str, kind: str
) -> int:
    """Replace the values of one column; returns their number."""
    if privacy.rules_of(row).at((column,)) == "keep":
        return 0
    if kind not in ("VARCHAR", "JSON"):
        if privacy.rules_of(row).at((column,)) != "drop":
            return 0
        sql = f"UPDATE {_name(row.table)} SET {quoted(column)} = NULL WHERE {quoted(column)} IS NOT NULL"
        ((number,),) = connection.execute(sql).fetchall()
        return int(number)
    is_json = row.columns.get(column, "json") == "json"

    def new(text: str) -> str | None:
        value: Any = msgspec.Raw(text.encode()) if is_json else text
        found = privacy.value(row, column, value)
        return bytes(found).decode() if isinstance(found, msgspec.Raw) else found

    return _replace(connection, row.table, column, lambda _resource, text: new(text))


def _rejected(connection: duckdb.DuckDBPyConnection, privacy: Privacy) -> int:
    def new(table: str, text: str) -> str | None:
        try:
            record = orjson.loads(text)
        except ValueError:
            # It is cut, or no JSON: nothing says what is in it.
            return None
        kept = privacy.record(catalogued(table), record)
        return text if kept == record else orjson.dumps(kept).decode()

    return _replace(connection, REJECTED, "record", new, "resource")


def _replace(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    new: Callable[[str, str], str | None],
    of: str = "''",
) -> int:
    """Replace the texts of a column by `new` of the expression `of` and the text; returns how many differ."""
    number = 0
    cursor = connection.cursor()
    text = f"{quoted(column)}::VARCHAR"
    cursor.execute(f"SELECT rowid, {of}, {text} FROM {_name(table)} WHERE {text} IS NOT NULL")
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        changed = {place: after for place, key, text in rows if (after := new(key, text)) != text}
        if changed:
            replace_texts(connection, _name(table), column, changed)
            number += len(changed)
    return number


def _name(table: str) -> str:
    return f"{quoted(DATASET)}.{quoted(table)}"
