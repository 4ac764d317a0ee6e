"""Exports: ordered once, waited for without holding anything, loaded once and whole.

order -> wait (poll, poll, ...) -> collect (download, check, load, bring home, publish)
"""

from pipelines.export.collect import ExportResult, collect
from pipelines.export.create import order
from pipelines.export.history import AHEAD, history, history_requests
from pipelines.export.poll import PAUSES_S, ExportState, poll, wait
from pipelines.export.registry import RegisteredExport, claimed
from pipelines.export.requests import DeliveriesRequest, ExportRequest, PeopleRequest
from pipelines.export.run import export

__all__ = [
    "AHEAD",
    "PAUSES_S",
    "DeliveriesRequest",
    "ExportRequest",
    "ExportResult",
    "ExportState",
    "PeopleRequest",
    "RegisteredExport",
    "claimed",
    "collect",
    "export",
    "history",
    "history_requests",
    "order",
    "poll",
    "wait",
]
