"""DuckDB files: opened in one place, checked, and read with a message where that fails."""

import ast
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from ruamel.yaml import YAML

from pipelines.errors import WarehouseError
from pipelines.transform.dbt import PROJECT
from pipelines.warehouse.clone import clone
from pipelines.warehouse.duckdb_file import (
    OLDEST_READER,
    READABLE_BY_OLDER,
    check_writable,
    checkpoint,
    compact,
    create,
    drop_schema,
    log_of,
    oldest_reader,
    open_file,
    reading,
)
from pipelines.warehouse.pipeline import pipeline
from tests.conftest import Warehouse

ROOT = Path(__file__).parents[3]
# A push computes its plan in a database of its own, and stores its journal in a file of its own.
OPENERS = {
    "pipelines/warehouse/duckdb_file.py",
    "pipelines/push/plan/query.py",
    "pipelines/push/journal/database.py",
}


def _openers(folder: str) -> Iterator[str]:
    """The modules below the folder that open DuckDB databases, by `duckdb.connect` under any name."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            called = isinstance(node, ast.Attribute) and ast.unparse(node) == "duckdb.connect"
            imported = isinstance(node, ast.ImportFrom) and node.module == "duckdb"
            # With `from duckdb import ...` a connection could be opened under any name.
            if called or imported:
                yield str(file.relative_to(ROOT))


def test_only_the_warehouse_and_the_push_workbench_open_duckdb() -> None:
    """`duckdb.connect` stands in three modules; the others get their connections from these."""
    found = {module for folder in ("pipelines", "flows", "sources") for module in _openers(folder)}

    assert OPENERS == found


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A published file with one row."""
    file = tmp_path / "customerio.duckdb"
    with open_file(file) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 7 AS number")
    return file


def test_readers_cannot_write(published: Path) -> None:
    """The published file is opened read-only."""
    with reading(published) as connection, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        connection.execute("DROP TABLE numbers")


def test_a_checkpoint_empties_the_log(published: Path) -> None:
    """A process that ended without closing the file leaves a log; after a checkpoint a copy is complete."""
    left = open_file(published)
    left.execute("PRAGMA disable_checkpoint_on_shutdown")
    left.execute("INSERT INTO numbers VALUES (8)")
    left.close()
    assert log_of(published).exists()

    checkpoint(published)

    assert not log_of(published).exists()
    with reading(published) as connection:
        assert [(7,), (8,)] == connection.execute("FROM numbers ORDER BY ALL").fetchall()


def test_a_file_is_made_for_older_duckdbs_and_stays_so(tmp_path: Path) -> None:
    """Written to, with the log moved into it, and copied, it is for the same ones; DuckDB's own is not."""
    made, own, copy = (tmp_path / f"{name}.duckdb" for name in ("made", "own", "copy"))
    create(made)
    for file in (made, own):
        with open_file(file) as connection:
            connection.execute("CREATE TABLE numbers AS SELECT 7 AS number")
    checkpoint(made)
    clone(made, copy)

    assert OLDEST_READER == oldest_reader(made) == oldest_reader(copy)
    assert oldest_reader(own) > OLDEST_READER


def test_a_dropped_schema_is_gone_without_a_log(published: Path) -> None:
    """Its tables go with it, a schema that is not there is no error, and other tables stay."""
    with open_file(published) as connection:
        connection.execute("CREATE SCHEMA scratch; CREATE TABLE scratch.rows AS FROM numbers")

    for _ in range(2):
        drop_schema(published, "scratch")
        assert not log_of(published).exists()

    with reading(published) as connection:
        assert [("main", "numbers")] == connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables()"
        ).fetchall()


def test_a_damaged_private_file_is_kept(tmp_path: Path) -> None:
    """The check refuses the file with the next step, and does not overwrite it."""
    file = tmp_path / "load.duckdb"
    file.write_bytes(b"no database")

    with pytest.raises(WarehouseError, match="Move it away"):
        check_writable(file)
    assert b"no database" == file.read_bytes()


