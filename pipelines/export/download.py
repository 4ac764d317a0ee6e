"""Downloads the file of a finished export through a signed link, which is requested right before."""

from pathlib import Path

from pipelines.connect import given_client
from pipelines.export.csvfile import CsvFile, file_errors, open_csv
from pipelines.export.poll import gone
from pipelines.export.registry import RegisteredExport, folder, open_registry
from pipelines.notify import Notify
from pipelines.privacy import privacy_of
from pipelines.settings import Settings
from pipelines.warehouse.erasures import erased_people
from sources.customerio.catalogue import resource
from sources.customerio.client import Client, LinkExpired, NotFound
from sources.customerio.extract.private_csv import through


def file_of(settings: Settings, export: RegisteredExport) -> Path:
    """The place of an export's file in the data folder."""
    return folder(settings) / f"{export.export_id}.csv"


def download(
    settings: Settings, export: RegisteredExport, notify: Notify, client: Client | None = None
) -> None:
    """Download the file to its place, resuming an earlier download; nothing is done if it is there.

    Raises:
        ConfigError: see `privacy_of`.
        ExportFailed: Customer.io no longer has the export.
        CustomerioError: the file cannot be downloaded.
    """
    file = file_of(settings, export)
    if file.exists():
        return
    notify(f"Downloading export {export.export_id}, {export.total or 0:,} rows.")
    private = through(privacy_of(settings), resource(export.request.table))
    part = file.with_name(f"{file.name}.part")
    with given_client(settings, client) as calls:
        arrived = -1
        while True:
            link = _link(settings, calls, export)
            try:
                calls.download(link, file, private)
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


def open_export(settings: Settings, export: RegisteredExport) -> CsvFile:
    """The downloaded file of an export, for its rows; those of erased people are left out.

    Raises:
        FileBroken: it cannot be read.
        ConfigError: see `erased_people`.
    """
    export_id = export.export_id or 0
    file = open_csv(
        file_of(settings, export),
        export_id=export_id,
        person=resource(export.request.table).person["row"],
        erased=erased_people(settings),
    )
    with file_errors(export_id):
        return file.counted()
