"""Records of erased people: keyed hashes that stand until they are lifted; SQL compares as Python does."""

import stat
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ConfigError
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.erasures import (
    Identifiers,
    erased_people,
    erasures,
    finish,
    has_sql,
    is_unfinished,
    lift,
    record,
    redacted_sql,
    redacting,
)
from sources.customerio.extract.erased import IdentifierKind

KINDS: tuple[IdentifierKind, ...] = ("cio_id", "id", "email")
PERSON: Identifiers = (("cio_id", "0300aabb"), ("id", "00058"), ("email", "jane+x@example.com"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty data folder."""
    return read_settings(cio_elt_data=tmp_path)


def test_a_record_has_no_identifier_and_its_key_is_secret(settings: Settings) -> None:
    """The file has hashes alone, which another key would not make; only its user can read the key."""
    record(settings, [PERSON])

    text = (settings.cio_elt_data / "erasures.json").read_text()
    assert not [value for _, value in PERSON if value in text]
    key = settings.cio_elt_data / "erasures.key"
    assert 0o600 == stat.S_IMODE(key.stat().st_mode)
    assert erased_people(settings).has("email", "Jane+X@example.com")
    key.write_text("00" * 32)
    assert not erased_people(settings).has("email", "Jane+X@example.com")


def test_a_record_grows_and_is_lifted_by_any_identifier(settings: Settings) -> None:
    """Erased again, a person has one record with old and new hashes; others' records stay."""
    record(settings, [PERSON, [("id", "other-1")]])
    record(settings, [[("id", "00058"), ("email", "new@example.com")]])

    assert 2 == len(erasures(settings))
    assert is_unfinished(settings)
    finish(settings)
    assert not is_unfinished(settings)
    assert 1 == lift(settings, [("cio_id", "cio_0300aabb")])
    erased = erased_people(settings)
    assert erased.has("id", "other-1")
    assert not erased.has("email", "new@example.com")
    assert 0 == lift(settings, [("email", "new@example.com")])


@pytest.mark.parametrize("file", ["erasures.json", "erasures.key"])
def test_records_that_cannot_be_read_stop_a_run(settings: Settings, file: str) -> None:
    """Without them nobody would be left out: the message says what to restore."""
    record(settings, [PERSON])
    (settings.cio_elt_data / file).write_text("{")

    with pytest.raises(ConfigError, match=f"{file} cannot be read.*Restore it"):
        erased_people(settings)


def test_sql_compares_as_python_does(settings: Settings) -> None:
    """For each kind and each cell, DuckDB and Python agree; texts with an address lose it."""
    record(settings, [PERSON])
    erased = erased_people(settings)
    cells = [
        "00058",
        " 00058",
        "58",
        "JANE+X@Example.com",
        "0300aabb",
        "cio_0300aabb",
        "",
        None,
        "a@b.example",
    ]
    link = '{"m":"https://x.example/?e=jane%2Bx%40example.com"}'
    texts = ["To Jane+x@example.com: refused", link, "a@b.example", "no address", None]
    with duckdb.connect() as connection:
        redacting(connection, erased)
        for kind in KINDS:
            sql = f"SELECT {has_sql(erased, kind, 'cell')} FROM (SELECT unnest(?::VARCHAR[]) AS cell)"
            found = [row[0] for row in connection.execute(sql, [cells]).fetchall()]
            assert [erased.has(kind, cell) for cell in cells] == found, kind
        sql = f"SELECT {redacted_sql(erased, 'cell')} FROM (SELECT unnest(?::VARCHAR[]) AS cell)"
        read = [row[0] for row in connection.execute(sql, [texts]).fetchall()]
    kept = ["a@b.example", "no address", None]
    assert ["To [erased]: refused", '{"m":"https://x.example/?e=[erased]"}', *kept] == read
