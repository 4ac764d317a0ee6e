"""The published file in programs that have an older DuckDB: each release since 1.2 reads all of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.push.journal.database import Journal
from pipelines.push.journal.publish import publish_journal
from pipelines.warehouse.duckdb_file import OLDEST_READER, oldest_reader
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following
from tests.pipelines.export.conftest import Exporting

pytestmark = pytest.mark.proof

# Prints the release, the rows and a fingerprint of every table and view, and a macro's result.
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[2])
import duckdb

with duckdb.connect(sys.argv[1], read_only=True) as connection:
    def ask(sql):
        return connection.execute(sql).fetchall()

    connection.execute("SET TimeZone = 'UTC'")
    found = {}
    for schema, table in ask("SELECT table_schema, table_name FROM information_schema.tables"):
        name = f'"{schema}"."{table}"'
        cells = ", ".join(f'"{column[0]}"::VARCHAR' for column in ask(f"DESCRIBE {name}"))
        row = f"md5(concat_ws('|', {cells}))"
        found[f"{schema}.{table}"] = ask(
            f"SELECT count(*), md5(string_agg(row, '' ORDER BY row)) FROM (SELECT {row} AS row FROM {name})"
        )[0]
    (macro,), = ask("SELECT round(wilson_low(5, 10), 6)")
print(json.dumps([duckdb.__version__, found, macro]))
"""


@pytest.fixture(scope="module")
def whole(marts: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file to which each command that publishes has given its tables."""
    data = tmp_path_factory.mktemp("whole") / "data"
    shutil.copytree(marts.settings.cio_elt_data, data)
    with following(Sandbox(scale="tiny"), data) as warehouse:
        exporting = Exporting(warehouse)
        exporting()
        exporting(exporting.campaign())
        publish_journal(warehouse.settings, Journal(data))
        yield warehouse.settings.published_file


def _read(file: Path, packages: Path) -> tuple[str, dict[str, Any], float]:
    """The release of the DuckDB in that folder, and what it finds in the file."""
    command = [sys.executable, "-c", SCRIPT, str(file), str(packages)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert 0 == ran.returncode, ran.stderr
    version, found, macro = json.loads(ran.stdout)
    return version, found, macro


def _installed(version: str, folder: Path) -> Path:
    """The folder with that release of DuckDB."""
    command = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"),
        *("--disable-pip-version-check", "--retries", "1", "--target", folder, f"duckdb=={version}"),
    )
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if ran.returncode:
        pytest.skip(f"PyPI cannot be reached for duckdb {version}: {ran.stderr.strip().splitlines()[-1]}")
    return folder


@pytest.mark.parametrize("version", ["1.2.0", "1.3.2", "1.5.6"])
def test_every_table_is_the_same_in_an_older_duckdb(whole: Path, version: str, tmp_path: Path) -> None:
    """Raw tables, exports, staging views, marts, `ops` and journal have the same rows, cell by cell."""
    _, tables, macro = _read(whole, tmp_path / "none")

    found = _read(whole, _installed(version, tmp_path / "packages"))

    assert (version, tables, macro) == found
    assert OLDEST_READER == oldest_reader(whole)
    schemas = {name.partition(".")[0] for name in tables}
    assert {"customerio_raw", "customerio_push", "staging", "main", "ops"} == schemas
    for name in ("customerio_raw.exported_people", "main.fct_delivery", "staging.stg_messages"):
        assert tables[name][0] > 0, name
