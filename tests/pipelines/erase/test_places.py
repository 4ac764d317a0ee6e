"""An erasure from a PostgreSQL server leaves nothing of a person in its tables and files, and holds."""

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipelines.erase import EraseResult, Identifier, erase, lift
from pipelines.errors import ConfigError
from pipelines.export import PeopleRequest, export
from sources.customerio.sandbox import Sandbox
from tests.pipelines.conftest import ended, shell_for
from tests.pipelines.erase.conftest import traces
from tests.postgres import InPostgres, database, given, warehouse_in

pytestmark = pytest.mark.proof

DAY = 86_400
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'customerio_raw' ORDER BY 1"
PERSON = """
SELECT cio_id, id, identifiers->>'email' FROM customerio_raw.people
WHERE id LIKE 'user-%' AND identifiers->>'email' <> '' AND deleted_at IS NULL
  AND cio_id IN (SELECT customer_identifiers->>'cio_id' FROM customerio_raw.messages)
  AND cio_id IN (SELECT cio_id FROM customerio_raw.segment_memberships)
ORDER BY length(id) DESC, cio_id LIMIT 1
"""


@pytest.fixture
def server(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InPostgres]:
    """A synced workspace, and an export of its people, in PostgreSQL."""
    sandbox.knobs.export_takes_s = 0
    with database() as url, sandbox.serve() as served:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
        warehouse = warehouse_in(url, sandbox, served, tmp_path / "data")
        _run_all(warehouse)
        yield warehouse


def _run_all(warehouse: InPostgres) -> None:
    warehouse.sync()
    export(warehouse.settings, PeopleRequest())
    warehouse.sandbox.clock.advance(DAY)
    warehouse.sync(full=True)


def _erase(warehouse: InPostgres, *given: Identifier, really: bool = True) -> EraseResult:
    return erase(warehouse.settings, given, really=really, wait_s=30)


def _in_tables(warehouse: InPostgres, texts: tuple[str, ...]) -> list[str]:
    """The tables that have one of the texts as a whole word."""
    found = []
    for (table,) in warehouse.query(TABLES):
        for text in texts:
            sql = f"SELECT 1 FROM customerio_raw.\"{table}\" AS t WHERE t::text ~* '\\m{text}\\M' LIMIT 1"
            if warehouse.query(sql):
                found.append(f"{table}: {text}")
    return found


def _in_files(url: str, texts: tuple[str, ...], *, but: str = "pg_wal") -> list[str]:
    """The files of the server that have one of the texts; the write-ahead log is left out."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        ((folder,),) = connection.execute("SHOW data_directory").fetchall()
    files = [path for path in Path(folder).rglob("*") if path.is_file() and but not in path.parts]
    return [
        f"{path.relative_to(folder)}: {text}"
        for path in files
        for content in (path.read_bytes(),)
        for text in texts
        if text.encode() in content
    ]


def test_nothing_of_an_erased_person_is_left_on_a_server(server: InPostgres) -> None:
    """Rows, single values in statistics and files of tables are gone, others' rows stay; none comes back."""
    ((cio_id, id_, email),) = server.query(PERSON)
    texts = (email, cio_id, id_)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        mention = f'{{"name": "Acme", "owner": "{email}"}}'
        connection.execute(
            "UPDATE customerio_raw.objects SET attributes = %s WHERE object_id = 'acme'", [mention]
        )
    assert _in_tables(server, texts)
    assert _in_files(server.url, (email,))
    counted = {table: server.query(f'SELECT count(*) FROM customerio_raw."{table}"')[0][0]
               for (table,) in server.query(TABLES)}  # fmt: skip

    seen = _erase(server, ("email", email), really=False)
    assert _in_tables(server, texts), "a dry run changes nothing"
    result = _erase(server, ("email", email.upper()))

    assert (1, True, ()) == (result.people, result.done, result.traces)
    assert [] == _in_tables(server, texts)
    assert [] == _in_files(server.url, (email,))
    assert [] == traces(server.settings.cio_elt_data, (email,))
    assert any("write-ahead log" in note for note in result.notes)
    gone = {found.place.removeprefix("customerio_raw."): found.gone for found in result.places}
    assert 1 == gone["people"] <= gone["exported_people"]
    for table, before in counted.items():
        if table.startswith("_cio_elt_"):
            continue
        after = server.query(f'SELECT count(*) FROM customerio_raw."{table}"')[0][0]
        assert before - after == gone.get(table, 0), table
    assert {(found.place, found.gone, found.cells) for found in seen.places} >= {
        (found.place, found.gone, found.cells) for found in result.places if "customerio_raw" in found.place
    }
    assert [("[erased]",)] == server.query(
        "SELECT attributes->>'owner' FROM customerio_raw.objects WHERE object_id = 'acme'"
    )
    _run_all(server)
    assert [] == _in_tables(server, texts)
    assert [] == _in_files(server.url, (email,))


def test_a_row_that_a_reader_still_sees_is_told(server: InPostgres) -> None:
    """While a transaction is open that sees the rows, their bytes cannot go: the result names the tables."""
    ((_, _, email),) = server.query(PERSON)
    with psycopg.connect(server.url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        result = _erase(server, ("email", email))
        assert any("customerio_raw.people on the server" in trace for trace in result.traces)
    # The same command finishes it, though no table names the person any more.
    again = _erase(server, ("email", email))

    assert () == again.traces
    assert [] == _in_files(server.url, (email,))


def test_another_data_folder_keeps_to_the_record(server: InPostgres, tmp_path: Path) -> None:
    """A folder without the record of an erasure writes nothing; with its files it leaves the person out."""
    ((cio_id, _, email),) = server.query(PERSON)
    other = warehouse_in(server.url, server.sandbox, server.served, tmp_path / "other")
    other.sync("people")
    _erase(server, ("email", email))

    with pytest.raises(ConfigError, match=r"Copy erasures\.json and erasures\.key"):
        other.sync("people", full=True)
    for name in ("erasures.json", "erasures.key"):
        shutil.copy(server.settings.cio_elt_data / name, other.settings.cio_elt_data / name)
    result = other.sync("people", full=True)

    assert 1 == result.erased
    named = f"SELECT 1 FROM customerio_raw.people WHERE cio_id = '{cio_id}'"
    assert [] == server.query(named)
    assert 1 == lift(server.settings, [("email", email)])
    server.sync("people", full=True)
    assert [(1,)] == server.query(named)


_KILLED = """
import os, signal, sys
from pipelines.erase import erase, places
from pipelines.settings import read_settings
def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(places._Server, sys.argv[1], killed)
erase(read_settings(), [("email", sys.argv[2])], really=True)
"""


def test_a_killed_erasure_of_a_server_is_finished(server: InPostgres, tmp_path: Path) -> None:
    """Killed before its rows are deleted, or before their bytes are gone, the same command finishes it."""
    ((cio_id, id_, email),) = server.query(PERSON)
    shell = shell_for(server.sandbox, server.served, tmp_path)
    for step in ("delete", "_rewrite"):
        process = shell.start((step, email), given(server.url), program=(sys.executable, "-c", _KILLED))
        ran = ended(process, time.monotonic())
        assert -signal.SIGKILL == ran.code, ran.err

    assert shell.run("erase", "--email", email, "--yes", **given(server.url)).code == 0

    assert [] == _in_tables(server, (email, cio_id, id_))
    assert [] == _in_files(server.url, (email,))
