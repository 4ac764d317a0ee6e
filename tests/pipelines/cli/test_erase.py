"""`cio-elt erase`: asks before it destroys, counts, and never prints an identifier."""

from pathlib import Path

import duckdb

from pipelines.settings import read_settings
from pipelines.warehouse.erasures import erasures
from tests.pipelines.conftest import Shell


def _people(shell: Shell) -> list[str]:
    """The ids of the people in the published file."""
    with duckdb.connect(shell.published, read_only=True) as connection:
        found = connection.execute("SELECT id FROM customerio_raw.people ORDER BY id").fetchall()
    return [id_ for (id_,) in found]


def test_people_are_erased_once_it_is_confirmed(shell: Shell, tmp_path: Path) -> None:
    """Without --yes it counts and ends with 3, a dry run with 0; confirmed, the people of a file are gone."""
    assert 0 == shell.run("sync", "people").code
    before = _people(shell)
    gone = [id_ for id_ in before if id_.startswith("user-")][:2]
    file = tmp_path / "people.csv"
    file.write_text("id\n" + "\n".join(gone) + "\n")

    asked = shell.run("erase", "--file", str(file))
    assert (3, before) == (asked.code, _people(shell)), asked.err
    assert "Nothing was erased" in asked.err and "--yes" in asked.err
    dry = shell.run("erase", "--file", str(file), "--dry-run", "--yes", "--json")
    assert (0, False, 2) == (dry.code, dry.document["done"], dry.document["people"])
    assert [] == erasures(read_settings(cio_elt_data=shell.data))

    done = shell.run("erase", "--file", str(file), "--yes")
    assert 0 == done.code, done.err
    assert [id_ for id_ in before if id_ not in gone] == _people(shell)
    assert "customerio_raw.people" in done.out and "No trace is left" in done.out
    assert not [id_ for id_ in gone for ran in (asked, dry, done) if id_ in ran.out + ran.err]

    synced = shell.run("sync", "people")
    assert "2 row(s) of erased people came and were left out" in synced.err
    assert "1 record(s) lifted" in shell.run("erase", "--lift", "--id", gone[0]).err
    shell.run("sync", "people")
    assert [id_ for id_ in before if id_ != gone[1]] == _people(shell)


def test_nobody_and_no_warehouse_are_refused(shell: Shell) -> None:
    """A sentence says what to name."""
    nobody = shell.run("erase", "--yes")
    assert 2 == nobody.code and "--email, --id, --cio-id or --file" in nobody.err
    shell.refused(shell.run("erase", "--id", "user-1", "--yes"), 2, "There is no warehouse")