def test_each_writer_of_the_file_keeps_older_readers(warehouse: Warehouse, tmp_path: Path) -> None:
    """Unchanged parts are written anew, too: in our own connections, in those of dlt and of dbt."""
    asked = "SELECT current_setting('experimental_metadata_reuse')"
    with open_file(tmp_path / "own.duckdb") as connection:
        assert (False,) == connection.execute(asked).fetchone()
    warehouse.settings.cio_elt_data.mkdir()
    with pipeline(warehouse.settings).sql_client() as client:
        assert [(False,)] == list(client.execute_sql(asked) or ())
    profile = YAML(typ="safe").load(PROJECT / "profiles.yml")["customerio"]["outputs"]["duckdb"]
    assert READABLE_BY_OLDER.items() <= profile["settings"].items()


@pytest.fixture
def hollow(tmp_path: Path) -> Path:
    """A file most of whose blocks are free, with one of each kind of thing that it may hold."""
    file = tmp_path / "load.duckdb"
    create(file)
    with open_file(file) as connection:
        connection.execute(
            """
            CREATE SCHEMA raw;
            CREATE TABLE raw.gone AS SELECT hash(i), hash(i + 0.5) FROM range(8000000) AS numbers(i);
            CREATE TABLE raw.kept (id INTEGER PRIMARY KEY, cells JSON NOT NULL, names VARCHAR[]);
            INSERT INTO raw.kept SELECT i, {'n': i}::JSON, NULL FROM range(1000) AS numbers(i);
            CREATE VIEW raw.shown AS SELECT id FROM raw.kept;
            CREATE MACRO twice(n) AS 2 * n;
            COMMENT ON TABLE raw.kept IS 'a table';
            COMMENT ON COLUMN raw.kept.cells IS 'a column';
            COMMENT ON COLUMN raw.shown.id IS 'a column of a view';
            """
        )
        connection.execute("CHECKPOINT")
        connection.execute("DROP TABLE raw.gone")
    return file


def _content(file: Path) -> list[object]:
    with open_file(file, read_only=True) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "FROM raw.kept ORDER BY ALL",
                "SELECT sum(id), twice(4) FROM raw.shown",
                "SELECT schema_name, table_name, sql, comment FROM duckdb_tables() ORDER BY ALL",
                "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
                "SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
                "SELECT table_name, constraint_text FROM duckdb_constraints() ORDER BY ALL",
            )
        ]


def test_a_file_of_free_blocks_is_compacted(hollow: Path) -> None:
    """It has the same content in a tenth of the bytes; a reader keeps the file of before."""
    before, old, mode = _content(hollow), hollow.stat().st_size, hollow.stat().st_mode
    with hollow.open("rb") as reader:
        compact(hollow)

        assert old == len(reader.read())
    assert before == _content(hollow)
    assert hollow.stat().st_size < old / 10
    assert mode == hollow.stat().st_mode
    assert OLDEST_READER == oldest_reader(hollow)
    assert [hollow] == list(hollow.parent.iterdir())


def test_a_file_without_many_free_blocks_stays(published: Path) -> None:
    """A file that is small, or whose blocks are in use, is the same one as before."""
    before = published.stat().st_ino, published.read_bytes()
    compact(published)
    assert before == (published.stat().st_ino, published.read_bytes())


COMPACTED = """
import os, signal, sys
from pathlib import Path
from pipelines.warehouse.duckdb_file import compact

if sys.argv[2] == "before":
    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
else:
    create = Path.replace
    Path.replace = lambda *paths: (create(*paths), os.kill(os.getpid(), signal.SIGKILL))
compact(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_compaction_leaves_a_whole_file(hollow: Path, when: str) -> None:
    """Killed around the moment of the replacement, it leaves the file of before or the compacted one."""
    before, size = _content(hollow), hollow.stat().st_size
    killed = subprocess.run([sys.executable, "-c", COMPACTED, hollow, when], check=False, timeout=60)

    assert -signal.SIGKILL == killed.returncode
    assert before == _content(hollow)
    assert (size == hollow.stat().st_size) is (when == "before")
    compact(hollow)
    assert before == _content(hollow)
    assert [hollow] == list(hollow.parent.iterdir())
