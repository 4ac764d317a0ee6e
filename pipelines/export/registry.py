"""The registry of exports: one row each in a small SQLite file, so that none is created twice.

    intended -> ordered -> done -> loaded, or read
                   └────────┴───-> failed

A row is written before the request is sent (`intended`), so that a process that dies in between leaves a
trace, and again once the export's id is known. Every change is one statement, durable when it returns.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pipelines.errors import ConfigError
from pipelines.export.requests import ExportRequest, from_json, to_json
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.data_folder import prepare

State = Literal["intended", "ordered", "done", "loaded", "read", "failed"]

FILE = "tickets.sqlite"
"""The name of the registry's file in its folder."""
_TABLE = """
CREATE TABLE IF NOT EXISTS tickets (
    ticket TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The highest id there was, and Customer.io's clock (Unix s), when the export was about to be created.
    known_id INTEGER NOT NULL,
    intended_at INTEGER NOT NULL,
    export_id INTEGER UNIQUE,
    created_at INTEGER,
    total INTEGER,
    result TEXT
) STRICT
"""
# What Customer.io counted for a request of a history: if it has no delivery, and when that was read (Unix s).
_COUNTED = """
CREATE TABLE IF NOT EXISTS counted (
    body TEXT PRIMARY KEY, is_empty INTEGER NOT NULL, read_at INTEGER NOT NULL
) STRICT
"""
_COLUMNS = "ticket, kind, body, state, known_id, intended_at, export_id, created_at, total, result"
_BUSY_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RegisteredExport:
    """One export of the registry, in any state.

    `created_at` is in Unix seconds of Customer.io's clock; `total` is the number of rows of the file, once it
    is made. `known_id` is the highest export id, and `intended_at` the time (Unix s), just before it was
    created. `result` is the stored result of loading it, as JSON.
    """

    id: str
    request: ExportRequest
    state: State
    known_id: int
    intended_at: int
    export_id: int | None = None
    created_at: int | None = None
    total: int | None = None
    result: str | None = None


def folder(settings: Settings) -> Path:
    """The folder of the registry and of the exports' files."""
    return settings.cio_elt_data / "exports"


@contextmanager
def open_registry(settings: Settings) -> Iterator["Registry"]:
    """Open the registry.

    Raises:
        ConfigError: the data folder cannot be written to, or the registry's file is damaged.
    """
    prepare(settings.cio_elt_data)
    folder(settings).mkdir(exist_ok=True)
    file = folder(settings) / FILE
    with closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
        try:
            connection.execute(_TABLE)
            connection.execute(_COUNTED)
        except sqlite3.DatabaseError as error:
            msg = (
                f"The registry of exports, {file}, cannot be read ({error}). Restore it from a copy; or "
                "move it away, and exports that are under way are created once more."
            )
            raise ConfigError(msg) from None
        yield Registry(connection)


def has_registry(settings: Settings) -> bool:
    """True once an export was registered in this data folder."""
    return (folder(settings) / FILE).exists()


def registered_ids(settings: Settings) -> frozenset[int]:
    """The ids of all exports of the registry: the export commands load them, and a sync leaves them out."""
    if not has_registry(settings):
        return frozenset()
    with open_registry(settings) as registry:
        return frozenset(registry.ids())


