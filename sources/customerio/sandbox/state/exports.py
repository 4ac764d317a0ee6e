"""Exports: files that are made a while after they are ordered, with what was true when they were.

`total` is 0 and `status` is `pending` until the file is there [spec25].
"""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from sources.customerio.sandbox.state.errors import NotFound, NotReady
from sources.customerio.sandbox.state.people import Record

Cells = tuple[str, ...]
ExportType = Literal["customers", "deliveries"]


@dataclass(kw_only=True)
class Export:
    """One export. `ready_at` is when its file appears, or when it fails."""

    id: int
    type: ExportType
    description: str
    created_at: int
    ready_at: int
    header: Cells
    cells: list[Cells] = field(repr=False)
    fails: bool = False
    gzipped: bool = False
    downloads: int = 0
    user_id: int = 0
    user_email: str = ""

    def status(self, now: int) -> Literal["pending", "done", "failed"]:
        """Where it stands."""
        if now < self.ready_at:
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
            "total": len(self.cells) if status == "done" else 0,
            "status": status,
        }

    def rows(self) -> Iterator[dict[str, str]]:
        """The file's rows, header to cell."""
        return (dict(zip(self.header, cells, strict=True)) for cells in self.cells)

    def content(self) -> bytes:
        """The file's bytes: CSV, in gzip if it was made so."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.cells)
        raw = text.getvalue().encode()
        return gzip.compress(raw, mtime=0) if self.gzipped else raw


class Exports:
    """The exports of a workspace, oldest first."""

    def __init__(self) -> None:
        self._exports: dict[int, Export] = {}

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

    def file(self, export_id: int, now: int) -> Export:
        """An export whose file can be had; NotReady while it is pending and for ever once it failed."""
        export = self.get(export_id)
        status = export.status(now)
        if status != "done":
            msg = "export is not ready yet" if status == "pending" else "export failed and has no file"
            raise NotReady(msg)
        return export
