"""Finds what is wrong with an installation, its data folder and its servers, and names the cure of each.

examine   every check in order; a row for each finding
machine   versions, settings, disk, memory, permissions
files     DuckDB files, run ledger, registry of exports, declarations of pushes
work      locks, packages, runs that did not end
servers   Customer.io, rate limits, Prefect
bundle    a file for support, without people's data
"""

from pipelines.doctor.bundle import write_bundle
from pipelines.doctor.examine import examine, settings_finding
from pipelines.doctor.finding import Finding, worst

__all__ = ["Finding", "examine", "settings_finding", "worst", "write_bundle"]
