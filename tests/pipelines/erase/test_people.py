"""An identifier means a person: former ones are followed, another living person's are not."""

from pathlib import Path

import duckdb
import pytest

from pipelines.erase.journal import known_pairs
from pipelines.erase.people import Identifier, identifiers, read_people, resolve
from pipelines.erase.subject import tables_of
from pipelines.errors import ConfigError

_TABLES = """
CREATE SCHEMA customerio_raw;
CREATE TABLE customerio_raw.people (cio_id VARCHAR, id VARCHAR, identifiers JSON, deleted_at BIGINT);
CREATE TABLE customerio_raw.messages (
    id VARCHAR, recipient VARCHAR, customer_id VARCHAR, customer_identifiers JSON);
INSERT INTO customerio_raw.people VALUES
    ('c1', 'u1', '{"cio_id":"c1","id":"u1","email":"Jane@new.example"}', NULL),
    ('c2', 'u2', '{"cio_id":"c2","id":"u2","email":"shared@a.example"}', NULL),
    ('c3', 'u3', '{"cio_id":"c3","id":"u3","email":"gone@a.example"}', 5);
INSERT INTO customerio_raw.messages VALUES
    ('m1', 'x', 'u1', '{"cio_id":"c1","id":"u1","email":"jane@old.example"}'),
    ('m2', 'x', 'u1', '{"cio_id":"c1","id":"u1","email":"shared@a.example"}'),
    ('m3', 'x', NULL, '{"cio_id":"c4","id":null,"email":"jane@new.example"}'),
    ('m4', 'x', 'u2', '{"cio_id":"c2","id":"u2","email":"former@a.example"}'),
    ('m5', 'x', NULL, '{"cio_id":"c3","id":null,"email":"late@a.example"}');
"""


def _resolved(*given: Identifier) -> list[set[Identifier]]:
    with duckdb.connect() as connection:
        connection.execute(_TABLES)
        people = resolve(connection, identifiers(given), tables_of(connection), known_pairs(None))
    return sorted(people, key=sorted)


JANE: set[Identifier] = {
    ("cio_id", "c1"),
    ("cio_id", "c4"),
    ("id", "u1"),
    ("email", "jane@new.example"),
    ("email", "jane@old.example"),
}


@pytest.mark.parametrize(
    "given",
    [("id", "u1"), ("email", "JANE@new.example"), ("cio_id", "cio_c1"), ("email", "jane@old.example")],
)
def test_all_identifiers_of_a_person_are_found_by_any_of_them(given: Identifier) -> None:
    """Former addresses, and the cio_id of a deleted person of the same address; no other living one's."""
    assert [JANE] == _resolved(given)


def test_an_address_that_is_another_persons_today_is_that_persons() -> None:
    """The one who has it is meant, not the one who had it."""
    assert [
        {("cio_id", "c2"), ("id", "u2"), ("email", "shared@a.example"), ("email", "former@a.example")}
    ] == _resolved(("email", "shared@a.example"))


def test_several_people_are_kept_apart() -> None:
    """Each has a set of their own; one of whom nothing is known has what was given."""
    late: set[Identifier] = {
        ("cio_id", "c3"),
        ("id", "u3"),
        ("email", "gone@a.example"),
        ("email", "late@a.example"),
    }
    unknown: set[Identifier] = {("email", "nowhere@b.example")}

    found = _resolved(("email", "late@a.example"), ("id", "u1"), ("email", "nowhere@b.example"))

    assert sorted([JANE, late, unknown], key=sorted) == found


def test_people_come_from_a_file(tmp_path: Path) -> None:
    """Any of the three columns, in any order; empty cells are nobody."""
    file = tmp_path / "people.csv"
    file.write_text("name,id,email\nJane,u1,\nBob,,BOB@a.example\n", "utf-8-sig")

    assert [("id", "u1"), ("email", "bob@a.example")] == read_people(file)


@pytest.mark.parametrize("text", ["", "name\nJane\n", "email\n\n", "\xff"])
def test_a_file_without_people_is_refused(tmp_path: Path, text: str) -> None:
    """The message says what the file should be."""
    file = tmp_path / "people.csv"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError, match="Give a CSV file with a header"):
        read_people(file)
