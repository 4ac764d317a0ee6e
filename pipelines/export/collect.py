"""Collects a finished export: downloads its file, loads its rows, publishes the warehouse.

    link -> download (resumes) -> lock -> load -> publish -> merge -> publish -> note that it is loaded

A file is loaded whole or not at all. An export whose process died is resumed by the next one. The warehouse's
lock is held from the load on, not before.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson
from filelock import FileLock

from pipelines.connect import given_client
from pipelines.errors import FileBroken
from pipelines.export.csvfile import open_csv
from pipelines.export.duckdb_load import DuckdbLoad
from pipelines.export.merge import LoadContext, MergeResult
from pipelines.export.poll import failed, gone, pending, poll
from pipelines.export.registry import RegisteredExport, folder, open_registry
from pipelines.export.requests import Kind, PeopleRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.times import utc
from pipelines.warehouse.pipeline import forget_loaded
from pipelines.warehouse.publish import publish, replace_file, writing
from pipelines.warehouse.settle import settled
from sources.customerio.client import Client, LinkExpired, NotFound
from sources.customerio.extract import Options

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """The numbers of a loaded export: `rows` of its file, and the rows new or changed in the tables.

    `deleted` are people who are no longer in the workspace; `bytes` is the file's size. `seconds` are those
    of the collecting, without waiting for other writers; `loaded_s` are those of them until the rows could be
    queried in `exported_*`. `note` says why the rows are in no other table, if so; `held` says why
    people were not marked as deleted.
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
    held: str = ""


