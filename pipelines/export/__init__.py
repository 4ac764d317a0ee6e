"""Exports: ordered once, waited for without holding anything, loaded once and whole.

order -> wait (poll, poll, ...) -> collect (download, check, load, bring home, publish)
"""

from pipelines.export.collect import ExportResult, collect
from pipelines.export.create import order
from pipelines.export.history import AHEAD, history, history_orders
from pipelines.export.poll import PAUSES_S, ExportState, poll, wait
from pipelines.export.registry import Ticket, claimed
from pipelines.export.requests import DeliveriesOrder, Order, PeopleOrder
from pipelines.export.run import export

__all__ = [
    "AHEAD",
    "PAUSES_S",
    "DeliveriesOrder",
    "ExportResult",
    "ExportState",
    "Order",
    "PeopleOrder",
    "Ticket",
    "claimed",
    "collect",
    "export",
    "history",
    "history_orders",
    "order",
    "poll",
    "wait",
]
