"""Schema drift: changes of the raw tables' columns and values since the last transform.

    rows loaded since the last transform, compared with the columns before -> `customerio_raw.schema_changes`

A field that Customer.io no longer sends keeps its column, which stays empty from then on. So a column counts
as vanished once all its values are null, or once the new rows, by the share of filled values before, should
have at least `_EXPECTED` values and have none. A value of another type than its column's is stored in a
second column of the same name with the suffix `AS_SENT`: that column's type is reported as the new type.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.runs import TABLE as RUNS
from sources.customerio import RESOURCES
from sources.customerio.extract import AS_SENT

CHANGES, SEEN = f"{DATASET}.schema_changes", f"{DATASET}.schema_seen"
_EXPECTED = 20
_OWN_COLUMNS = frozenset({"first_seen_at", "deleted_at", "_row_hash", "_dlt_load_id", "_dlt_id"})

_IS_OF_LINK = "regexp_matches(name, '^(human_)?link:')"
# Values that Customer.io adds without notice: the change, the table, and the expression that lists them.
# Metrics of single links are left out: each link has two, `link:<n>` and `human_link:<n>` [live-estuary].
_VALUES = (
    ("new_metric", "messages", f"unnest(list_filter(json_keys(metrics), lambda name: NOT {_IS_OF_LINK}))"),
    ("new_channel", "messages", "type"),
    ("new_activity_type", "activities", "type"),
)
_TABLES = f"""
    CREATE TABLE IF NOT EXISTS {CHANGES} (
        noted_at BIGINT, change VARCHAR, table_name VARCHAR, name VARCHAR, before VARCHAR, after VARCHAR
    );
    CREATE TABLE IF NOT EXISTS {SEEN} (
        sort VARCHAR, table_name VARCHAR, name VARCHAR, kinds VARCHAR[], rows BIGINT, filled BIGINT,
        newest VARCHAR, PRIMARY KEY (sort, table_name, name)
    );
"""
_NEWEST_RUN = f"(SELECT max(finished_at) FROM {DATASET}.{RUNS})"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two transforms.

    `change` is new_column, vanished_column, retyped_column, new_metric, new_channel or new_activity_type.
    `before` and `after` are types, where the change has them.
    """

    change: str
    table_name: str
    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A column, or a value of `_VALUES`, as the rows up to the load `newest` show it: a row of `SEEN`.

    `sort` is `column`, or the change in `_VALUES`. `kinds` is the column's SQL type; for a JSON column, the
    types of its values. `filled` of `rows` had a value.
    """

    sort: str
    table_name: str
    name: str
    kinds: tuple[str, ...] = ()
    rows: int = 0
    filled: int = 0
    newest: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The primary key in `SEEN`."""
        return self.sort, self.table_name, self.name


_Known = Mapping[tuple[str, str, str], _Seen]


def record_changes(file: Path) -> list[Change]:
    """Compare the warehouse in `file` with the last transform; store the changes and return them.

    The first comparison only stores the state.
    """
    with open_file(file) as connection:
        connection.execute(_TABLES)
        known = _known(connection)
        changes: list[Change] = []
        connection.begin()
        for seen, change in (*_compare_columns(connection, known), *_compare_values(connection, known)):
            if seen != known.get(seen.key):
                cells = (*seen.key, list(seen.kinds), seen.rows, seen.filled, seen.newest)
                connection.execute(f"INSERT OR REPLACE INTO {SEEN} VALUES (?, ?, ?, ?, ?, ?, ?)", cells)
            if change is not None and known:
                changes.append(change)
        for change in changes:
            row = (change.change, change.table_name, change.name, change.before, change.after)
            connection.execute(f"INSERT INTO {CHANGES} VALUES ({_NEWEST_RUN}, ?, ?, ?, ?, ?)", row)
        connection.commit()
    return changes


def _known(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], _Seen]:
    """The state that the last transform stored."""
    rows = connection.execute(f"SELECT sort, table_name, name, kinds, rows, filled, newest FROM {SEEN}")
    fields = _Seen.__dataclass_fields__
    entries = (_Seen(**dict(zip(fields, row, strict=True))) for row in rows.fetchall())
    return {entry.key: replace(entry, kinds=tuple(entry.kinds)) for entry in entries}


