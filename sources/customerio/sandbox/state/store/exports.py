"""Exports: their status, their records and their files.

`total` is 0 and `status` is `pending` until the file is there [spec25].
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from sources.customerio.sandbox.state.store.errors import NotFound, NotReady
from sources.customerio.sandbox.state.store.export_file import ExportFile
from sources.customerio.sandbox.state.store.people import Record

# Reports of imports are exports too; the names of their types are unverified.
ExportType = Literal["customers", "deliveries", "import_errors", "import_warnings"]


@dataclass(kw_only=True)
class Export:
    """One export. `ready_at` is when its file is ready at the earliest, or when it fails."""

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
        """The status at an instant."""
        if now < self.ready_at or not self.file.is_written:
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
        """The rows of the file, each a dict of header to cell."""
        return self.file.rows()


class Exports:
    """The exports of a workspace, oldest first."""

    def __init__(self) -> None:
        self._exports: dict[int, Export] = {}

    @cached_property
    def folder(self) -> Path:
        """The temporary folder of the files; it is deleted with the workspace."""
        folder = tempfile.mkdtemp(prefix="customerio-sandbox-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def __iter__(self) -> Iterator[Export]:
        return iter(self._exports.values())

    def next_id(self) -> int:
        """The id of the next export."""
        return max(self._exports, default=100) + 1

    def add(self, export: Export) -> None:
        """Add an export."""
        self._exports[export.id] = export

    def get(self, export_id: int) -> Export:
        """One export; NotFound if there is no such id."""
        if export_id not in self._exports:
            msg = f"export with id {export_id} does not exist"
            raise NotFound(msg)
        return self._exports[export_id]

    def finished(self, export_id: int, now: int) -> Export:
        """An export whose file is ready; NotFound, or NotReady while it is pending or if it has failed."""
        export = self.get(export_id)
        status = export.status(now)
        if status != "done":
            msg = "export is not ready yet" if status == "pending" else "export failed and has no file"
            raise NotReady(msg)
        return export
