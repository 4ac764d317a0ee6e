"""Exports: created once, waited for without holding a process, loaded once and whole.

create -> wait (poll, poll, ...) -> collect (download, check, load, merge, publish)
"""

from pipelines.export.collect import ExportResult, collect
from pipelines.export.create import create
from pipelines.export.history import AHEAD, HistoryProgress, history, looks
from pipelines.export.history_plan import HistoryPlan, plan_history, prepare_history
from pipelines.export.poll import PAUSES_S, ExportState, poll, wait
from pipelines.export.registry import RegisteredExport, registered_ids
from pipelines.export.requests import DeliveriesRequest, ExportRequest, PeopleRequest
from pipelines.export.run import export

__all__ = [
    "AHEAD",
    "PAUSES_S",
    "DeliveriesRequest",
    "ExportRequest",
    "ExportResult",
    "ExportState",
    "HistoryPlan",
    "HistoryProgress",
    "PeopleRequest",
    "RegisteredExport",
    "collect",
    "create",
    "export",
    "history",
    "looks",
    "plan_history",
    "poll",
    "prepare_history",
    "registered_ids",
    "wait",
]
