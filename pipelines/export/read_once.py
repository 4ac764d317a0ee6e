"""Reads the file of a new export once, for a comparison: nothing of it is loaded into the warehouse.

create -> wait -> download, counted -> the file, for the reader -> noted as read, deleted
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import FileBroken
from pipelines.export.create import create
from pipelines.export.csvfile import CsvFile, broken, file_errors, scanner
from pipelines.export.download import download, file_of, open_export
from pipelines.export.poll import PAUSES_S, wait
from pipelines.export.registry import RegisteredExport, open_registry
from pipelines.export.requests import ExportRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from sources.customerio.client import Client

_PAUSES_S = PAUSES_S[3:]
"""A file of many people takes minutes, so the first pauses are longer than where an operator waits."""
_DEADLINE_S = 6 * 3600.0


@contextmanager
def exported_file(
    settings: Settings,
    request: ExportRequest,
    client: Client,
    *,
    notify: Notify = silent,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[CsvFile]:
    """The file of an export that is created now; `client` makes the requests.

    An equal export that is under way is not used: it shows the workspace as it was then.

    Raises:
        CustomerioError: see `create` and `wait`.
        FileBroken: the file, fetched twice, is not what the export says.
    """
    created = create(settings, request, notify=notify, client=client, fresh=True)
    ready = wait(
        settings,
        created,
        deadline_s=_DEADLINE_S,
        notify=notify,
        pause=pause,
        pauses_s=_PAUSES_S,
        client=client,
    )
    path = file_of(settings, ready)
    try:
        yield _fetched(settings, ready, path, client, notify)
    finally:
        path.unlink(missing_ok=True)
        with open_registry(settings) as registry:
            registry.set_read(ready)


def _fetched(
    settings: Settings, export: RegisteredExport, path: Path, client: Client, notify: Notify
) -> CsvFile:
    """Download the file and count its rows; once more if it is broken."""
    try:
        download(settings, export, notify, client)
        return _counted(settings, export)
    except FileBroken as error:
        notify(f"{error} It is downloaded once more.")
        path.unlink()
    download(settings, export, notify, client)
    try:
        return _counted(settings, export)
    except FileBroken as error:
        error.add_sentence("It was downloaded twice. Run this again: that creates a new export.")
        raise


def _counted(settings: Settings, export: RegisteredExport) -> CsvFile:
    export_id = export.export_id or 0
    file = open_export(settings, export)
    with file_errors(export_id), scanner(file) as scan:
        ((rows,),) = scan.execute(f"SELECT count(*) FROM {file.whole}").fetchall()
    if rows != export.total:
        raise broken(export_id, f"has {rows:,} rows, and the export says {export.total or 0:,}")
    return file
