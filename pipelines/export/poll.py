"""Polls an export until its file is there, with growing pauses."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Literal

from pipelines.connect import client as connected
from pipelines.connect import given_client
from pipelines.errors import ExportFailed, StillPending
from pipelines.export.registry import RegisteredExport, Registry, open_registry
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.trace import step
from sources.customerio.client import BadAnswer, Client, NotFound, reading_answers

ExportState = Literal["pending", "done", "failed"]

PAUSES_S = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds between two requests; the last is repeated. Ten minutes of waiting cost 14 requests."""


def poll(settings: Settings, export: RegisteredExport) -> ExportState:
    """Request the state of the export once, and note it.

    Raises:
        ExportFailed: Customer.io no longer has the export.
        CustomerioError: Customer.io cannot be reached.
    """
    with connected(settings) as client:
        return _state(settings, client, export)


def wait(
    settings: Settings,
    export: RegisteredExport,
    *,
    deadline_s: float = 6 * 3600.0,
    notify: Notify = silent,
    pause: Callable[[float], object] = time.sleep,
    pauses_s: Sequence[float] = PAUSES_S,
    client: Client | None = None,
) -> RegisteredExport:
    """Return once the export's file is there.

    Args:
        settings: where Customer.io is.
        export: as `create` returned it.
        deadline_s: how long to wait.
        notify: called with a sentence before each pause.
        pause: waits for that many seconds; may raise, to end the waiting.
        pauses_s: the seconds of the pauses; the last is repeated.
        client: makes the requests; None for one of the settings.

    Raises:
        ExportFailed: it failed at Customer.io; an equal request creates a new export.
        StillPending: the deadline is over; an equal request resumes this export.
        CustomerioError: Customer.io cannot be reached; an equal request resumes this export.
    """
    step("wait for the export")
    began = time.monotonic()
    waited = 0.0
    with given_client(settings, client) as calls:
        for length in chain(pauses_s, repeat(pauses_s[-1])):
            state = _state(settings, calls, export)
            if state == "failed":
                raise failed(export)
            if state == "done":
                with open_registry(settings) as registry:
                    return registry.get(export.id)
            waited = max(waited, time.monotonic() - began)
            if waited + length > deadline_s:
                raise pending(export, waited)
            notify(
                f"Export {export.export_id} is not ready after {waited:,.0f} s; next check in {length:.0f} s."
            )
            pause(length)
            waited += length
    raise AssertionError


def failed(export: RegisteredExport) -> ExportFailed:
    """The error of an export that failed at Customer.io."""
    msg = (
        f"Export {export.export_id} failed at Customer.io; nothing of it was loaded. Run the export again: "
        "that creates a new one. If it fails too, ask for less (a shorter range, fewer attributes)."
    )
    return ExportFailed(msg)


def gone(export: RegisteredExport) -> ExportFailed:
    """The error of an export that Customer.io no longer has."""
    msg = (
        f"Customer.io knows no export {export.export_id} any more; nothing of it was loaded. Run the export "
        "again: that creates a new one."
    )
    return ExportFailed(msg)


def pending(export: RegisteredExport, waited_s: float) -> StillPending:
    """The error of an export whose file is not there yet."""
    msg = (
        f"Export {export.export_id} is not ready after {waited_s:,.0f} s. Run the same export again later: "
        "it resumes this one and creates none."
    )
    return StillPending(msg)


def _state(settings: Settings, client: Client, export: RegisteredExport) -> ExportState:
    with open_registry(settings) as registry:
        try:
            record = own_record(client, export)
        except NotFound:
            registry.set_failed(export)
            raise gone(export) from None
        return note_state(registry, export, record)


def note_state(registry: Registry, export: RegisteredExport, record: Mapping[str, Any]) -> ExportState:
    """The state of the export by Customer.io's record of it; noted if the export is not pending any more."""
    with reading_answers("exports"):
        if record.get("failed") or record["status"] == "failed":
            registry.set_failed(export)
            return "failed"
        if record["status"] == "done":
            registry.set_done(export, total=int(record["total"]))
            return "done"
    return "pending"


def own_record(client: Client, export: RegisteredExport) -> Mapping[str, Any]:
    """Customer.io's record of an export.

    Raises:
        NotFound: Customer.io has none.
        BadAnswer: the answer is of another export, whose file would be loaded in its place.
    """
    record: Mapping[str, Any] = client.call("getExport", path={"export_id": export.export_id}).field("export")
    with reading_answers("`getExport`"):
        found = (int(record["id"]), record["type"])
    if found != (export.export_id, export.request.type):
        msg = (
            f"`getExport` answered with export {found[0]} ({found[1]}) when {export.export_id} "
            f"({export.request.type}) was asked for; nothing was loaded. Run this again."
        )
        raise BadAnswer(msg, operation="getExport", status=200)
    return record
