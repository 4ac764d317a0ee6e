"""The dlt pipeline that fills the warehouse, and the settings of dlt that make it fast and quiet."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.settings import Settings

if TYPE_CHECKING:
    from dlt import Pipeline

DATASET = "customerio_raw"

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
    """The pipeline of this warehouse. Only the writer may run it."""
    configure(settings.cio_elt_data)
    import dlt

    destination = settings.cio_elt_destination
    return dlt.pipeline(
        "customerio",
        pipelines_dir=str(settings.cio_elt_data.resolve() / "dlt" / "pipelines"),
        destination=dlt.destinations.duckdb(str(settings.load_file.resolve()))
        if destination == "duckdb"
        else destination,
        dataset_name=DATASET,
    )
