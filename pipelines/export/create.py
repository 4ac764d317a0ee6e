"""Ordering an export, at most once: an equal order that is under way is taken up, wherever it stands.

    unfinished ticket? ─ yes, with its export ──────────────> that one
                       ├ yes, but nobody knows its export ──> look for it in the list of exports, adopt it
                       └ no ─> note the intent -> create -> note the export

Creating is not repeatable. Whoever dies between asking and noting leaves an intent, and the next start finds
the export that came of it: of that type, created at that time, newer than all that was known, nobody else's.
"""

from collections.abc import Mapping
from typing import Any

from filelock import FileLock, Timeout

from pipelines.connect import client as connected
from pipelines.errors import Busy, EltError
from pipelines.export.registry import RegisteredExport, Registry, folder, tickets
from pipelines.export.requests import ExportRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from sources.customerio.client import Client

_LOCK = "ordering.lock"
# Somebody else who orders waits for slots of the rate limit and for Customer.io's answer, no longer.
_WAIT_S = 900.0
# A call queues for a slot, is repeated while that is safe, and then waits for its answer.
_LATEST_S = 900
_CLOCK_S = 2


def order(settings: Settings, what: ExportRequest, *, notify: Notify = silent) -> RegisteredExport:
    """The export of an equal order that is under way, or a new one.

    Raises:
        ConfigError: the key is not accepted, or its scope lacks exports.
        Busy: another process was ordering for a quarter of an hour.
        CustomerioError: Customer.io cannot be reached, or refuses the order. If it may have been taken all
            the same, the next call looks for it.
    """
    with tickets(settings) as memory:
        lock = FileLock(folder(settings) / _LOCK)
        try:
            lock.acquire(timeout=_WAIT_S)
        except Timeout:
            msg = f"Another process has been ordering for {_WAIT_S:,.0f} s; wait for it, then run this again."
            raise Busy(msg) from None
        try:
            return _order(settings, memory, what, notify)
        finally:
            lock.release()


def _order(settings: Settings, memory: Registry, what: ExportRequest, notify: Notify) -> RegisteredExport:
    ticket = memory.unfinished(what)
    if ticket is not None and ticket.export_id is not None:
        notify(f"Going on with export {ticket.export_id}, which was ordered before and is not loaded yet.")
        return ticket
    with connected(settings) as client:
        listed = client.call("listExports").json()["exports"] or []
        if ticket is not None:
            found = [export for export in listed if _came_of(ticket, export, memory.claimed())]
            if len(found) == 1:
                notify(
                    f"Export {found[0]['id']} came of a run that ended before it could note it; it is used."
                )
                return _noted(memory, ticket, found[0])
            # None: it was never created. Several: somebody else ordered too, and ours cannot be told apart.
            memory.withdraw(ticket)
        known_id = max((int(export["id"]) for export in listed), default=0)
        ticket = memory.intend(what, known_id=known_id, intended_at=client.now())
        export = _create(client, memory, ticket)
    notify(f"Export {export['id']} was ordered.")
    return _noted(memory, ticket, export)


def _create(client: Client, memory: Registry, ticket: RegisteredExport) -> Mapping[str, Any]:
    try:
        answer = client.call(ticket.order.operation, body=ticket.order.body)
    except EltError as error:
        if not error.ambiguous:
            memory.withdraw(ticket)
        raise
    export: Mapping[str, Any] = answer.json()["export"]
    return export


def _noted(memory: Registry, ticket: RegisteredExport, export: Mapping[str, Any]) -> RegisteredExport:
    return memory.ordered(ticket, export_id=int(export["id"]), created_at=int(export["created_at"]))


def _came_of(ticket: RegisteredExport, export: Mapping[str, Any], claimed: set[int]) -> bool:
    """Whether that export may be what this intent led to."""
    created_at = int(export["created_at"])
    return (
        export["type"] == ticket.order.type
        and int(export["id"]) > ticket.known_id
        and int(export["id"]) not in claimed
        and ticket.intended_at - _CLOCK_S <= created_at <= ticket.intended_at + _LATEST_S
    )
