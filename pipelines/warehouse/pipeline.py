"""The dlt pipeline that fills the warehouse, and the settings of dlt that make it fast and quiet."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from pipelines.errors import ConfigError, FileHeld, WarehouseError
from pipelines.notify import Notify
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.publish import log_of, reading

if TYPE_CHECKING:
    import pandas as pd
    from dlt import Pipeline
    from dlt.common.destination import Destination, TLoaderFileFormat

DATASET = "customerio_raw"
# A load package is loaded as Parquet: dlt's default for DuckDB, INSERT statements, is far slower. Where a
# destination needs another format, it stands here: PostgreSQL has INSERT statements, since dlt's Parquet path
# fails there on empty tables, and its CSV path makes nulls of empty texts.
_FILE_FORMAT: Final = "parquet"
_FILE_FORMATS: Final[dict[str, "TLoaderFileFormat"]] = {"postgres": "insert_values"}

Query = Callable[[str], list[tuple[Any, ...]]]

# dlt reads these when it starts a step; what a user has set stays.
_DLT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # Raw JSON columns are text in Arrow; dlt warns of it at every run, and there is nothing to be done.
    "RUNTIME__LOG_LEVEL": "ERROR",
    # Every row says which load brought it.
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    # Nothing of a load stays behind: neither its files nor its staging tables.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    # A few tables side by side: most are small, and each costs some round trips.
    "LOAD__WORKERS": "4",
}


def configure(data: Path) -> None:
    """Set dlt up for this process: its folders within `data`, nothing in the user's home, no telemetry."""
    for name, value in {**_DLT, "DLT_DATA_DIR": str(data.resolve() / "dlt")}.items():
        os.environ.setdefault(name, value)


def pipeline(settings: Settings) -> "Pipeline":
    """The pipeline of this warehouse. Only the writer may run it.

    Raises:
        ConfigError: dlt has no such destination, or lacks what it needs for it.
        WarehouseFailed: the warehouse's file is damaged, or another program holds it.
    """
    configure(settings.cio_elt_data)
    import dlt

    if settings.publishes:
        _make_ready(settings)
    from dlt.common.destination.exceptions import UnknownDestinationModule

    name = settings.cio_elt_destination
    try:
        made = dlt.pipeline(
            "customerio",
            pipelines_dir=str(_memory(settings)),
            destination=_duckdb(settings.load_file) if name == "duckdb" else name,
            dataset_name=DATASET,
        )
    except UnknownDestinationModule:
        msg = (
            f"CIO_ELT_DESTINATION is {name!r}, which dlt does not know. Leave it out for DuckDB, or name one "
            "of dlt's SQL destinations, such as postgres."
        )
        raise ConfigError(msg) from None
    if not made.has_pending_data and (made.first_run or not settings.publishes):
        # Watermarks lie in the warehouse too, beside the rows that they speak of: a new folder takes them up
        # there, and so does one whose server was emptied, or filled from elsewhere, in the meantime.
        made.sync_destination()
    return made


def _duckdb(file: Path) -> "Destination[Any, Any]":
    import dlt
    from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

    # Rows of a table have no order to keep, and keeping it costs a merge a tenth of its memory.
    unordered = {"preserve_insertion_order": False}
    return dlt.destinations.duckdb(DuckDbCredentials(str(file.resolve()), global_config=unordered))


@contextmanager
def querying(settings: Settings, *, may_lack: bool = False) -> Iterator[Query]:
    """Ask the warehouse as its readers see it: the published file, or the server.

    Where there is none yet, and there `may_lack` one, every answer is empty.

    Raises:
        ConfigError: there is no warehouse yet.
    """
    if not settings.publishes:
        with pipeline(settings).sql_client() as client:
            yield lambda sql: [tuple(row) for row in client.execute_sql(sql) or []]
        return
    if not settings.published_file.exists():
        if not may_lack:
            raise nothing_yet(settings)
        yield lambda _: []
        return
    with reading(settings.published_file) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def frame(
    query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, settings: Settings | None = None
) -> "pd.DataFrame":
    """The rows of an SQL query on the published file, as pandas knows them: see `frames` for the dtypes.

    Tables need no schema: the marts' come first, then those of `ops` and the raw ones. `parameters` fill
    `?`, `$1` or `$name`. The file is open only while DuckDB answers.

    Raises:
        ConfigError: there is no warehouse yet, it is not a file, or the query is not one it can answer.
        WarehouseFailed: the published file cannot be read, or the query failed on a row.
    """
    with frames(settings or read_settings()) as ask:
        return ask(query, parameters)


