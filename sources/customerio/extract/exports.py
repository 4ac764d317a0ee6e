"""The readers of exports: the list of them, and the rows of those that are finished.

An export's file is fetched through a signed link that dies after 15 minutes and needs no key. Its columns
are the workspace's own: any names, in any order. A file is loaded whole or not at all: its rows are
counted against the export's `total` before the first one is handed over.
"""

import csv
import tempfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from sources.customerio.catalogue import RESOURCES, Resource, operation
from sources.customerio.client import MB, BadAnswer, Client, LinkExpired, NotFound, OutOfBounds, records_of
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.csv_header import Header, HeaderBroken, PageInstead, read_header
from sources.customerio.extract.csv_rows import csv_rows, opened
from sources.customerio.extract.private_csv import Change, through
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import RunContext

_ROWS_A_BATCH = 10_000
# A cell takes some 60 bytes beside its text.
_MEMORY_A_BATCH = 64 * MB
_CELL = 60


class _Broken(BadAnswer):
    """A file of an export is not what the export says, and no other fetch of it is expected to be."""


def exports(run: RunContext, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read the list of exports, again if files were fetched: a download is counted in its export's row."""
    run.wait_for([row.table for row in RESOURCES if row.parent == resource.table])
    if resource.table not in run.outdated:
        yield Batch(rows=run.listed(resource.table, resource.table), last=True)
        return
    pages = run.client_for(resource.table).pages(resource.operation)
    yield Batch(rows=records_of(operation(resource.operation), pages), last=True)


def exported_rows(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read the files of finished exports of this resource's type, each export once.

    A file that is gone, or broken when it is fetched twice, is told once and set aside: no newer one waits. A
    full reading tries it again. One that cannot be fetched, or a page in its place, is tried again by each
    reading.
    """
    client, summary = run.client_for(resource.table), run.summary_of(resource.table)
    loaded: list[int] = state.setdefault("loaded", [])
    if run.options.full:
        state.pop("set_aside", None)
    waiting = waiting_exports(
        resource, run.listed(str(resource.parent), resource.table), state, run.options.exports_elsewhere
    )
    summary.expect(2 * len(waiting))
    if waiting:
        run.outdated.add(str(resource.parent))
    private = through(run.options.privacy, resource)
    broken: BadAnswer | None = None
    for export in waiting:
        export_id = int(export["id"])
        with tempfile.TemporaryDirectory(prefix="customerio-export-") as folder:
            file = Path(folder) / str(export_id)
            try:
                header = _whole(client, export, file, private)
            except NotFound:
                summary.note = f"export {export_id} has no file any more; it is not requested again."
                state.setdefault("set_aside", []).append(export_id)
                continue
            except BadAnswer as error:
                broken = error
                if isinstance(error, _Broken):
                    state.setdefault("set_aside", []).append(export_id)
                continue
            yield from _batches(export_id, file, header)
        loaded.append(export_id)
    if broken is not None:
        raise broken


def _whole(client: Client, export: Row, file: Path, private: Change | None) -> Header:
    """Fetch a file and check it, a second time if it is not whole; returns its header."""
    try:
        fetch(client, int(export["id"]), file, private)
        return _checked(export, file)
    except BadAnswer:
        file.unlink(missing_ok=True)
    fetch(client, int(export["id"]), file, private)
    return _checked(export, file)


def waiting_exports(
    resource: Resource, listed: Iterable[Row], state: Mapping[str, Any], elsewhere: Collection[int]
) -> list[Row]:
    """The finished exports of the resource's type that are not loaded, here or `elsewhere`, nor set aside."""
    done = {*state.get("loaded", ()), *state.get("set_aside", ()), *elsewhere}
    return [export for export in listed if _is_finished(export, resource) and export["id"] not in done]


def _is_finished(export: Row, resource: Resource) -> bool:
    return (
        export.get("type") == resource.parent_type
        and export.get("status") == "done"
        and not export.get("failed")
    )


def fetch(client: Client, export_id: int, target: Path, private: Change | None = None) -> None:
    """Download an export's file, with a fresh link if the first one expired meanwhile.

    With `private`, the file has what that makes of its bytes.

    Raises:
        NotFound: the export was deleted.
        LinkExpired: the fresh link was refused too.
    """
    for last_try in (False, True):
        link = client.call("downloadExport", path={"export_id": export_id}).text("url")
        try:
            client.download(link, target, private)
        except LinkExpired:
            if last_try:
                raise
        else:
            return


def _checked(export: Row, file: Path) -> Header:
    """Read a file to its end, before any row of it is handed over; returns its header.

    Raises:
        BadAnswer: it is a page in place of the file, or is not CSV, or has another number of rows than the
            export says.
    """
    try:
        header = read_header(file)
        with opened(file) as text:
            widths = _widths(csv_rows(text), int(export.get("total") or 0))
    except PageInstead as error:
        msg = f"The file of export {export['id']} {error}. The next sync fetches it again."
        raise BadAnswer(msg) from None
    except HeaderBroken as error:
        fault = f"The file of export {export['id']} {error}"
    except OutOfBounds as error:
        fault = f"The file of export {export['id']} is larger than any may be (the bound is {error})"
    except (csv.Error, zlib.error, EOFError, UnicodeDecodeError) as error:
        fault = f"The file of export {export['id']} cannot be read ({type(error).__name__})"
    else:
        found = max(widths.total() - 1, 0)
        if found != export.get("total"):
            more = " or more" if found > int(export.get("total") or 0) else ""
            said = f"Export {export['id']} says it has {export.get('total')} rows"
            fault = f"{said}, its file has {found:,}{more}"
        elif len(widths) > 1:
            cells = ", ".join(map(str, sorted(widths)))
            fault = f"The lines of export {export['id']} have different numbers of cells ({cells})"
        else:
            return header
    msg = (
        f"{fault}. Nothing of it was loaded: it was fetched twice and is not fetched again. If its rows are "
        "needed, create the export anew."
    )
    raise _Broken(msg)


def _widths(rows: Iterator[list[str]], total: int) -> Counter[int]:
    """The numbers of cells of the rows, header included; read on for one row beyond the total at most."""
    return Counter(len(cells) for cells in islice(rows, total + 2))


def _batches(export_id: int, file: Path, header: Header) -> Iterator[Batch]:
    scope = Scope(column="export_id", low=export_id, high=export_id)
    names = header.names
    with opened(file) as text:
        rows_read = csv_rows(text)
        next(rows_read, None)
        for chunk in _chunks(enumerate(rows_read, start=1)):
            rows = [
                {"export_id": export_id, "row_number": number, "row": dict(zip(names, row, strict=True))}
                for number, row in chunk
            ]
            yield Batch(rows=rows, scope=scope)
    yield Batch(rows=(), scope=scope, last=True)


def _chunks(numbered: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    """The rows in lists that fit into memory."""
    chunk: list[tuple[int, list[str]]] = []
    size = 0
    for number, row in numbered:
        chunk.append((number, row))
        size += _CELL * len(row) + sum(map(len, row))
        if len(chunk) >= _ROWS_A_BATCH or size >= _MEMORY_A_BATCH:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
