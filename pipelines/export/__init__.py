"""Exports: ordered once, waited for without holding anything, loaded once and whole.

order -> wait (poll, poll, ...) -> collect (download, check, load, bring home, publish)
"""

from pipelines.export.collecting import ExportResult, collect
from pipelines.export.errors import ExportFailed, FileBroken, StillPending
from pipelines.export.history import AHEAD, history, history_orders
from pipelines.export.ordering import order
from pipelines.export.orders import DeliveriesOrder, Order, PeopleOrder
from pipelines.export.run import export
from pipelines.export.tickets import Ticket, claimed
from pipelines.export.watching import PAUSES_S, ExportState, poll, wait

__all__ = [
    "AHEAD",
    "PAUSES_S",
    "DeliveriesOrder",
    "ExportFailed",
    "ExportResult",
    "ExportState",
    "FileBroken",
    "Order",
    "PeopleOrder",
    "StillPending",
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
