"""The memory of exports: one row each in a small SQLite file, so that none is created twice.

    intended -> ordered -> done -> loaded
                   └────────┴───-> failed

A row is written before Customer.io is asked (`intended`), so that a process that dies in between leaves a
trace, and again once the export's id is known. Every change is one statement, durable when it returns.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pipelines.export.requests import ExportRequest, read, written
from pipelines.settings import Settings
from pipelines.warehouse.publish import prepare

State = Literal["intended", "ordered", "done", "loaded", "failed"]

_FILE = "tickets.sqlite"
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
_COLUMNS = "ticket, kind, body, state, known_id, intended_at, export_id, created_at, total, result"
_BUSY_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RegisteredExport:
    """One export that was ordered, wherever it stands.

    `created_at` is Customer.io's clock in Unix seconds; `total` the rows that its file has, once it is done.
    `known_id` and `intended_at` are what was known just before it was created.
    """

    id: str
    order: ExportRequest
    state: State
    known_id: int
    intended_at: int
    export_id: int | None = None
    created_at: int | None = None
    total: int | None = None
    result: str | None = None


def folder(settings: Settings) -> Path:
    """Where exports keep their memory and their files."""
    return settings.cio_elt_data / "exports"


@contextmanager
def tickets(settings: Settings) -> Iterator["Registry"]:
    """The memory, opened.

    Raises:
        ConfigError: the data folder cannot be written to.
    """
    prepare(settings.cio_elt_data)
    folder(settings).mkdir(exist_ok=True)
    file = folder(settings) / _FILE
    with closing(sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)) as connection:
        connection.execute(_TABLE)
        yield Registry(connection)


def claimed(settings: Settings) -> frozenset[int]:
    """The ids of all exports that have a ticket: whoever ordered them loads them."""
    if not (folder(settings) / _FILE).exists():
        return frozenset()
    with tickets(settings) as memory:
        return frozenset(memory.claimed())


class Registry:
    """The rows of the memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, ticket_id: str) -> RegisteredExport:
        """One ticket, as it stands now; KeyError if there is none."""
        found = self._select("ticket = ?", ticket_id)
        if not found:
            raise KeyError(ticket_id)
        return found[0]

    def unfinished(self, order: ExportRequest) -> RegisteredExport | None:
        """The ticket of an equal order that is neither loaded nor failed."""
        open_ = self._select(
            "kind = ? AND body = ? AND state NOT IN ('loaded', 'failed')", order.kind, written(order)
        )
        return open_[0] if open_ else None

    def claimed(self) -> set[int]:
        """The ids of all exports that have a ticket."""
        rows = self._connection.execute("SELECT export_id FROM tickets WHERE export_id IS NOT NULL")
        return {export_id for (export_id,) in rows}

    def loaded(self, kind: str) -> list[RegisteredExport]:
        """The tickets of orders of that kind whose rows are in the warehouse."""
        return self._select("kind = ? AND state = 'loaded'", kind)

    def intend(self, order: ExportRequest, *, known_id: int, intended_at: int) -> RegisteredExport:
        """Note that an export is about to be created."""
        ticket_id = uuid4().hex
        self._connection.execute(
            "INSERT INTO tickets (ticket, kind, body, state, known_id, intended_at) "
            "VALUES (?, ?, ?, 'intended', ?, ?)",
            (ticket_id, order.kind, written(order), known_id, intended_at),
        )
        return self.get(ticket_id)

    def withdraw(self, ticket: RegisteredExport) -> None:
        """Forget an intent that led to nothing."""
        self._connection.execute("DELETE FROM tickets WHERE ticket = ? AND state = 'intended'", (ticket.id,))

    def ordered(self, ticket: RegisteredExport, *, export_id: int, created_at: int) -> RegisteredExport:
        """Note which export it became."""
        return self._change(ticket, "state = 'ordered', export_id = ?, created_at = ?", export_id, created_at)

    def done(self, ticket: RegisteredExport, *, total: int) -> RegisteredExport:
        """Note that the file is there."""
        return self._change(ticket, "state = 'done', total = ?", total)

    def failed(self, ticket: RegisteredExport) -> RegisteredExport:
        """Note that nothing will come of it: an equal order is a new export."""
        return self._change(ticket, "state = 'failed'")

    def finish(self, ticket: RegisteredExport, result: str) -> RegisteredExport:
        """Note that its rows are in the warehouse, and what there was to say about it."""
        return self._change(ticket, "state = 'loaded', result = ?", result)

    def _change(self, ticket: RegisteredExport, what: str, *values: object) -> RegisteredExport:
        self._connection.execute(f"UPDATE tickets SET {what} WHERE ticket = ?", (*values, ticket.id))
        return self.get(ticket.id)

    def _select(self, where: str, *values: object) -> list[RegisteredExport]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM tickets WHERE {where}", values)
        return [_ticket(*row) for row in rows]


def _ticket(
    ticket_id: str,
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
        id=ticket_id,
        order=read(kind, body),
        state=state,
        known_id=known_id,
        intended_at=intended_at,
        export_id=export_id,
        created_at=created_at,
        total=total,
        result=result,
    )