@contextmanager
def frames(settings: Settings) -> Iterator[Callable[..., "pd.DataFrame"]]:
    """`frame` for many queries about one state of the warehouse, whatever is published meanwhile.

    Raises:
        ConfigError: there is no warehouse yet, or it is not a file.
        WarehouseFailed: the published file cannot be read.
    """
    from pipelines.warehouse.dataframe import answer, prepare

    if not settings.publishes:
        msg = (
            f"Frames come from the DuckDB file, and the warehouse is in {settings.cio_elt_destination}. "
            "Ask there, with pandas.read_sql."
        )
        raise ConfigError(msg)
    if not settings.published_file.exists():
        raise nothing_yet(settings)
    with reading(settings.published_file) as connection:
        prepare(connection)
        yield lambda query, parameters=None: answer(connection, query, parameters)


def nothing_yet(settings: Settings) -> ConfigError:
    """There is no warehouse that could be asked."""
    msg = (
        f"There is no warehouse in {settings.cio_elt_data} yet. Run `cio-elt sync`, or name the folder of "
        "another one in CIO_ELT_DATA."
    )
    return ConfigError(msg)


def tables(query: Query) -> set[str]:
    """The tables that a load has made."""
    names = query(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{DATASET}'")
    return {name for (name,) in names}


def file_format(target: "Pipeline") -> "TLoaderFileFormat":
    """In which format dlt is to hand rows to the destination."""
    name = target.destination.destination_name if target.destination else ""
    return _FILE_FORMATS.get(name, _FILE_FORMAT)


def columns(target: "Pipeline") -> dict[str, set[str]]:
    """The columns of each table, as dlt knows them; none before the first load."""
    if target.default_schema_name is None:
        return {}
    return {name: set(table["columns"]) for name, table in target.default_schema.tables.items()}


def load(target: "Pipeline") -> None:
    """Load what was extracted."""
    target.normalize()
    # dlt opens a warehouse that nobody has open anew for each table: 15 ms of DuckDB's start.
    with target.sql_client():
        target.load()


def settle(target: "Pipeline", notify: Notify) -> None:
    """Finish what an earlier run had extracted and not loaded: its watermarks already count on it."""
    _clear_halves(target)
    if not target.has_pending_data:
        return
    packages = [*target.list_extracted_load_packages(), *target.list_normalized_load_packages()]
    notify(
        f"An earlier run ended before it had loaded everything; loading its {len(packages)} package(s) first."
    )
    load(target)


def _clear_halves(target: "Pipeline") -> None:
    """Remove the extracted files of packages that are normalized already.

    dlt deletes them right after; killed in between, it would normalize them again, over what is there.
    """
    further = set(target.list_normalized_load_packages())
    for load_id in further.intersection(target.list_extracted_load_packages()):
        shutil.rmtree(Path(target.working_dir) / "normalize" / "extracted" / load_id)


def forget_loaded(target: "Pipeline") -> None:
    """Remove what dlt keeps of packages that were loaded: two folders a sync, for ever."""
    shutil.rmtree(Path(target.working_dir) / "load" / "loaded", ignore_errors=True)


def _make_ready(settings: Settings) -> None:
    """See that the private file can be written; where it is gone, the published one takes its place.

    What dlt remembers in its own folder was of the file that is gone, so that goes too: dlt takes it up
    again from the file.
    """
    file, published = settings.load_file, settings.published_file
    if not file.exists():
        shutil.rmtree(_memory(settings), ignore_errors=True)
        log_of(file).unlink(missing_ok=True)
        if published.exists():
            with reading(published):
                pass
            copy = file.with_suffix(".restoring")
            shutil.copyfile(published, copy)
            copy.replace(file)
    _try(file)


def _try(file: Path) -> None:
    try:
        duckdb.connect(file).close()
    except duckdb.Error as error:
        failure = file_failure(error)
        if isinstance(failure, FileHeld):
            raise failure from None
        msg = (
            f"{file} is no DuckDB file that can be read. Move it away and run this again: "
            "what customerio.duckdb beside it holds is kept, and what is missing is read from Customer.io."
        )
        raise WarehouseError(msg) from None


def _memory(settings: Settings) -> Path:
    """The folder in which dlt keeps its state and what was read and not loaded yet."""
    return settings.cio_elt_data.resolve() / "dlt" / "pipelines"
