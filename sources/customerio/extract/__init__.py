"""Extract: read each table from Customer.io, compare it with the destination, hand the changes to dlt.

The names that import dlt are loaded on first use.
"""

from typing import TYPE_CHECKING, Any

from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.coverage import TABLE as COVERAGE
from sources.customerio.extract.rejected import TABLE as REJECTED
from sources.customerio.extract.rows import AS_SENT
from sources.customerio.extract.run_context import BANDS, Band, Options, RunContext
from sources.customerio.extract.run_summary import ResourceSummary, RunSummary
from sources.customerio.extract.time_window import Window, left_out, sliced, union

if TYPE_CHECKING:
    from sources.customerio.extract.destination_rows import DestinationRows
    from sources.customerio.extract.resources import coverage_resource, dlt_resource, rejected_resource

__all__ = [
    "AS_SENT",
    "BANDS",
    "COVERAGE",
    "REJECTED",
    "Band",
    "Batch",
    "DestinationRows",
    "Options",
    "ResourceSummary",
    "RunContext",
    "RunSummary",
    "Scope",
    "Window",
    "coverage_resource",
    "dlt_resource",
    "left_out",
    "rejected_resource",
    "sliced",
    "union",
]


def __getattr__(name: str) -> Any:
    """Load a name that imports dlt."""
    if name == "DestinationRows":
        from sources.customerio.extract import destination_rows

        return destination_rows.DestinationRows
    if name in ("coverage_resource", "dlt_resource", "rejected_resource"):
        from sources.customerio.extract import resources

        return getattr(resources, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