class Registry:
    """The rows of the registry. Every method that changes a row returns it as it is afterwards."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, row_id: str) -> RegisteredExport:
        """One export, as it is now; KeyError if there is none."""
        found = self._select("ticket = ?", row_id)
        if not found:
            raise KeyError(row_id)
        return found[0]

    def unfinished(self, request: ExportRequest) -> RegisteredExport | None:
        """The export of an equal request that is neither loaded, read nor failed."""
        found = self._select(
            "kind = ? AND body = ? AND state NOT IN ('loaded', 'read', 'failed')",
            request.kind,
            to_json(request),
        )
        return found[0] if found else None

    def failures(self, request: ExportRequest, since: int) -> int:
        """The number of exports of an equal request that were created since then (Unix s) and failed."""
        where = "kind = ? AND body = ? AND state = 'failed' AND intended_at >= ?"
        return len(self._select(where, request.kind, to_json(request), since))

    def ids(self) -> set[int]:
        """Customer.io's ids of all exports of the registry."""
        rows = self._connection.execute("SELECT export_id FROM tickets WHERE export_id IS NOT NULL")
        return {export_id for (export_id,) in rows}

    def loaded(self, kind: str) -> list[RegisteredExport]:
        """The exports of that kind whose rows are in the warehouse."""
        return self._select("kind = ? AND state = 'loaded'", kind)

    def counted(self, since: int) -> dict[str, bool]:
        """By the JSON of a request, if Customer.io counted no delivery for it; of counts read since then."""
        rows = self._connection.execute("SELECT body, is_empty FROM counted WHERE read_at >= ?", (since,))
        return {body: bool(is_empty) for body, is_empty in rows}

    def set_counted(self, counts: Mapping[str, bool], read_at: int) -> None:
        """Note such counts, and forget those of more than a day before."""
        with self._connection as connection:
            connection.execute("BEGIN")
            connection.execute("DELETE FROM counted WHERE read_at < ?", (read_at - DAY,))
            connection.executemany(
                "INSERT OR REPLACE INTO counted VALUES (?, ?, ?)",
                [(body, is_empty, read_at) for body, is_empty in counts.items()],
            )

    def add_intent(self, request: ExportRequest, *, known_id: int, intended_at: int) -> RegisteredExport:
        """Note that an export is about to be created."""
        row_id = uuid4().hex
        self._connection.execute(
            "INSERT INTO tickets (ticket, kind, body, state, known_id, intended_at) "
            "VALUES (?, ?, ?, 'intended', ?, ?)",
            (row_id, request.kind, to_json(request), known_id, intended_at),
        )
        return self.get(row_id)

    def delete_intent(self, export: RegisteredExport) -> None:
        """Delete an intent of which no export came."""
        self._connection.execute("DELETE FROM tickets WHERE ticket = ? AND state = 'intended'", (export.id,))

    def set_created(self, export: RegisteredExport, *, export_id: int, created_at: int) -> RegisteredExport:
        """Note the id and the time (Unix s) that Customer.io gave it.

        Raises:
            ConfigError: the registry has that id already, from another workspace.
        """
        if export_id in self.ids():
            self.delete_intent(export)
            msg = (
                f"Customer.io has given the new export the id {export_id}, and this data folder has an "
                "export of that id: it belongs to another workspace, or the sandbox was reset. Nothing was "
                "changed. Name another data folder in CIO_ELT_DATA."
            )
            raise ConfigError(msg)
        return self._change(export, "state = 'ordered', export_id = ?, created_at = ?", export_id, created_at)

    def set_done(self, export: RegisteredExport, *, total: int) -> RegisteredExport:
        """Note that Customer.io has made the file, with `total` rows."""
        return self._change(export, "state = 'done', total = ?", total)

    def set_read(self, export: RegisteredExport) -> RegisteredExport:
        """Note that its file was read and that no row of it is in the warehouse, or will be."""
        return self._change(export, "state = 'read'")

    def set_failed(self, export: RegisteredExport) -> RegisteredExport:
        """Note that it failed: an equal request creates a new export."""
        return self._change(export, "state = 'failed'")

    def set_loaded(self, export: RegisteredExport, result: str) -> RegisteredExport:
        """Note that its rows are in the warehouse, with the result as JSON."""
        return self._change(export, "state = 'loaded', result = ?", result)

    def _change(self, export: RegisteredExport, assignments: str, *values: object) -> RegisteredExport:
        self._connection.execute(f"UPDATE tickets SET {assignments} WHERE ticket = ?", (*values, export.id))
        return self.get(export.id)

    def _select(self, where: str, *values: object) -> list[RegisteredExport]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM tickets WHERE {where}", values)
        return [_registered(*row) for row in rows]


def _registered(
    row_id: str,
    kind: str,
    body: str,
    state: State,
    known_id: int,
    intended_at: int,
    export_id: int | None,
    created_at: int | None,
    total: int | None,
    result: str | None,
) -> RegisteredExport:
    return RegisteredExport(
        id=row_id,
        request=from_json(kind, body),
        state=state,
        known_id=known_id,
        intended_at=intended_at,
        export_id=export_id,
        created_at=created_at,
        total=total,
        result=result,
    )
