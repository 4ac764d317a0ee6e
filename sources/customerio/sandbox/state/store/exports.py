"""Exports: files that are made while they are pending, with what was true when they were ordered.

`total` is 0 and `status` is `pending` until the file is there [spec25].
"""

import csv
import gzip
import io
import shutil
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, TextIO

from sources.customerio.sandbox.state.store.errors import NotFound, NotReady
from sources.customerio.sandbox.state.store.people import Record

Cells = tuple[str, ...]
# Reports of imports are exports too; what their type is called is unverified.
ExportType = Literal["customers", "deliveries", "import_errors", "import_warnings"]

# Files of so many rows are written when they are ordered; larger ones behind the scenes, over minutes.
_WRITTEN_AT_ONCE = 20_000

# An attribute's value may be longer than the 128 KiB at which Python's reader gives up.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class Snapshot(Protocol):
    """What was true when an export was ordered."""

    header: Cells

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Cells]: ...


class ExportFile:
    """A file on disk, which is served without being read whole.

    `keeps` is the share of its bytes that the store keeps: less than 1 makes a truncated file.
    """

    def __init__(self, snapshot: Snapshot, path: Path, *, gzipped: bool = False, keeps: float = 1.0) -> None:
        self.path = path
        self._gzipped = gzipped
        self._keeps = keeps
        self._written = threading.Event()
        if len(snapshot) <= _WRITTEN_AT_ONCE:
            self._write(snapshot)
        else:
            threading.Thread(target=self._write, args=(snapshot,), name=path.name, daemon=True).start()

    @property
    def is_there(self) -> bool:
        """Whether it is written."""
        return self._written.is_set()

    @cached_property
    def size(self) -> int:
        """How many bytes the store has."""
        return int(self.path.stat().st_size * self._keeps)

    @cached_property
    def etag(self) -> str:
        """What tells this file from any other; a file is written once."""
        return f'"{self.path.stat().st_mtime_ns:x}-{self.size:x}"'

    def rows(self) -> Iterator[dict[str, str]]:
        """The rows as they were written, header to cell."""
        opener = gzip.open if self._gzipped else open
        with opener(self.path, "rt", encoding="utf-8", newline="") as text:
            yield from csv.DictReader(text)

    def _write(self, snapshot: Snapshot) -> None:
        with _written(self.path, self._gzipped) as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(snapshot.header)
            writer.writerows(snapshot)
        self._written.set()


@contextmanager
def _written(path: Path, gzipped: bool) -> Iterator[TextIO]:
    with path.open("wb") as raw:
        if not gzipped:
            with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                yield text
            return
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text


@dataclass(kw_only=True)
class Export:
    """One export. `ready_at` is when its file may appear at the earliest, or when it fails."""

    id: int
    type: ExportType
    description: str
    created_at: int
    ready_at: int
    file: ExportFile
    total: int
    fails: bool = False
    downloads: int = 0
    user_id: int = 0
    user_email: str = ""

    def status(self, now: int) -> Literal["pending", "done", "failed"]:
        """Where it stands."""
        if now < self.ready_at or not self.file.is_there:
            return "pending"
        return "failed" if self.fails else "done"

    def record(self, now: int) -> Record:
        """The export as the API shows it."""
        status = self.status(now)
        updated_at = self.created_at if status == "pending" else self.ready_at
        return {
            "id": self.id,
            "deduplicate_id": f"{self.id}:{updated_at}",
            "type": self.type,
            "failed": status == "failed",
            "description": self.description,
            "downloads": self.downloads,
            "created_at": self.created_at,
            "updated_at": updated_at,
            "user_id": self.user_id,
            "user_email": self.user_email,
            "total": self.total if status == "done" else 0,
            "status": status,
        }

    def rows(self) -> Iterator[dict[str, str]]:
        """The file's rows, header to cell."""
        return self.file.rows()


class Exports:
    """The exports of a workspace, oldest first."""

    def __init__(self) -> None:
        self._exports: dict[int, Export] = {}

    @cached_property
    def folder(self) -> Path:
        """Where the files lie as long as this workspace lives."""
        folder = tempfile.mkdtemp(prefix="customerio-sandbox-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def __iter__(self) -> Iterator[Export]:
        return iter(self._exports.values())

    def next_id(self) -> int:
        """The id that the next export gets."""
        return max(self._exports, default=100) + 1

    def put(self, export: Export) -> None:
        """Take an order."""
        self._exports[export.id] = export

    def get(self, export_id: int) -> Export:
        """One export; NotFound if there is none."""
        if export_id not in self._exports:
            msg = f"export with id {export_id} does not exist"
            raise NotFound(msg)
        return self._exports[export_id]

    def finished(self, export_id: int, now: int) -> Export:
        """An export whose file can be had; NotReady while it is pending and for ever once it failed."""
        export = self.get(export_id)
        status = export.status(now)
        if status != "done":
            msg = "export is not ready yet" if status == "pending" else "export failed and has no file"
            raise NotReady(msg)
        return export
