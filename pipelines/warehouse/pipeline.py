"""The dlt pipeline that loads the warehouse, and dlt's settings for it.

extract -> load -> publish -> forget_loaded
"""

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.settings import Settings
from pipelines.trace import note_loads, step
from pipelines.warehouse.destinations import DUCKDB, destination, file_format_of
from pipelines.warehouse.duckdb_file import READABLE_BY_OLDER, check_writable, create, log_of
from pipelines.warehouse.memory import duckdb_settings, out_of_memory, return_freed_memory
from pipelines.warehouse.run_notes import restore
from pipelines.warehouse.server_lock import check_lock
from pipelines.warehouse.sql import DATASET as DATASET

if TYPE_CHECKING:
    from dlt import Pipeline
    from dlt.common.destination import Destination, TLoaderFileFormat

# dlt reads these when it starts a step; a variable that the user has set stays.
_DLT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # dlt warns at every run that raw JSON columns are text in Arrow, and logs a traceback of each error that
    # it also raises, which a message of the command line tells.
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    # Each row has the id of the load that wrote it.
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    # Delete a load's files and its staging tables when it is done.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    # Load a few tables at the same time: most are small, and each costs some round trips.
    "LOAD__WORKERS": "4",
}


def configure(data: Path) -> None:
    """Set dlt's environment variables: folders within `data`, none in the user's home, no telemetry."""
    for name, value in {**_DLT, "DLT_DATA_DIR": str(data.resolve() / "dlt")}.items():
        os.environ.setdefault(name, value)


def pipeline(settings: Settings) -> "Pipeline":
    """The pipeline of this warehouse. Only the holder of the writer's lock may run it.

    Raises:
        ConfigError: dlt has no such destination, or it cannot hold the warehouse.
        WarehouseError: the warehouse's file is damaged, or another program has it open.
    """
    configure(settings.cio_elt_data)
    return_freed_memory()
    import dlt

    if settings.publishes:
        _prepare_private_file(settings)
    made = dlt.pipeline(
        "customerio",
        pipelines_dir=str(dlt_folder(settings)),
        destination=_duckdb(settings.load_file)
        if settings.publishes
        else destination(settings.cio_elt_destination),
        dataset_name=DATASET,
    )
    if not made.has_pending_data and (made.first_run or not settings.publishes):
        # The warehouse stores the watermarks beside the rows that they belong to. A new folder reads them
        # there, and so does one whose server was emptied, or filled by another machine, in the meantime.
        made.sync_destination()
    return made


def _destination(settings: Settings) -> "Destination[Any, Any]":
    if settings.publishes:
        return _duckdb(settings.load_file)
    return destination(settings.cio_elt_destination)


def _duckdb(file: Path) -> "Destination[Any, Any]":
    from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

    from pipelines.warehouse.duckdb_destination import DuckdbDestination

    settings = {**duckdb_settings(), **READABLE_BY_OLDER}
    return DuckdbDestination(DuckDbCredentials(str(file.resolve()), global_config=settings))


def file_format(target: "Pipeline") -> "TLoaderFileFormat":
    """The file format of load packages for the pipeline's destination."""
    return file_format_of(target.destination) if target.destination else "parquet"


def columns(target: "Pipeline") -> dict[str, set[str]]:
    """Column names by table, from dlt's schema; empty before the first load."""
    if target.default_schema_name is None:
        return {}
    return {name: set(table["columns"]) for name, table in target.default_schema.tables.items()}


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The packages of one load: their ids, and the tables whose rows or columns they may have changed."""

    load_ids: frozenset[str]
    tables: frozenset[str]


def load(target: "Pipeline") -> Loaded:
    """Normalize and load the extracted packages, in little memory if they fit into it.

    Raises:
        LockLost: a server has ended the session of the writer's lock.
    """
    step("load")
    check_lock()
    note_loads([*target.list_extracted_load_packages(), *target.list_normalized_load_packages()])
    target.normalize()
    loaded = _waiting(target)
    # Without an open connection, dlt opens the file anew for each table, and DuckDB takes 15 ms to start.
    with target.sql_client() as sql:
        # A run's packages share one schema, and dlt alters the tables of the first one only.
        if not target.first_run and not _has_schema(sql, target):
            target.sync_schema()
            loaded = replace(loaded, tables=frozenset(target.default_schema.tables))
        try:
            target.load()
            return loaded
        except Exception as error:
            check_lock()
            if not out_of_memory(error):
                raise
    # What was loaded of the package stays so; the rest gets what memory there is.
    _unlimit(target)
    target.load()
    return loaded


def _waiting(target: "Pipeline") -> Loaded:
    """The packages that wait to be loaded, with all their tables, also those that a killed run has loaded."""
    load_ids = target.list_normalized_load_packages()
    states = [target.get_load_package_info(load_id).jobs.values() for load_id in load_ids]
    jobs = [job for lists in states for jobs in lists for job in jobs]
    return Loaded(
        load_ids=frozenset(load_ids), tables=frozenset(job.job_file_info.table_name for job in jobs)
    )


def _unlimit(target: "Pipeline") -> None:
    """Let DuckDB have its own limit of memory, 80 % of the machine's, on connections that are opened now."""
    if target.destination is not None and target.destination.destination_name == DUCKDB:
        target.destination.config_params["credentials"].global_config.pop("memory_limit", None)


def _has_schema(sql: Any, target: "Pipeline") -> bool:
    versions = sql.make_qualified_table_name("_dlt_version")
    known = f"SELECT 1 FROM {versions} WHERE version_hash = %s"
    return bool(sql.execute_sql(known, target.default_schema.version_hash))


def remove_normalized(target: "Pipeline") -> None:
    """Remove the extracted files of packages that are normalized already.

    dlt deletes them right after normalizing. A run that was killed in between left both, and dlt would
    normalize the package a second time.
    """
    normalized = set(target.list_normalized_load_packages())
    for load_id in normalized.intersection(target.list_extracted_load_packages()):
        shutil.rmtree(Path(target.working_dir) / "normalize" / "extracted" / load_id)


def forget_loaded(target: "Pipeline") -> None:
    """Remove dlt's folders of loaded packages: it leaves two for each sync."""
    shutil.rmtree(Path(target.working_dir) / "load" / "loaded", ignore_errors=True)


def _prepare_private_file(settings: Settings) -> None:
    """Check that the private file can be written; one that is missing is restored, or made.

    It is restored from the published file and the notes beside it. dlt's own folder belongs to the missing
    file, so it is removed too: dlt restores its state from the warehouse.
    """
    file, published = settings.load_file, settings.published_file
    if not file.exists():
        shutil.rmtree(dlt_folder(settings), ignore_errors=True)
        log_of(file).unlink(missing_ok=True)
        if published.exists():
            restore(file, published)
        else:
            create(file)
    check_writable(file)


def dlt_folder(settings: Settings) -> Path:
    """Dlt's folder for its state and for packages that are not loaded yet."""
    return settings.cio_elt_data.resolve() / "dlt" / "pipelines"
