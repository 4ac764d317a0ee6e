"""Erases people from everything that this data folder has: the order of work.

    lock -> no push is running -> load what waits -> who they are -> (delete them in Customer.io)
         -> record -> push journal -> files -> warehouse, written anew -> look for traces

The record is written before anything is deleted, and the warehouse, by which people are known, goes last: an
erasure that was killed is finished by the same command, or by `resume`, which knows people by the hashes of
their record.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import duckdb
import pyarrow as pa

from pipelines.connect import client
from pipelines.erase.folder import erase_files
from pipelines.erase.journal import erase_journal, known_pairs, no_push
from pipelines.erase.people import NODES, Identifier, arrow, identifiers, recorded, resolve
from pipelines.erase.places import Place, check_place, place_of
from pipelines.erase.subject import KINDS, Table, tables_of
from pipelines.erase.tables import Found, erase_tables
from pipelines.erase.traces import RecordedTraces, Suspects, Traces, traced_files
from pipelines.erase.words import Words
from pipelines.notify import Notify, silent
from pipelines.privacy import privacy_of
from pipelines.push.journal.database import SCHEMA as PUSHES
from pipelines.push.journal.database import Journal
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.erasures import erased_people, finish, is_unfinished, record
from pipelines.warehouse.pipeline import forget_loaded
from pipelines.warehouse.server_erasures import tell_erasures
from pipelines.warehouse.settle import settled
from pipelines.warehouse.writer import writing
from pipelines.workspace import identify
from sources.customerio.extract.erased import Erased, words_of

There = Literal["delete", "suppress"]
"""The operations of the Track API that end a person there."""


@dataclass(frozen=True, kw_only=True)
class EraseResult:
    """The numbers of an erasure; it holds no identifier.

    Attributes:
        people: The people who were found by the identifiers that were given, known here or not.
        identifiers: All of their identifiers.
        unsearchable: Identifiers that are too common to be looked for in texts.
        places: What each place had of them.
        traces: Files in which something of them is left, within the data folder, and tables of a server.
        notes: Sentences about what a server keeps, which this cannot reach.
        there: People who were deleted or suppressed in Customer.io.
        done: False if this was a dry run.
        seconds: The time that it took, without the wait for the lock.
    """

    people: int
    identifiers: int
    unsearchable: int
    places: Sequence[Found] = ()
    traces: Sequence[str] = ()
    notes: Sequence[str] = ()
    there: int = 0
    done: bool = False
    seconds: float = 0.0

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        return asdict(self)


@dataclass
class _Work:
    """The people of one erasure, and what is known of them; `nodes` is the table `NODES`."""

    people: list[set[Identifier]]
    nodes: pa.Table
    words: list[str]
    places: list[Found] = field(default_factory=list)

    @property
    def identifiers(self) -> list[Identifier]:
        """All identifiers."""
        return [each for person in self.people for each in person]

    def result(self, **others: Any) -> EraseResult:
        """The numbers so far."""
        return EraseResult(
            people=len(self.people),
            identifiers=len(self.identifiers),
            unsearchable=sum(not words_of(*each) for each in self.identifiers),
            places=tuple(self.places),
            **others,
        )


def erase(
    settings: Settings,
    given: Sequence[Identifier],
    *,
    really: bool = False,
    there: There | None = None,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> EraseResult:
    """Erase the people with these identifiers; without `really`, count what would be erased.

    Args:
        settings: names the data folder.
        given: identifiers of people, each with its kind.
        really: erase; nothing is changed otherwise, but a package that waits is loaded.
        there: end the people in Customer.io first, by that operation.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: called with a sentence for the user.

    Raises:
        ConfigError: the warehouse is on a server that is not PostgreSQL, or there is none; or Customer.io
            does not take the keys.
        LeaseHeld, PushError: a push is running, or has a run that did not end. Nothing was erased.
        Busy: another run wrote the warehouse for longer than `wait_s`.
        CustomerioError: the people cannot be ended in Customer.io. Nothing was erased here.
    """
    check_place(settings)
    with writing(settings, wait_s=wait_s, notify=notify), no_push(settings) as journal:
        began = time.monotonic()
        forget_loaded(settled(settings, notify))
        with place_of(settings, journal, wait_s=wait_s) as place:
            named = identifiers(given)
            hashes = _hashes(settings, named)
            work = _found(settings, place, identifiers([*named, *hashes.values()]), journal, hashes)
            ended = _end_there(settings, work, there) if really and there else 0
            resumed = is_unfinished(settings)
            if really:
                record(settings, work.people)
                tell_erasures(settings)
            erased = erased_people(settings) if really else Erased()
            _erase(settings, place, work, journal, erased, _traces(work), really=really)
            left = place.end(everything=resumed) if really else ([], [])
        result = _ended(settings, work, _traces(work), *left, really=really)
        return replace(result, there=ended, seconds=round(time.monotonic() - began, 3))


def resume(settings: Settings, *, wait_s: float = 3600.0, notify: Notify = silent) -> EraseResult | None:
    """Finish an erasure that did not end; returns None if there is none.

    Raises:
        ConfigError, LeaseHeld, PushError, Busy: as `erase`.
    """
    check_place(settings)
    with writing(settings, wait_s=wait_s, notify=notify), no_push(settings) as journal:
        if not is_unfinished(settings):
            return None
        began = time.monotonic()
        forget_loaded(settled(settings, notify))
        erased = erased_people(settings)
        with place_of(settings, journal, wait_s=wait_s) as place:
            known = _recorded(settings, place, journal, erased)
            work = _found(settings, place, known, journal, _hashes(settings, known))
            tell_erasures(settings)
            _erase(settings, place, work, journal, erased, RecordedTraces(erased), really=True)
            left = place.end(everything=True)
        result = _ended(settings, work, RecordedTraces(erased), *left, really=True)
        return replace(result, seconds=round(time.monotonic() - began, 3))


def _hashes(settings: Settings, given: Sequence[Identifier]) -> dict[Identifier, Identifier]:
    """By identifier, the hash that stands for it if the privacy file says so."""
    privacy = privacy_of(settings)
    return {
        (kind, value): (kind, privacy.hashed(value)) for kind, value in given if privacy and kind != "cio_id"
    }


def _joined(people: list[set[Identifier]], hashes: Mapping[Identifier, Identifier]) -> list[set[Identifier]]:
    """The people, with one who is known by a hash and by what was hashed as one."""
    for plain, hashed in hashes.items():
        of_plain = next((person for person in people if plain in person), None)
        of_hash = next((person for person in people if hashed in person), None)
        if of_plain is not None and of_hash is not None and of_plain is not of_hash:
            people = [person for person in people if person is not of_plain and person is not of_hash]
            people.append(of_plain | of_hash)
    return people


def _found(
    settings: Settings,
    place: Place,
    given: Sequence[Identifier],
    journal: Journal | None,
    hashes: Mapping[Identifier, Identifier],
) -> _Work:
    """The people; after a killed erasure, the published file may be the one that knows them."""
    others = known_pairs(journal)
    with place.opened() as connection:
        tables = _tables(connection)
        if is_unfinished(settings) and settings.published_file.exists():
            others = pa.concat_tables([others, _published_pairs(settings, given)])
        people = resolve(connection, given, tables, others)
        nodes = arrow(connection, f"FROM {NODES}")
    people = _joined(people, hashes)
    words = {word for person in people for each in person for word in words_of(*each)}
    return _Work(people=people, nodes=nodes, words=sorted(words))


def _recorded(settings: Settings, place: Place, journal: Journal | None, erased: Erased) -> list[Identifier]:
    """The identifiers of people with a record that one of the databases still has."""
    rows = known_pairs(journal).to_pylist()
    found = {(kind, row[kind]) for row in rows for kind in KINDS if erased.has(kind, row[kind])}
    with place.opened() as connection:
        found |= recorded(connection, _tables(connection), erased)
    if settings.published_file.exists():
        with open_file(settings.published_file, read_only=True) as connection:
            found |= recorded(connection, _tables(connection), erased)
    return sorted(found)


def _published_pairs(settings: Settings, given: Sequence[Identifier]) -> pa.Table:
    """The identifiers of the people as the published file has them, in rows of `cio_id`, `id`, `email`."""
    with open_file(settings.published_file, read_only=True) as connection:
        empty = known_pairs(None)
        people = resolve(connection, given, _tables(connection), empty)
    rows: list[dict[str, str]] = []
    for person in people:
        for kind, value in sorted(person):
            # Each stands in a row with one of another kind: so they are one person's again.
            others = (each for each in sorted(person) if each[0] != kind)
            rows.append({str(kind): value, **dict([next(others, (kind, value))])})
    return pa.Table.from_pylist(rows, schema=empty.schema) if rows else empty


def _tables(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """The tables of the warehouse; the copy of the journal is made anew."""
    return [table for table in tables_of(connection) if table.schema != PUSHES]


def _erase(
    settings: Settings,
    place: Place,
    work: _Work,
    journal: Journal | None,
    erased: Erased,
    suspects: Suspects,
    *,
    really: bool,
) -> None:
    """Erase from each place, in an order in which a killed erasure can be resumed."""
    words = Words(work.words)
    if journal is not None:
        work.places += erase_journal(journal, work.nodes, words, erased, really=really)
        if really:
            journal.rewrite()
    work.places += erase_files(settings, suspects, erased, really=really)
    with place.opened() as connection:
        connection.register("erase_nodes_given", work.nodes)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {NODES} AS FROM erase_nodes_given")
        connection.unregister("erase_nodes_given")
        connection.begin()
        work.places += erase_tables(
            connection, _tables(connection), words, erased, really=really, original=place.original
        )
        connection.commit()


def _ended(
    settings: Settings,
    work: _Work,
    suspects: Suspects,
    left: Sequence[str],
    notes: Sequence[str],
    *,
    really: bool,
) -> EraseResult:
    """Look for what is left in files, besides what is `left` on a server; with neither, it is finished."""
    files = traced_files(suspects, settings.cio_elt_data) if really else []
    traces = (*left, *(str(path.relative_to(settings.cio_elt_data)) for path in files))
    if really and not traces:
        finish(settings)
    return work.result(traces=traces, notes=tuple(notes), done=really)


def _traces(work: _Work) -> Traces:
    sure = [value.lower() for kind, value in work.identifiers if kind == "email" and "@" in value]
    return Traces(work.words, sure)


def _end_there(settings: Settings, work: _Work, operation: There) -> int:
    """End the people in Customer.io; returns their number."""
    identify(settings)
    ended = 0
    with client(settings) as calls:
        for person in work.people:
            named = [f"cio_{value}" for kind, value in sorted(person) if kind == "cio_id"]
            named = named or [value for _, value in sorted(person)]
            for identifier in named:
                calls.call(operation, path={"identifier": identifier})
            ended += 1
    return ended
