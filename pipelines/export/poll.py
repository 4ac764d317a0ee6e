"""Watching an export until its file is there: a request now and then, with growing pauses."""

import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Literal

from pipelines.connect import client as connected
from pipelines.errors import ExportFailed, StillPending
from pipelines.export.registry import RegisteredExport, tickets
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from sources.customerio.client import Client, NotFound

ExportState = Literal["pending", "done", "failed"]

PAUSES_S = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds between two looks; the last is repeated. Ten minutes of waiting cost 14 requests."""


def poll(settings: Settings, ticket: RegisteredExport) -> ExportState:
    """Ask once where the export stands, and note it.

    Raises:
        ExportFailed: Customer.io knows no such export any more.
        CustomerioError: Customer.io cannot be reached.
    """
    with connected(settings) as client:
        return _look(settings, client, ticket)


def wait(
    settings: Settings,
    ticket: RegisteredExport,
    *,
    deadline_s: float = 6 * 3600.0,
    notify: Notify = silent,
    pause: Callable[[float], None] = time.sleep,
) -> RegisteredExport:
    """Return once the export's file is there.

    Args:
        settings: where Customer.io is.
        ticket: what was ordered.
        deadline_s: how long to wait.
        notify: told, in a sentence, before each pause.
        pause: waits for that many seconds; may raise, to end the waiting.

    Raises:
        ExportFailed: it failed at Customer.io; an equal order is a new export.
        StillPending: the deadline is over; an equal order goes on with this export.
        CustomerioError: Customer.io cannot be reached; an equal order goes on with this export.
    """
    began = time.monotonic()
    waited = 0.0
    with connected(settings) as client:
        for length in _pauses():
            state = _look(settings, client, ticket)
            if state == "failed":
                raise failed(ticket)
            if state == "done":
                with tickets(settings) as memory:
                    return memory.get(ticket.id)
            waited = max(waited, time.monotonic() - began)
            if waited + length > deadline_s:
                raise pending(ticket, waited)
            notify(
                f"Export {ticket.export_id} is not ready after {waited:,.0f} s; next look in {length:.0f} s."
            )
            pause(length)
            waited += length
    raise AssertionError


def failed(ticket: RegisteredExport) -> ExportFailed:
    """The error of an export that Customer.io could not make."""
    msg = (
        f"Export {ticket.export_id} failed at Customer.io; nothing of it was loaded. Run the export again: "
        "that orders a new one. If it fails too, ask for less (a shorter range, fewer attributes)."
    )
    return ExportFailed(msg)


def gone(ticket: RegisteredExport) -> ExportFailed:
    """The error of an export that Customer.io has forgotten."""
    msg = (
        f"Customer.io knows no export {ticket.export_id} any more; nothing of it was loaded. Run the export "
        "again: that orders a new one."
    )
    return ExportFailed(msg)


def pending(ticket: RegisteredExport, waited_s: float) -> StillPending:
    """The error of an export whose file is not there yet."""
    msg = (
        f"Export {ticket.export_id} is not ready after {waited_s:,.0f} s. Run the same export again later: "
        "it goes on with this one and creates none."
    )
    return StillPending(msg)


def _look(settings: Settings, client: Client, ticket: RegisteredExport) -> ExportState:
    try:
        export = client.call("getExport", path={"export_id": ticket.export_id}).json()["export"]
    except NotFound:
        with tickets(settings) as memory:
            memory.failed(ticket)
        raise gone(ticket) from None
    with tickets(settings) as memory:
        if export.get("failed") or export["status"] == "failed":
            memory.failed(ticket)
            return "failed"
        if export["status"] == "done":
            memory.done(ticket, total=int(export["total"]))
            return "done"
    return "pending"


def _pauses() -> Iterator[float]:
    return chain(PAUSES_S, repeat(PAUSES_S[-1]))
