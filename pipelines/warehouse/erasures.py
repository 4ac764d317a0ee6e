"""The records of erased people: keyed hashes of their identifiers, and SQL that compares with them.

    erasures.json   a record for each person: when, and the hashes; no identifier
    erasures.key    the key of the hashes; only its user can read it

They lie beside the warehouse, not in it: a warehouse that is restored from a copy, or made anew, has them
still. A record stands until it is lifted. While it stands, syncs, exports and pushes leave the person out.
"""

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping

import duckdb
import msgspec

from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.secret_key import make_secret_key, secret_key
from pipelines.warehouse.sql import literal
from sources.customerio.extract.erased import (
    NONE_ERASED,
    Erased,
    IdentifierKind,
    digest,
    normal,
    words_of,
)
from sources.permissions import replace_file

RECORDS_FILE, KEY_FILE = "erasures.json", "erasures.key"
"""The names of both files in the data folder."""
_BLOCK = 64

Identifiers = Collection[tuple[IdentifierKind, str]]
"""The identifiers of one person, each with its kind."""


class Erasure(msgspec.Struct, frozen=True):
    """The record of one person: Unix second of the erasure, and the hashes of the identifiers."""

    erased_at: int
    hashes: tuple[str, ...]


class _Records(msgspec.Struct):
    people: list[Erasure] = []
    unfinished: bool = False


def erased_people(settings: Settings) -> Erased:
    """The people who were erased in this data folder.

    Raises:
        ConfigError: the records or their key cannot be read, so that nothing says who is to be left out.
    """
    records = _read(settings)
    if not records.people:
        return NONE_ERASED
    return Erased(_key(settings), {each for person in records.people for each in person.hashes})


def erasures(settings: Settings) -> list[Erasure]:
    """The records that stand.

    Raises:
        ConfigError: the records cannot be read.
    """
    return _read(settings).people


def is_unfinished(settings: Settings) -> bool:
    """True if an erasure began and did not end: some places may still have the person."""
    return _read(settings).unfinished


def record(settings: Settings, people: Iterable[Identifiers]) -> None:
    """Write a record for each of these people, and note that an erasure is under way.

    A record that a person has already becomes a part of the new one.
    """
    prepare(settings.cio_elt_data)
    _make_key(settings)
    key, now, found = _key(settings), int(time.time()), _read(settings).people
    owner = {each: index for index, old in enumerate(found) for each in old.hashes}
    taken: set[int] = set()
    new = []
    for identifiers in people:
        hashes = _hashes(key, identifiers)
        before = {owner[each] for each in hashes if each in owner}
        taken |= before
        new.append(Erasure(now, tuple(sorted(hashes.union(*(found[index].hashes for index in before))))))
    kept = [old for index, old in enumerate(found) if index not in taken]
    _write(settings, _Records(people=[*kept, *new], unfinished=True))


def finish(settings: Settings) -> None:
    """Note that no erasure is under way any more."""
    _write(settings, _Records(people=_read(settings).people))


def lift(settings: Settings, identifiers: Identifiers) -> int:
    """Remove the records of the people with one of these identifiers; returns their number.

    Raises:
        ConfigError: the records or their key cannot be read.
    """
    records = _read(settings)
    if not records.people:
        return 0
    key = _key(settings)
    hashes = {digest(key, kind, normal(kind, value)) for kind, value in identifiers}
    kept = [person for person in records.people if hashes.isdisjoint(person.hashes)]
    _write(settings, _Records(people=kept, unfinished=records.unfinished))
    return len(records.people) - len(kept)


def has_sql(erased: Erased, kind: IdentifierKind, cell: str) -> str:
    """SQL: the text of an identifier is one of those people's; as `Erased.has`."""
    if not erased:
        return "false"
    kinds: tuple[IdentifierKind, ...] = ("id", "email", "cio_id") if kind == "id" else (kind,)
    wanted = f"({', '.join(map(literal, sorted(erased.hashes)))})"
    checks = (f"{_digest_sql(erased.key, each, cell)} IN {wanted}" for each in kinds)
    return f"(coalesce({cell}, '') <> '' AND ({' OR '.join(checks)}))"


def redacting(connection: duckdb.DuckDBPyConnection, erased: Erased) -> None:
    """Give the connection the function that `redacted_sql` calls."""
    if erased:
        connection.create_function(_FUNCTION, erased.redacted, ["VARCHAR"], "VARCHAR")


def redacted_sql(erased: Erased, cell: str) -> str:
    """SQL: the text without the addresses of those people; the connection needs `redacting`."""
    if not erased:
        return cell
    return f"CASE WHEN regexp_matches({cell}, '@|%40|u0040') THEN {_FUNCTION}({cell}) ELSE {cell} END"


_FUNCTION = "cio_elt_redacted"
_NORMAL: Mapping[IdentifierKind, str] = {
    "cio_id": "CASE WHEN starts_with({text}, 'cio_') THEN {text}[5:] ELSE {text} END",
    "id": "CASE WHEN contains({text}, '@') THEN lower({text}) ELSE {text} END",
    "email": "lower({text})",
}


def normal_sql(kind: IdentifierKind, cell: str) -> str:
    """SQL of `normal`."""
    return f"({_NORMAL[kind].format(text=f'trim({cell})')})"


def _digest_sql(key: bytes, kind: IdentifierKind, cell: str) -> str:
    """SQL of HMAC-SHA256, which DuckDB has no function for."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = (f"from_hex('{bytes(byte ^ pad for byte in block).hex()}')" for pad in (0x36, 0x5C))
    text = f"encode('{kind}:' || {normal_sql(kind, cell)})"
    return f"sha256({outer} || from_hex(sha256({inner} || {text})))"


def _hashes(key: bytes, identifiers: Identifiers) -> set[str]:
    found = {digest(key, kind, normal(kind, value)) for kind, value in identifiers}
    return found | {
        digest(key, "word", word)
        for kind, value in identifiers
        for word in words_of(kind, normal(kind, value))
    }


def _read(settings: Settings) -> _Records:
    file = settings.cio_elt_data / RECORDS_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Records)
    except (FileNotFoundError, NotADirectoryError):
        return _Records()
    except (OSError, msgspec.MsgspecError):
        msg = (
            f"{file} cannot be read, and it says which people were erased. Restore it from a copy; without "
            "it, they would come back with the next run."
        )
        raise ConfigError(msg) from None


def _write(settings: Settings, records: _Records) -> None:
    replace_file(settings.cio_elt_data / RECORDS_FILE, msgspec.json.encode(records))


def _key(settings: Settings) -> bytes:
    return secret_key(
        settings.cio_elt_data / KEY_FILE,
        "the records of erased people",
        "they would come back with the next run",
    )


def _make_key(settings: Settings) -> None:
    if not _read(settings).people:
        make_secret_key(settings.cio_elt_data / KEY_FILE)
