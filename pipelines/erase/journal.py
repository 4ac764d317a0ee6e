"""Erases people from the journal of pushes, and from its published copy.

The rows of a push name their person in the payload, or in the key where the push tells rows apart by person.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from pipelines.erase.people import NODES, arrow
from pipelines.erase.subject import KINDS, Table, tables_of
from pipelines.erase.tables import Found, erase_tables
from pipelines.erase.words import Words
from pipelines.errors import PushError
from pipelines.push.journal.database import FILE, SCHEMA, Journal, PushId
from pipelines.push.journal.lease import hold_lease
from pipelines.push.journal.publish import copy_journal
from pipelines.push.spec.kinds import KINDS as PUSH_KINDS
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.erasures import normal_sql
from sources.customerio.extract.erased import Erased

# The object of a row's push, by table.
_OBJECTS = {
    "log": f"(SELECT any_value(r.object) FROM {SCHEMA}.runs AS r WHERE r.run_id = t.run_id)",
    "snapshot": "t.object",
    "rejects": f"(SELECT any_value(r.object) FROM {SCHEMA}.runs AS r WHERE r.sync = t.sync)",
    "drift": f"(SELECT any_value(r.object) FROM {SCHEMA}.runs AS r WHERE r.sync = t.sync)",
}


@dataclass(frozen=True, kw_only=True)
class _JournalTable(Table):
    """A table of the journal whose rows are about a person."""

    @property
    def names_people(self) -> bool:
        """True."""
        return True

    @property
    def subjects(self) -> str:
        """A query of `place`, `cio_id`, `id` and `email`, as of every table."""
        # Of an event that was sent, the key alone is kept, which may be an address.
        return self._query("key")

    @property
    def pairs(self) -> str:
        """The same, of identifiers that are known to be the person's."""
        return self._query("NULL")

    def _query(self, key: str) -> str:
        payload = "t.payload" if "payload" in self.columns else "NULL::VARCHAR"
        is_person = f"json_valid({payload}) AND coalesce({payload}->>'$.type', '') <> 'object'"
        person = f"CASE WHEN {is_person} THEN {payload} END"
        cells = {
            "cio_id": ("p->>'$.identifiers.cio_id'",),
            "id": ("p->>'$.identifiers.id'", "p->>'$.attributes.id'", _MEMBER, "person_key"),
            "email": ("p->>'$.identifiers.email'", "p->>'$.attributes.email'", key),
        }
        columns = (f"{normal_sql(kind, _first(cells[kind]))} AS {kind}" for kind in KINDS)
        return f"""
            SELECT place, {", ".join(columns)} FROM (
                SELECT t.rowid AS place, t.key, {person} AS p,
                       {_person_key(_OBJECTS[self.name])} AS person_key
                FROM {self.sql} AS t)
        """


_MEMBER = "CASE WHEN json_type(p) = 'VARCHAR' THEN p->>'$' END"
"""SQL of the payload of a segment's member, which is the identifier."""


def _first(cells: Sequence[str]) -> str:
    return f"coalesce({', '.join(f'nullif({cell}, ' + chr(39) * 2 + ')' for cell in cells)})"


def _person_key(push_object: str) -> str:
    """SQL of the part of a row's key that is its person; null where the key has none."""
    cases = []
    for kind in PUSH_KINDS.values():
        if "person" in kind.key:
            whole = (
                "t.key"
                if len(kind.key) == 1
                else (f"CASE WHEN json_valid(t.key) THEN t.key->>{kind.key.index('person')} END")
            )
            cases.append(f"WHEN '{kind.name}' THEN {whole}")
    return f"CASE {push_object} {' '.join(cases)} END"


def has_journal(settings: Settings) -> bool:
    """True once a push ran in this data folder."""
    return (settings.cio_elt_data / FILE).exists()


@contextmanager
def no_push(settings: Settings) -> Iterator[Journal | None]:
    """The journal, while no push of this folder can run; None without one.

    Raises:
        LeaseHeld: a push is running.
        PushError: a push has a run that was interrupted and is to be resumed.
    """
    if not has_journal(settings):
        yield None
        return
    journal = Journal(settings.cio_elt_data)
    pushes = journal.query(f"SELECT DISTINCT workspace, sync FROM {SCHEMA}.runs ORDER BY ALL")
    with ExitStack() as held:
        for workspace, sync in pushes:
            held.enter_context(hold_lease(journal, PushId(workspace, sync)))
        _check_ended(journal)
        yield journal


def _check_ended(journal: Journal) -> None:
    found = journal.query(f"SELECT DISTINCT sync FROM {SCHEMA}.runs WHERE state = 'sending' ORDER BY sync")
    if found:
        name = found[0][0]
        msg = (
            f"The push {name} has a run that did not end, and what it sent is not known without its rows. "
            f"End it by `cio-elt push run {name}`, then run this again. Nothing was erased."
        )
        raise PushError(msg)


def known_pairs(journal: Journal | None) -> pa.Table:
    """The identifiers that stand in one row of the journal: `cio_id`, `id`, `email`."""
    if journal is None:
        return pa.schema([(kind, pa.string()) for kind in KINDS]).empty_table()
    with journal.open() as connection:
        tables = [table for table in _tables(connection) if isinstance(table, _JournalTable)]
        queries = (f"SELECT cio_id, id, email FROM ({table.pairs})" for table in tables)
        return arrow(connection, " UNION ".join(queries))


def erase_journal(
    journal: Journal, nodes: pa.Table, words: Words, erased: Erased, *, really: bool
) -> list[Found]:
    """Erase the people from the journal; its file is to be rewritten then."""
    with journal.open() as connection:
        connection.register("erase_nodes_given", nodes)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {NODES} AS FROM erase_nodes_given")
        connection.unregister("erase_nodes_given")
        found = list(erase_tables(connection, _tables(connection), words, erased, really=really))
        if really:
            connection.execute(
                f"DELETE FROM {SCHEMA}.outcomes AS o WHERE NOT EXISTS "
                f"(FROM {SCHEMA}.log AS l WHERE l.run_id = o.run_id AND l.seq = o.seq)"
            )
    return [replace(each, place=f"push journal: {each.place.partition('.')[2]}") for each in found]


def _tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    return [
        _JournalTable(
            schema=table.schema, name=table.name, person={}, texts=table.texts, columns=table.columns
        )
        if table.name in _OBJECTS
        else replace(table, person={})
        for table in tables_of(connection)
    ]


def republish(settings: Settings, journal: Journal) -> None:
    """Copy the journal into the private file anew, if it has a copy."""
    with open_file(settings.load_file) as connection:
        there = connection.execute(
            "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ? AND database_name = current_database()",
            [SCHEMA],
        ).fetchall()
        if there:
            with journal.attached(connection):
                copy_journal(connection)
