"""Fixtures of erasures: a data folder after days of all kinds of runs, and a search for what is left."""

import gzip
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.erase import EraseResult, Identifier, erase
from pipelines.export import DeliveriesRequest, PeopleRequest, export
from pipelines.settings import Settings
from pipelines.transform import transform
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following
from tests.pipelines.push.conftest import Pushing, settings_for_pushes

DAY = 86_400
_READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
for line in sys.stdin:
    print(connection.execute(line).fetchall()[0][0], flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person of the sandbox, with whom the tests begin."""

    email: str
    id: str
    cio_id: str
    former: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of which no file may have one."""
        return (self.email, self.cio_id, self.id, *self.former)


@dataclass
class World:
    """A sandbox, the data folder that follows it, and pushes to it."""

    pushing: Pushing
    results: list[EraseResult] = field(default_factory=list)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return self.pushing.warehouse

    @property
    def settings(self) -> Settings:
        """The settings, with all keys."""
        return self.pushing.settings

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.cio_elt_data

    def erase(self, *given: Identifier, **how: Any) -> EraseResult:
        """Erase, as the command line does."""
        return erase(self.settings, given, **{"really": True, **how})

    def export(self, what: PeopleRequest | DeliveriesRequest) -> Any:
        """Run an export."""

        def pause(seconds: float) -> None:
            self.pushing.sandbox.clock.advance(seconds)

        return export(self.settings, what, notify=self.pushing.notes.append, pause=pause)

    def export_all(self) -> None:
        """Export the people, and the deliveries of a campaign."""
        now = self.pushing.sandbox.clock.now()
        self.export(PeopleRequest())
        self.export(DeliveriesRequest(campaign_id=1, start=now - 365 * DAY, end=now))

    def run_pushes(self) -> None:
        """Run a push of people, one of events and one of members, all of people of the warehouse."""
        people = (
            "SELECT id AS user_id, identifiers->>'$.email' AS email, cio_id, {} FROM customerio_raw.people "
        )
        people += "WHERE deleted_at IS NULL AND id <> ''"
        self.pushing.approved(self.pushing.declare(
            "plans", people.format("'gold' AS plan"), object="person", mode="upsert",
            person={"id": "user_id"}, fields={"plan": "text"}, unmapped="ignore",
        ))  # fmt: skip
        self.pushing.approved(self.pushing.declare(
            "visits", people.format("TIMESTAMP '2026-10-10' AS at"), object="event", mode="append",
            person={"email": "email"}, event={"name": "visit", "at": "at"}, key=["email"], first_run="all",
            unmapped="ignore",
        ))  # fmt: skip

    def run_all(self, *, transformed: bool = True) -> None:
        """A day passes; then each kind of run that writes the data folder, a transform only if told so."""
        self.pushing.sandbox.clock.advance(DAY)
        self.warehouse.sync()
        self.export_all()
        self.run_pushes()
        if transformed:
            transform(self.settings)

    def person(self) -> Person:
        """A person with an id, an address, deliveries, activities, a relationship and memberships."""
        ((cio_id, id_, email),) = self.warehouse.query(
            """
            SELECT cio_id, id, identifiers->>'$.email' FROM customerio_raw.people AS p
            WHERE id LIKE 'user-%' AND identifiers->>'$.email' <> '' AND deleted_at IS NULL
              AND cio_id IN (SELECT customer_identifiers->>'$.cio_id' FROM customerio_raw.messages)
              AND cio_id IN (SELECT customer_identifiers->>'$.cio_id' FROM customerio_raw.activities)
              AND cio_id IN (SELECT cio_id FROM customerio_raw.segment_memberships)
              AND cio_id IN (SELECT cio_id FROM customerio_raw.relationships)
            ORDER BY length(id) DESC, cio_id LIMIT 1
            """
        )
        known = self.warehouse.query(
            f"""
            SELECT DISTINCT customer_identifiers->>'$.email' AS email FROM (
                SELECT customer_identifiers FROM customerio_raw.messages
                UNION ALL SELECT customer_identifiers FROM customerio_raw.activities)
            WHERE customer_identifiers->>'$.cio_id' = '{cio_id}' AND email NOT IN ('', '{email}')
            """
        )
        former = tuple(sorted(address for (address,) in known))
        return Person(email=email, id=id_, cio_id=cio_id, former=former)

    def change(self, sql: str, *parameters: Any) -> None:
        """Change the private file, as a load would."""
        with duckdb.connect(self.settings.load_file) as connection:
            connection.execute(sql, list(parameters))

    def others(self, person: Person) -> dict[str, tuple[Any, ...]]:
        """By table, the number and a digest of the rows in which nothing of the person stands.

        The published copy of the journal is left out: the journal itself is looked at.
        """
        named = " OR ".join("contains(lower(t::VARCHAR), ?)" for _ in person.texts)
        found = {}
        files = (self.settings.load_file, self.data / "push.duckdb")
        for file in filter(Path.exists, files):
            with duckdb.connect(file, read_only=True) as connection:
                for schema, table in _tables(connection):
                    if schema != "customerio_push" or file != self.settings.load_file:
                        sql = f'SELECT count(*), bit_xor(hash(t::VARCHAR)) FROM "{schema}"."{table}" AS t'
                        rows = connection.execute(
                            f"{sql} WHERE NOT ({named})", [text.lower() for text in person.texts]
                        )
                        found[f"{schema}.{table}"] = rows.fetchall()[0]
        return found

    @contextmanager
    def reading(self) -> Iterator["subprocess.Popen[str]"]:
        """A program that has the published file open; it answers each line of SQL with a value."""
        program = subprocess.Popen(
            [sys.executable, "-c", _READER, str(self.settings.published_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield program
        finally:
            program.communicate()


def ask(program: "subprocess.Popen[str]", sql: str) -> str:
    """The answer of a reader."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(f"{sql}\n")
    program.stdin.flush()
    return program.stdout.readline().strip()


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() ORDER BY ALL"
    ).fetchall()


def traces(data: Path, texts: tuple[str, ...]) -> list[str]:
    """The places of a folder that have one of the texts: bytes, packed bytes, tables, Parquet."""
    found = []
    for file in sorted(path for path in data.rglob("*") if path.is_file()):
        found += [f"{file.relative_to(data)} {place}: {text}" for place, text in traces_in(file, texts)]
    return found


def traces_in(file: Path, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    """The places of a file that have one of the texts, each with the text."""
    places = {"bytes": _unpacked(file).lower(), **{place: rows.lower() for place, rows in _cells(file)}}
    return [
        (place, text) for text in texts for place, held in places.items() if text.lower().encode() in held
    ]


def _unpacked(file: Path) -> bytes:
    """The bytes of a file; of an archive, those of its members."""
    if file.suffix == ".zip":
        with ZipFile(file) as packed:
            return b"".join(map(packed.read, packed.namelist()))
    whole = file.read_bytes()
    return gzip.decompress(whole) if file.suffix == ".gz" else whole


def _cells(file: Path) -> Iterator[tuple[str, bytes]]:
    """The rows of each table of a DuckDB or Parquet file, as text."""
    if file.suffix == ".duckdb":
        with duckdb.connect(file, read_only=True) as connection:
            for schema, table in _tables(connection):
                rows = connection.execute(f'FROM "{schema}"."{table}"').fetchall()
                yield f"{schema}.{table}", str(rows).encode()
    elif file.suffix == ".parquet":
        yield "rows", str(pq.read_table(file).to_pylist()).encode()


@pytest.fixture
def world(sandbox: Sandbox, tmp_path: Path) -> Iterator[World]:
    """A synced workspace, without any other run."""
    with _world(sandbox, tmp_path) as world:
        world.warehouse.sync()
        yield world


@contextmanager
def _world(sandbox: Sandbox, home: Path) -> Iterator[World]:
    (home / "push").mkdir()
    with following(sandbox, home / "data") as warehouse:
        yield World(Pushing(warehouse, home / "push", settings_for_pushes(warehouse)))