def _compare_columns(
    connection: duckdb.DuckDBPyConnection, known: _Known
) -> Iterator[tuple[_Seen, Change | None]]:
    """Each column with its new state, and its change if there is one."""
    for table, columns in _columns(connection).items():
        batch = _batch(connection, table, columns, known)
        filled = {column.name: column for column in batch if column.filled}
        for column in batch:
            held = known.get(column.key)
            as_sent = filled.get(f"{column.name}{AS_SENT}")
            seen, change = _compared(column, held, partial(_filled, connection, column))
            if as_sent is not None and held is not None and as_sent.key not in known:
                change = _change("retyped_column", column, held.kinds, as_sent.kinds)
            elif as_sent is not None or column.name.removesuffix(AS_SENT) in columns.keys() - {column.name}:
                change = None
            yield seen, change


def _compare_values(
    connection: duckdb.DuckDBPyConnection, known: _Known
) -> Iterator[tuple[_Seen, Change | None]]:
    """Each value of `_VALUES` in the new rows, and its change if it is a new one."""
    tables = _columns(connection)
    for change, table, expression in _VALUES:
        if table not in tables:
            continue
        values = connection.execute(
            f"SELECT DISTINCT {expression} FROM {DATASET}.{table} WHERE _dlt_load_id > ?",
            [_newest_load(table, known)],
        ).fetchall()
        for (value,) in values:
            if value is not None:
                seen = _Seen(sort=change, table_name=table, name=str(value))
                new = seen.key not in known
                yield seen, Change(change=change, table_name=table, name=str(value)) if new else None


def _newest_load(table: str, known: _Known) -> str:
    """The newest load of the table that the last transform saw."""
    return max((held.newest for key, held in known.items() if key[:2] == ("column", table)), default="")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Customer.io's columns of the catalogue's raw tables, with their SQL types."""
    tables = {row.table for row in RESOURCES}
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = '{DATASET}' ORDER BY table_name, ordinal_position"
    ).fetchall():
        if name not in _OWN_COLUMNS and table in tables:
            found.setdefault(table, {})[name] = kind
    return found


def _batch(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], known: _Known
) -> list[_Seen]:
    """The columns of a table, as the rows loaded since the last transform show them."""
    newest = _newest_load(table, known)
    cells = ["count(*)", "coalesce(max(_dlt_load_id), '')"]
    for name, kind in columns.items():
        kinds = f'json_type("{name}")' if kind == "JSON" else f"'{kind}'"
        cells += [f'count("{name}")', f'list_sort(list(DISTINCT {kinds}) FILTER ("{name}" IS NOT NULL))']
    row = connection.execute(
        f"SELECT {', '.join(cells)} FROM {DATASET}.{table} WHERE _dlt_load_id > ?", [newest]
    ).fetchall()[0]
    rows, latest = row[0], row[1] or newest
    return [
        _Seen(
            sort="column",
            table_name=table,
            name=name,
            kinds=tuple(kind for kind in row[2 * place + 3] or () if kind != "NULL"),
            rows=rows,
            filled=row[2 * place + 2],
            newest=latest,
        )
        for place, name in enumerate(columns)
    ]


def _filled(connection: duckdb.DuckDBPyConnection, column: _Seen) -> int:
    """The number of values that the column has in all rows."""
    ((filled,),) = connection.execute(
        f'SELECT count("{column.name}") FROM {DATASET}.{column.table_name}'
    ).fetchall()
    return int(filled)


def _compared(batch: _Seen, held: _Seen | None, total: Callable[[], int]) -> tuple[_Seen, Change | None]:
    """The column's new state and its change: `held` is its state before, `total` counts all its values."""
    if held is None:
        return batch, _change("new_column", batch, None, batch.kinds)
    seen = replace(
        batch,
        kinds=tuple(sorted({*held.kinds, *batch.kinds})),
        rows=held.rows + batch.rows,
        filled=held.filled + batch.filled,
    )
    expected = batch.rows * held.filled / held.rows if held.rows else 0.0
    if held.filled and batch.rows and not batch.filled and (expected >= _EXPECTED or total() == 0):
        # Reported once: with both counts at zero, no value is expected from here on.
        return replace(seen, rows=0, filled=0), _change("vanished_column", batch, held.kinds, None)
    if held.kinds and seen.kinds != held.kinds:
        return seen, _change("retyped_column", batch, held.kinds, seen.kinds)
    return seen, None


def _change(
    change: str, column: _Seen, before: tuple[str, ...] | None, after: tuple[str, ...] | None
) -> Change:
    return Change(
        change=change,
        table_name=column.table_name,
        name=column.name,
        before=None if before is None else " or ".join(before),
        after=None if after is None else " or ".join(after),
    )
