"""The readers: how each kind of table is read, compared with the warehouse, and handed to dlt.

What imports dlt comes once it is asked for.
"""

from typing import TYPE_CHECKING, Any

from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.coverage import TABLE as COVERAGE
from sources.customerio.extract.coverage import ledger
from sources.customerio.extract.rows import AS_SENT
from sources.customerio.extract.run_context import BANDS, Band, Options, Reading
from sources.customerio.extract.run_summary import ResourceSummary, RunSummary
from sources.customerio.extract.time_window import Window, left_out, sliced, union

if TYPE_CHECKING:
    from sources.customerio.extract.destination_rows import Known
    from sources.customerio.extract.resources import dlt_resource

__all__ = [
    "AS_SENT",
    "BANDS",
    "COVERAGE",
    "Band",
    "Batch",
    "Known",
    "Options",
    "Reading",
    "ResourceSummary",
    "RunSummary",
    "Scope",
    "Window",
    "dlt_resource",
    "ledger",
    "left_out",
    "sliced",
    "union",
]


def __getattr__(name: str) -> Any:
    """The parts that import dlt."""
    if name == "Known":
        from sources.customerio.extract import destination_rows

        return destination_rows.Known
    if name == "dlt_resource":
        from sources.customerio.extract import resources

        return resources.dlt_resource
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
