"""Removes double rows: two rows of a table with one key.

A load merges by key, but two rows of one load with the same key are both inserted, and no later load would
remove one of them. Extraction hands over a key once; doubles come from a load that was killed after a file of
rows was staged and before dlt had noted it (the next run stages it again), from loads of earlier releases and
from programs that write into the tables. All rows of a double key that one load made have that load's id.

So all rows are checked only if anything but a run that ended in order has written the tables; else those of
the loads that a run has just made. On PostgreSQL each table has a unique index of its key, which finds the
row of a key that is merged, and lets no double in: a table is checked once, before it gets the index.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.notify import Notify
from pipelines.warehouse.destinations import POSTGRES
from pipelines.warehouse.pipeline import Loaded
from pipelines.warehouse.sql import DATASET, literal, quoted

if TYPE_CHECKING:
    from dlt import Pipeline

_KEPT = "cio_elt_kept_rows"


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A kind of warehouse, as SQL.

    `check` returns a row if there are doubles. `index` makes a unique index that is called `name`, and
    `indexes` are the names of those that there are; both are empty for a warehouse that has none.
    """

    check: str = "SELECT 1 FROM {table} WHERE {among} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    index: str = ""
    indexes: str = ""


_OTHER = _Kind()
_KINDS: Mapping[str, _Kind] = {
    # By hash, since the ids of millions of rows would take most of a gigabyte of this process's memory.
    "duckdb": _Kind(
        check="SELECT 1 FROM {table} WHERE {among} HAVING count(DISTINCT hash({keys})) < count(*)"
    ),
    POSTGRES: _Kind(
        index="CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {table} ({keys})",
        indexes=f"SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
        f"WHERE i.indisunique AND i.indisvalid AND c.relnamespace = '{DATASET}'::regnamespace",
    ),
}


@dataclass(frozen=True, kw_only=True)
class _Merged:
    """A table that is merged: its name, and its own name and its key as SQL."""

    name: str
    sql: str
    keys: str

    @property
    def index(self) -> str:
        """The name of the unique index of its key."""
        return f"cio_elt_key_of_{self.name}"


def heal(target: "Pipeline", notify: Notify, loaded: Loaded | None = None) -> int:
    """Keep one row of each key, the one that was loaded last; returns the number of rows that went.

    With `loaded`, only rows of that load are checked. `notify` gets a sentence for each table that had any. A
    destination that takes no SQL is left as it is.
    """
    from dlt.common.destination.exceptions import SqlClientNotAvailable

    if target.first_run or target.default_schema_name is None:
        return 0
    try:
        client = target.sql_client()
    except SqlClientNotAvailable:
        return 0
    kind = _KINDS.get(target.destination.destination_name, _OTHER) if target.destination else _OTHER
    everything = 0
    with client as sql:
        there = {name for (name,) in sql.execute_sql(kind.indexes)} if kind.indexes else set()
        for table in _merged(target, sql):
            if table.index in there or not (loaded is None or table.name in loaded.tables):
                continue
            # A table without its index has never been checked.
            among = "1 = 1" if loaded is None or kind.index else _of(loaded)
            everything += _healed(sql, table, kind, among, notify)
    return everything


def _merged(target: "Pipeline", sql: Any) -> Iterator[_Merged]:
    """The tables that are merged by a key and have been loaded, as dlt knows them."""
    for name, table in target.default_schema.tables.items():
        keys = [column for column, hints in table["columns"].items() if hints.get("primary_key")]
        if keys and "_dlt_load_id" in table["columns"]:
            yield _Merged(
                name=name,
                sql=sql.make_qualified_table_name(name),
                keys=", ".join(map(sql.escape_column_name, keys)),
            )


def _of(loaded: Loaded) -> str:
    return f"_dlt_load_id IN ({', '.join(map(literal, sorted(loaded.load_ids)))})"


def _healed(sql: Any, table: _Merged, kind: _Kind, among: str, notify: Notify) -> int:
    """Remove the doubles of a table, and give it its index; returns the number of rows that went."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    try:
        found = sql.execute_sql(kind.check.format(table=table.sql, keys=table.keys, among=among))
    except DatabaseUndefinedRelation:
        return 0
    removed = _removed(sql, table) if found else 0
    if found:
        notify(f"{table.name} had {removed:,} row(s) twice or more; one of each was kept.")
    if kind.index:
        sql.execute_sql(kind.index.format(name=quoted(table.index), table=table.sql, keys=table.keys))
    return removed


def _removed(sql: Any, table: _Merged) -> int:
    """Keep the row of each double key that was loaded last; returns the number of rows that went."""
    same = " AND ".join(f"kept.{key} = {table.sql}.{key}" for key in table.keys.split(", "))
    with sql.execute_query(f"SELECT * FROM {table.sql} WHERE 1 = 0") as cursor:
        columns = ", ".join(sql.escape_column_name(column[0]) for column in cursor.description)
    with sql.begin_transaction():
        before = _count(sql, table)
        sql.execute_sql(
            f"CREATE TEMPORARY TABLE {_KEPT} AS SELECT {columns} FROM ("
            f"SELECT {columns}, count(*) OVER (PARTITION BY {table.keys}) AS cio_elt_copies, "
            f"row_number() OVER (PARTITION BY {table.keys} ORDER BY _dlt_load_id DESC) AS cio_elt_place "
            f"FROM {table.sql}) AS numbered WHERE cio_elt_copies > 1 AND cio_elt_place = 1"
        )
        sql.execute_sql(f"DELETE FROM {table.sql} WHERE EXISTS (SELECT 1 FROM {_KEPT} AS kept WHERE {same})")
        sql.execute_sql(f"INSERT INTO {table.sql} ({columns}) SELECT {columns} FROM {_KEPT}")
        sql.execute_sql(f"DROP TABLE {_KEPT}")
        return before - _count(sql, table)


def _count(sql: Any, table: _Merged) -> int:
    return int(sql.execute_sql(f"SELECT count(*) FROM {table.sql}")[0][0])
