"""What changed in the shape of what Customer.io sends, noticed by comparing with the last time.

    the rows that came since - what was known at the last transform -> `customerio_raw.schema_changes`

A field that is no longer sent leaves its column behind, empty from then on. So a column counts as vanished
once no row has a value any more, or once rows came of which, by its share so far, at least `_EXPECTED`
should have had one, and none has. Values that are not of their column's type lie in a column beside it,
`AS_SENT` behind its name: what comes there is the column's new type.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.runs import TABLE as RUNS
from sources.customerio import RESOURCES
from sources.customerio.extract import AS_SENT

CHANGES, SEEN = f"{DATASET}.schema_changes", f"{DATASET}.schema_seen"
_EXPECTED = 20

# Names that Customer.io adds without notice: what is new, the table, and the expression that tells them.
_NAMES = (
    ("new_metric", "messages", "unnest(json_keys(metrics))"),
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


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference: a `new_column`, a `retyped_column`, a `vanished_column`, a `new_metric` and so on."""

    change: str
    table_name: str
    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A column, or a name that values have (`sort` says which of `_NAMES`).

    `kinds` are the SQL type, or of a JSON column the kinds of its values. Of `rows` that came so far,
    `filled` had a value; `newest` is the newest load among them.
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
        return self.sort, self.table_name, self.name


def notice(file: Path) -> list[Change]:
    """Compare the warehouse in `file` with how it was at the last transform; note what changed, and tell it.

    The first time there is nothing to compare with.
    """
    with open_file(file) as connection:
        connection.execute(_TABLES)
        before = _before(connection)
        changes: list[Change] = []
        connection.begin()
        for now, change in _compared(connection, before):
            connection.execute(f"INSERT OR REPLACE INTO {SEEN} VALUES (?, ?, ?, ?, ?, ?, ?)", _cells(now))
            if change is not None and before:
                changes.append(change)
        for change in changes:
            cells = (change.change, change.table_name, change.name, change.before, change.after)
            connection.execute(f"INSERT INTO {CHANGES} VALUES ({_NOW}, ?, ?, ?, ?, ?)", cells)
        connection.commit()
    return changes


_NOW = f"(SELECT max(finished_at) FROM {DATASET}.{RUNS})"


def _before(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], _Seen]:
    rows = connection.execute(f"SELECT sort, table_name, name, kinds, rows, filled, newest FROM {SEEN}")
    fields = _Seen.__dataclass_fields__
    seen = (_Seen(**dict(zip(fields, row, strict=True))) for row in rows.fetchall())
    return {one.key: replace(one, kinds=tuple(one.kinds)) for one in seen}


def _cells(seen: _Seen) -> tuple[object, ...]:
    return (*seen.key, list(seen.kinds), seen.rows, seen.filled, seen.newest)


def _compared(
    connection: duckdb.DuckDBPyConnection, before: dict[tuple[str, str, str], _Seen]
) -> Iterator[tuple[_Seen, Change | None]]:
    """Everything that is there, as it is known from now on, and what changed about it."""
    there = _columns(connection)
    for table, columns in there.items():
        batch = _batch(connection, table, columns, before)
        beside = {column.name: column for column in batch if column.filled}
        for column in batch:
            held = before.get(column.key)
            total = column.filled if held is None else _filled(connection, column)
            as_sent = beside.get(f"{column.name}{AS_SENT}")
            known, change = _column(column, held, total)
            if as_sent is not None and held is not None and as_sent.key not in before:
                change = _change("retyped_column", column, held.kinds, as_sent.kinds)
            elif as_sent is not None or column.name.removesuffix(AS_SENT) in columns.keys() - {column.name}:
                change = None
            yield known, change
    for sort, table, expression in _NAMES:
        if table not in there:
            continue
        names = connection.execute(
            f"SELECT DISTINCT {expression} FROM {DATASET}.{table} WHERE _dlt_load_id > ?",
            [_newest(table, before)],
        ).fetchall()
        for (name,) in names:
            if name is not None:
                seen = _Seen(sort=sort, table_name=table, name=str(name))
                new = seen.key not in before
                yield seen, Change(change=sort, table_name=table, name=str(name)) if new else None


def _newest(table: str, before: dict[tuple[str, str, str], _Seen]) -> str:
    """The newest load of that table that the last time knew."""
    return max((held.newest for key, held in before.items() if key[:2] == ("column", table)), default="")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The raw tables that Customer.io fills: the columns it gave them, with their SQL types."""
    ours = {"first_seen_at", "deleted_at", "_row_hash", "_dlt_load_id", "_dlt_id"}
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = '{DATASET}' ORDER BY table_name, ordinal_position"
    ).fetchall():
        if name not in ours and table in {row.table for row in RESOURCES}:
            found.setdefault(table, {})[name] = kind
    return found


def _batch(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    before: dict[tuple[str, str, str], _Seen],
) -> list[_Seen]:
    """The columns, as the rows show them that came since the last time."""
    newest = _newest(table, before)
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
    ((filled,),) = connection.execute(
        f'SELECT count("{column.name}") FROM {DATASET}.{column.table_name}'
    ).fetchall()
    return int(filled)


def _column(batch: _Seen, held: _Seen | None, total: int) -> tuple[_Seen, Change | None]:
    """The column as it is known from now on, and what the rows that came say of it."""
    if held is None:
        return batch, _change("new_column", batch, None, batch.kinds)
    known = replace(
        batch,
        kinds=tuple(sorted({*held.kinds, *batch.kinds})),
        rows=held.rows + batch.rows,
        filled=held.filled + batch.filled,
    )
    expected = batch.rows * held.filled / held.rows if held.rows else 0.0
    if held.filled and batch.rows and not batch.filled and (total == 0 or expected >= _EXPECTED):
        # Told once: from here on nothing is expected of it.
        return replace(known, rows=0, filled=0), _change("vanished_column", batch, held.kinds, None)
    if held.kinds and known.kinds != held.kinds:
        return known, _change("retyped_column", batch, held.kinds, known.kinds)
    return known, None


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