def collect(
    settings: Settings,
    export: RegisteredExport,
    *,
    accept_deletions: bool = False,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> ExportResult:
    """Download a finished export, load it and publish the warehouse; if that is done, return its result.

    Args:
        settings: where from, where to.
        export: as `create` or `wait` returned it.
        accept_deletions: mark people as deleted, however many the file lacks.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: called with a sentence at each step.

    Raises:
        StillPending: Customer.io has not made the file yet.
        ExportFailed: it failed at Customer.io.
        FileBroken: the file, fetched twice, is not what the export says. Nothing was loaded.
        Busy: another run was still writing the warehouse after `wait_s`.
        CustomerioError: the file cannot be downloaded, or the warehouse cannot be written; run it again.
    """
    with open_registry(settings) as registry:
        lock = folder(settings) / f"{export.export_id}.lock"
        with FileLock(lock):
            current = registry.get(export.id)
            if current.state in ("intended", "ordered"):
                if poll(settings, export) == "pending":
                    raise pending(export, 0)
                current = registry.get(export.id)
            if current.state == "failed":
                raise failed(export)
            if current.result is None:
                result = _collected(settings, current, accept_deletions, wait_s, notify)
                current = registry.set_loaded(current, orjson.dumps(asdict(result)).decode())
            file_of(settings, current).unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
    return ExportResult(**orjson.loads(current.result or ""))


def _collected(
    settings: Settings, export: RegisteredExport, accept_deletions: bool, wait_s: float, notify: Notify
) -> ExportResult:
    file = file_of(settings, export)
    began = time.monotonic()

    def load() -> ExportResult:
        return _loaded(settings, export, file, accept_deletions, began, wait_s, notify)

    try:
        return fetch_and_use(settings, export, file, load, notify)
    except FileBroken as error:
        file.unlink()
        with open_registry(settings) as registry:
            registry.set_failed(export)
        error.add_sentence(
            "It was downloaded twice, and nothing was loaded. Run the export again: that creates a new one."
        )
        raise


def fetch_and_use(
    settings: Settings,
    export: RegisteredExport,
    file: Path,
    use: Callable[[], T],
    notify: Notify,
    client: Client | None = None,
) -> T:
    """Download the file and use it; if it is broken, once more.

    Raises:
        FileBroken: it was broken again.
    """
    _fetch(settings, export, file, notify, client)
    try:
        return use()
    except FileBroken as error:
        notify(f"{error} It is downloaded once more.")
        file.unlink()
    _fetch(settings, export, file, notify, client)
    return use()


def _fetch(
    settings: Settings,
    export: RegisteredExport,
    file: Path,
    notify: Notify,
    client: Client | None,
) -> None:
    """Download the file, resuming an earlier download; the link is requested right before."""
    if file.exists():
        return
    notify(f"Downloading export {export.export_id}, {export.total or 0:,} rows.")
    part = file.with_name(f"{file.name}.part")
    with given_client(settings, client) as calls:
        arrived = -1
        while True:
            link = _link(settings, calls, export)
            try:
                calls.download(link, file)
            except LinkExpired:
                before, arrived = arrived, part.stat().st_size if part.exists() else 0
                if arrived <= before:
                    # A fresh link brought no byte: another one would not either.
                    raise
                notify(f"The link to export {export.export_id} was refused; going on with a fresh one.")
            else:
                return


def _link(settings: Settings, client: Client, export: RegisteredExport) -> str:
    try:
        return client.call("downloadExport", path={"export_id": export.export_id}).text("url")
    except NotFound:
        with open_registry(settings) as registry:
            registry.set_failed(export)
        raise gone(export) from None


def _loaded(
    settings: Settings,
    export: RegisteredExport,
    file: Path,
    accept_deletions: bool,
    began: float,
    wait_s: float,
    notify: Notify,
) -> ExportResult:
    fetched_s = time.monotonic() - began
    with writing(settings.cio_elt_data, wait_s=wait_s, notify=notify):
        notify(f"Loading export {export.export_id}.")
        began = time.monotonic()
        merged, loaded_s = _load(settings, export, file, accept_deletions, notify)
        return ExportResult(
            export_id=export.export_id or 0,
            kind=export.request.kind,
            rows=export.total or 0,
            new=merged.new,
            changed=merged.changed,
            deleted=merged.deleted,
            seconds=round(fetched_s + time.monotonic() - began, 3),
            loaded_s=round(fetched_s + loaded_s, 3),
            bytes=file.stat().st_size,
            note=" ".join(filter(None, (merged.note, _range(export)))),
            held=str(merged.held or ""),
        )


def _range(export: RegisteredExport) -> str:
    """The time that a deliveries export without dates has; empty for others."""
    request, end = export.request, export.created_at
    if isinstance(request, PeopleRequest) or request.start is not None or end is None:
        return ""
    return (
        f"Without dates it has the deliveries of the 6 months before {utc(end)} alone; give --from and --to "
        "for others."
    )


def _load(
    settings: Settings, export: RegisteredExport, file: Path, accept_deletions: bool, notify: Notify
) -> tuple[MergeResult, float]:
    """Load, merge and publish; the second value is the seconds until the rows could be queried."""
    began = time.monotonic()
    # It imports dlt, which creating and polling do not need.
    from pipelines.export.dlt_load import load_through_dlt, make_tables

    target = settled(settings, notify)
    source = open_csv(file, export_id=export.export_id or 0)
    context = _load_context(settings, export, accept_deletions)
    if not settings.publishes:
        merged = load_through_dlt(target, source, export, context)
        forget_loaded(target)
        return merged, time.monotonic() - began
    make_tables(target, export.request, settings.load_file)
    load = DuckdbLoad(settings.load_file, export, source, context, str(target.default_schema_name))
    load.load_rows()
    publish(settings.load_file, settings.published_file)
    loaded_s = time.monotonic() - began
    notify(f"The rows of export {export.export_id} are in {export.request.table}; merging them.")
    merged = load.merge_rows()
    replace_file(_brake_file(settings), orjson.dumps(context.state))
    publish(settings.load_file, settings.published_file)
    forget_loaded(target)
    return merged, loaded_s


def _load_context(settings: Settings, export: RegisteredExport, accept_deletions: bool) -> LoadContext:
    with open_registry(settings) as registry:
        before = [other.created_at or 0 for other in registry.loaded(export.request.kind)]
    return LoadContext(
        export_id=export.export_id or 0,
        seen_at=export.created_at or 0,
        newest_at=max(before, default=0),
        # As dlt names its loads.
        load_id=f"{time.time():.7f}",
        options=Options(
            deletion_share=settings.cio_elt_deletion_share,
            accept_deletions=("people",) if accept_deletions else (),
        ),
        state=_brake_state(settings),
    )


def _brake_state(settings: Settings) -> dict[str, Any]:
    """The noted state; a file that is missing or damaged holds none, and deletions are held back anew."""
    try:
        state = orjson.loads(_brake_file(settings).read_bytes())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _brake_file(settings: Settings) -> Path:
    """The file in which the brake on deletions keeps its state from one export of people to the next."""
    return folder(settings) / "held_deletions.json"


def file_of(settings: Settings, export: RegisteredExport) -> Path:
    """The place of an export's file in the data folder."""
    return folder(settings) / f"{export.export_id}.csv"
