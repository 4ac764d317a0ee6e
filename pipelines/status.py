"""What the warehouse holds, table by table, and how the last run of each went."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipelines.publish import reading
from pipelines.settings import Settings
from pipelines.sync.runs import TABLE as RUNS
from pipelines.warehouse import DATASET, pipeline
from sources.customerio import RESOURCES
from sources.customerio.catalogue import Resource
from sources.customerio.client import ConfigError

Query = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class TableStatus:
    """One table. Times are Unix seconds of Customer.io's clock; None where there is nothing yet."""

    table: str
    rows: int
    deleted: int
    newest: int | None
    last_run: int | None
    last_success: int | None
    error: str | None


def status(settings: Settings) -> list[TableStatus]:
    """The state of every table that a sync has filled, in the order of the catalogue.

    Raises:
        ConfigError: there is no warehouse yet.
    """
    with _querying(settings) as query:
        present = {
            name
            for (name,) in query(
                f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{DATASET}'"
            )
        }
        if RUNS not in present:
            raise _nothing_yet(settings)
        runs = {row[0]: row[1:] for row in query(_RUNS)}
        return [_table(query, row, runs.get(row.table)) for row in RESOURCES if row.table in present]


# Rows of runs, newest last per resource: when it ended last, when it last succeeded, what it said last.
_RUNS = f"""
    SELECT resource, max(finished_at), max(CASE WHEN error IS NULL THEN finished_at END),
           max(CASE WHEN latest = 1 THEN error END)
    FROM (
        SELECT *, row_number() OVER (PARTITION BY resource ORDER BY _dlt_load_id DESC) AS latest
        FROM {DATASET}.{RUNS}
    ) AS runs
    GROUP BY resource
"""


def _table(query: Query, row: Resource, run: tuple[Any, ...] | None) -> TableStatus:
    deleted = "sum(CASE WHEN deleted_at IS NOT NULL THEN 1 ELSE 0 END)" if row.tombstones else "0"
    newest = f'max("{row.cursor}")' if row.cursor else "NULL"
    ((rows, gone, newest_at),) = query(f"SELECT count(*), {deleted}, {newest} FROM {DATASET}.{row.table}")
    last_run, last_success, error = run or (None, None, None)
    return TableStatus(
        table=row.table,
        rows=rows - int(gone or 0),
        deleted=int(gone or 0),
        newest=newest_at,
        last_run=last_run,
        last_success=last_success,
        error=error,
    )


@contextmanager
def _querying(settings: Settings) -> Iterator[Query]:
    if not settings.publishes:
        with pipeline(settings).sql_client() as client:
            yield lambda sql: [tuple(row) for row in client.execute_sql(sql) or []]
        return
    if not settings.published_file.exists():
        raise _nothing_yet(settings)
    with reading(settings.published_file) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def _nothing_yet(settings: Settings) -> ConfigError:
    msg = (
        f"There is no warehouse in {settings.cio_elt_data} yet. Run `cio-elt sync`, or name the folder of "
        "another one in CIO_ELT_DATA."
    )
    return ConfigError(msg)
