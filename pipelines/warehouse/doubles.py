"""Removes double rows: two rows of a table with one key.

A load merges by key, but two rows of one load with the same key are both inserted, and no later load would
remove one of them. Extraction hands over a key once; doubles come from a load that was killed after a file of
rows was staged and before dlt had noted it (the next run stages it again), from loads of earlier releases and
from programs that write into the tables. All rows of a double key that one load made have that load's id.

So all rows are checked only if anything but a run that ended in order has written the tables; else those of
the loads that a run has just made.
"""

from typing import TYPE_CHECKING, Any

from pipelines.notify import Notify
from pipelines.warehouse.pipeline import Loaded
from pipelines.warehouse.sql import literal
from sources.customerio.catalogue import RESOURCES, Resource

if TYPE_CHECKING:
    from dlt import Pipeline

_KEPT = "cio_elt_kept_rows"
# A row of the answer means that there are doubles. In DuckDB by hash, since the ids of millions of rows would
# take most of a gigabyte of this process's memory.
_CHECK = "SELECT 1 FROM {table} WHERE {among} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
_CHECKS = {"duckdb": "SELECT 1 FROM {table} WHERE {among} HAVING count(DISTINCT hash({keys})) < count(*)"}


def heal(target: "Pipeline", notify: Notify, loaded: Loaded | None = None) -> int:
    """Keep one row of each key, the one that was loaded last; returns the number of rows that went.

    With `loaded`, only rows of that load are checked. `notify` gets a sentence for each table that had any. A
    destination that takes no SQL is left as it is.
    """
    from dlt.common.destination.exceptions import SqlClientNotAvailable

    known = set() if target.first_run else set(target.default_schema.tables)
    among = "1 = 1"
    if loaded is not None:
        known &= loaded.tables
        among = f"_dlt_load_id IN ({', '.join(map(literal, sorted(loaded.load_ids)))})"
    tables = [row for row in RESOURCES if row.table in known]
    if not tables:
        return 0
    check = _CHECKS.get(target.destination.destination_name, _CHECK) if target.destination else _CHECK
    try:
        client = target.sql_client()
    except SqlClientNotAvailable:
        return 0
    everything = 0
    with client as sql:
        for row in tables:
            if _has_doubles(sql, row, check, among):
                removed = _remove(sql, row)
                everything += removed
                notify(f"{row.table} had {removed:,} row(s) twice or more; one of each was kept.")
    return everything


def _has_doubles(sql: Any, row: Resource, check: str, among: str) -> bool:
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    keys, table = _keys(sql, row), sql.make_qualified_table_name(row.table)
    try:
        found = sql.execute_sql(check.format(table=table, keys=keys, among=among))
    except DatabaseUndefinedRelation:
        return False
    return bool(found)


def _remove(sql: Any, row: Resource) -> int:
    """Keep the row of each double key that was loaded last; returns the number of rows that went."""
    keys, table = _keys(sql, row), sql.make_qualified_table_name(row.table)
    same = " AND ".join(f"kept.{key} = {table}.{key}" for key in keys.split(", "))
    with sql.execute_query(f"SELECT * FROM {table} WHERE 1 = 0") as cursor:
        columns = ", ".join(sql.escape_column_name(column[0]) for column in cursor.description)
    with sql.begin_transaction():
        before = _count(sql, table)
        sql.execute_sql(
            f"CREATE TEMPORARY TABLE {_KEPT} AS SELECT {columns} FROM ("
            f"SELECT {columns}, count(*) OVER (PARTITION BY {keys}) AS cio_elt_copies, "
            f"row_number() OVER (PARTITION BY {keys} ORDER BY _dlt_load_id DESC) AS cio_elt_place "
            f"FROM {table}) AS numbered WHERE cio_elt_copies > 1 AND cio_elt_place = 1"
        )
        sql.execute_sql(f"DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM {_KEPT} AS kept WHERE {same})")
        sql.execute_sql(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_KEPT}")
        sql.execute_sql(f"DROP TABLE {_KEPT}")
        return before - _count(sql, table)


def _count(sql: Any, table: str) -> int:
    return int(sql.execute_sql(f"SELECT count(*) FROM {table}")[0][0])


def _keys(sql: Any, row: Resource) -> str:
    return ", ".join(sql.escape_column_name(column) for column in row.key)
