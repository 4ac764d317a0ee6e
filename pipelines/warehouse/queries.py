"""Queries of the warehouse as its readers see it: the published DuckDB file, or the server."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.errors import ConfigError
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.duckdb_file import reading
from pipelines.warehouse.pipeline import DATASET, configure
from pipelines.warehouse.run_ledger import add_runs
from pipelines.warehouse.run_notes import add_notes
from pipelines.warehouse.server import connected

if TYPE_CHECKING:
    import pandas as pd

Query = Callable[[str], list[tuple[Any, ...]]]
"""Runs an SQL query on the warehouse and returns its rows."""


@contextmanager
def querying(settings: Settings, *, may_lack: bool = False) -> Iterator[Query]:
    """Open the warehouse for queries about one state of it, with the notes of all runs.

    With `may_lack`, every query returns no rows while there is no warehouse yet.

    Raises:
        ConfigError: there is no warehouse yet, or its server cannot be used.
        WarehouseError: the published file cannot be read.
    """
    if not settings.publishes:
        configure(settings.cio_elt_data)
        with connected(settings) as client:
            yield query_of(client)
        return
    if not settings.published_file.exists():
        if not may_lack:
            raise no_warehouse(settings)
        yield lambda _: []
        return
    with reading(settings.published_file) as connection:
        add_notes(connection, settings.published_file)
        yield lambda sql: connection.execute(sql).fetchall()


def query_of(client: Any) -> Query:
    """Queries by dlt's client of SQL, which has a connection."""
    return lambda sql: [tuple(row) for row in client.execute_sql(sql) or []]


def frame(
    query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, settings: Settings | None = None
) -> "pd.DataFrame":
    """The rows of an SQL query on the published file, as a pandas DataFrame; `dataframe` has the dtypes.

    Tables need no schema name: the marts are searched first, then `ops`, then the raw tables. `ops.runs` has
    every run of a command or flow so far, those that failed or were killed too. `parameters`
    fill `?`, `$1` or `$name`. The file is open only while DuckDB runs the query.

    Raises:
        ConfigError: there is no warehouse yet, it is not a file, or the query is invalid.
        WarehouseError: the published file cannot be read, or the query failed on a row.
    """
    with frames(settings or read_settings()) as ask:
        return ask(query, parameters)


@contextmanager
def frames(settings: Settings) -> Iterator[Callable[..., "pd.DataFrame"]]:
    """`frame` for several queries about one state of the warehouse, also while a run publishes a new one.

    Raises:
        ConfigError: there is no warehouse yet, or it is not a file.
        WarehouseError: the published file cannot be read.
    """
    from pipelines.warehouse.dataframe import fetch, prepare

    if not settings.publishes:
        msg = (
            f"Frames come from the DuckDB file, and the warehouse is in {settings.cio_elt_destination}. "
            "Query it there, with pandas.read_sql."
        )
        raise ConfigError(msg)
    if not settings.published_file.exists():
        raise no_warehouse(settings)
    with reading(settings.published_file) as connection:
        add_runs(connection, settings.cio_elt_data)
        prepare(connection)
        yield lambda query, parameters=None: fetch(connection, query, parameters)


def no_warehouse(settings: Settings) -> ConfigError:
    """The error for a data folder that has no warehouse yet."""
    msg = (
        f"There is no warehouse in {settings.cio_elt_data} yet. Run `cio-elt sync`, or name the folder of "
        "another one in CIO_ELT_DATA."
    )
    return ConfigError(msg)


def tables(query: Query) -> set[str]:
    """The names of the raw tables that exist."""
    names = query(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{DATASET}'")
    return {name for (name,) in names}
