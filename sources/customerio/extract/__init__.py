"""The readers: how each kind of table is read, compared with the warehouse, and handed to dlt."""

from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.coverage import TABLE as COVERAGE
from sources.customerio.extract.coverage import ledger
from sources.customerio.extract.known import Known
from sources.customerio.extract.reading import BANDS, Band, Options, Reading
from sources.customerio.extract.report import Report, Tally
from sources.customerio.extract.resources import dlt_resource
from sources.customerio.extract.window import Window, left_out, sliced, union

__all__ = [
    "BANDS",
    "COVERAGE",
    "Band",
    "Batch",
    "Known",
    "Options",
    "Reading",
    "Report",
    "Scope",
    "Tally",
    "Window",
    "dlt_resource",
    "ledger",
    "left_out",
    "sliced",
    "union",
]
