"""Collecting a finished export: its file, its rows, the published warehouse.

    link -> download (resumes) -> lock -> load -> publish -> bring home -> publish -> note that it is loaded

Nothing of a file counts before all of it does. A process that dies anywhere leaves what it had, and the next
one goes on there; the warehouse's lock is held from the load on, not before.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from filelock import FileLock

from pipelines.connect import client as connected
from pipelines.errors import FileBroken
from pipelines.export.csvfile import opened
from pipelines.export.duckdb_load import Loader
from pipelines.export.merge import LoadContext, MergeResult
from pipelines.export.poll import failed, gone, pending, poll
from pipelines.export.registry import RegisteredExport, folder, tickets
from pipelines.export.requests import Kind
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.warehouse.pipeline import forget_loaded, pipeline, settle
from pipelines.warehouse.publish import publish, writing
from sources.customerio.client import Client, LinkExpired, NotFound


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """What an export brought: `rows` of its file, and of them what was new or changed in the tables.

    `deleted` are people who are no longer there; `bytes` is the file's size. `seconds` are those of the
    collecting, without waiting for other writers, and of them `loaded_s` those until the rows could be
    queried in `exported_*`. `note` says why they are there alone, where they are.
    """

    export_id: int
    kind: Kind
    rows: int
    new: int
    changed: int
    deleted: int
    seconds: float
    loaded_s: float
    bytes: int
    note: str = ""


def collect(
    settings: Settings, ticket: RegisteredExport, *, wait_s: float = 3600.0, notify: Notify = silent
) -> ExportResult:
    """Download a finished export, load it and publish the warehouse; at once, if that was done before.

    Args:
        settings: where from, where to.
        ticket: what was ordered.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: told, in a sentence, of each step.

    Raises:
        StillPending: its file is not there yet.
        ExportFailed: it failed at Customer.io.
        FileBroken: the file, fetched twice, is not what the export says. Nothing was loaded.
        Busy: another run went on writing the warehouse.
        CustomerioError: the file cannot be had now, or the warehouse not be written; run it again.
    """
    with tickets(settings) as memory:
        lock = folder(settings) / f"{ticket.export_id}.lock"
        with FileLock(lock):
            now = memory.get(ticket.id)
            if now.state in ("intended", "ordered"):
                state = poll(settings, ticket)
                if state == "pending":
                    raise pending(ticket, 0)
                now = memory.get(ticket.id)
            if now.state == "failed":
                raise failed(ticket)
            if now.result is None:
                result = _collected(settings, now, wait_s, notify)
                now = memory.finish(now, orjson.dumps(asdict(result)).decode())
            _file(settings, now).unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
    return ExportResult(**orjson.loads(now.result or ""))


def _collected(settings: Settings, ticket: RegisteredExport, wait_s: float, notify: Notify) -> ExportResult:
    file = _file(settings, ticket)
    began = time.monotonic()
    _fetch(settings, ticket, file, notify)
    try:
        return _loaded(settings, ticket, file, began, wait_s, notify)
    except FileBroken as error:
        notify(f"{error} It is fetched once more.")
        file.unlink()
        _fetch(settings, ticket, file, notify)
    try:
        return _loaded(settings, ticket, file, began, wait_s, notify)
    except FileBroken as error:
        file.unlink()
        with tickets(settings) as memory:
            memory.failed(ticket)
        error.add_sentence(
            "It was fetched twice, and nothing of it was loaded. Run the export again: that orders a new one."
        )
        raise


def _fetch(settings: Settings, ticket: RegisteredExport, file: Path, notify: Notify) -> None:
    """Have the file, going on where an earlier download ended; a link is asked for when it is needed."""
    if file.exists():
        return
    notify(f"Downloading export {ticket.export_id}, {ticket.total or 0:,} rows.")
    part = file.with_name(f"{file.name}.part")
    with connected(settings) as client:
        arrived = -1
        while True:
            link = _link(settings, client, ticket)
            try:
                client.download(link, file)
            except LinkExpired:
                before, arrived = arrived, part.stat().st_size if part.exists() else 0
                if arrived <= before:
                    # A fresh link brought nothing: no other one will.
                    raise
                notify(f"The link to export {ticket.export_id} was refused; going on with a fresh one.")
            else:
                return


def _link(settings: Settings, client: Client, ticket: RegisteredExport) -> str:
    try:
        return str(client.call("downloadExport", path={"export_id": ticket.export_id}).json()["url"])
    except NotFound:
        with tickets(settings) as memory:
            memory.failed(ticket)
        raise gone(ticket) from None


def _loaded(
    settings: Settings, ticket: RegisteredExport, file: Path, began: float, wait_s: float, notify: Notify
) -> ExportResult:
    fetched_s = time.monotonic() - began
    with writing(settings.cio_elt_data, wait_s=wait_s, notify=notify):
        notify(f"Loading export {ticket.export_id}.")
        began = time.monotonic()
        home, loaded_s = _load(settings, ticket, file, notify)
        return ExportResult(
            export_id=ticket.export_id or 0,
            kind=ticket.order.kind,
            rows=ticket.total or 0,
            new=home.new,
            changed=home.changed,
            deleted=home.deleted,
            seconds=round(fetched_s + time.monotonic() - began, 3),
            loaded_s=round(fetched_s + loaded_s, 3),
            bytes=file.stat().st_size,
            note=home.note,
        )


def _load(
    settings: Settings, ticket: RegisteredExport, file: Path, notify: Notify
) -> tuple[MergeResult, float]:
    """Load and publish; what came home, and the seconds until the rows could be queried."""
    began = time.monotonic()
    # It imports dlt, which those who only order or look have no use for.
    from pipelines.export.dlt_load import load_through_dlt, make_tables

    target = pipeline(settings)
    settle(target, notify)
    source = opened(file, export_id=ticket.export_id or 0)
    if not settings.publishes:
        home = load_through_dlt(target, source, ticket, _arrival(settings, ticket))
        forget_loaded(target)
        return home, time.monotonic() - began
    make_tables(target, ticket.order, settings.load_file)
    loader = Loader(
        settings.load_file, ticket, source, _arrival(settings, ticket), str(target.default_schema_name)
    )
    loader.rows()
    publish(settings.load_file, settings.published_file)
    loaded_s = time.monotonic() - began
    notify(f"The rows of export {ticket.export_id} are in {ticket.order.table}; bringing them home.")
    home = loader.home()
    publish(settings.load_file, settings.published_file)
    forget_loaded(target)
    return home, loaded_s


def _arrival(settings: Settings, ticket: RegisteredExport) -> LoadContext:
    with tickets(settings) as memory:
        before = [other.created_at or 0 for other in memory.loaded(ticket.order.kind)]
    return LoadContext(
        export_id=ticket.export_id or 0,
        seen_at=ticket.created_at or 0,
        newest_at=max(before, default=0),
        # As dlt names its loads.
        load_id=f"{time.time():.7f}",
    )


def _file(settings: Settings, ticket: RegisteredExport) -> Path:
    return folder(settings) / f"{ticket.export_id}.csv"
