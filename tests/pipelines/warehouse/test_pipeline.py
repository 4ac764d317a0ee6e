"""The pipeline's files: damaged, locked or missing; packages of a killed run; dlt's folders and settings."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.errors import FileHeld, WarehouseError
from pipelines.ingest.status import status
from pipelines.warehouse.duckdb_file import OLDEST_READER, oldest_reader
from pipelines.warehouse.failures import elt_error
from pipelines.warehouse.pipeline import configure, pipeline
from pipelines.warehouse.publish import publish
from sources.customerio.catalogue import resource
from sources.customerio.client import ConfigError
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell
from tests.pipelines.warehouse.conftest import held

ACTIVITIES = resource("activities")


@pytest.mark.proof
def test_a_locked_file_is_named_with_the_next_step(shell: Shell) -> None:
    """While another program has the private file open, sync names the file and the program's PID."""
    shell.data.mkdir()
    file = shell.data / "load.duckdb"
    with held(file):
        ran = shell.run("sync", "segments", "--json")

    shell.refused(ran, 1, str(file), "PID", "Close that program", "read-only")


@pytest.mark.proof
def test_a_damaged_file_is_named_with_the_next_step(shell: Shell) -> None:
    """A file that is not a database is never overwritten; the message says to move it away."""
    shell.data.mkdir()
    (shell.data / "load.duckdb").write_bytes(b"no database")

    ran = shell.run("sync", "segments", "--json")

    shell.refused(ran, 1, "load.duckdb", "Move it away")
    assert b"no database" == (shell.data / "load.duckdb").read_bytes()


@pytest.mark.proof
def test_after_the_damaged_file_is_moved_the_published_one_is_restored(warehouse: Warehouse) -> None:
    """The published rows and watermarks are kept, and only changes since then are read."""
    settings = warehouse.settings
    warehouse.sync("activities", "segments")
    before = warehouse.rows(ACTIVITIES)
    settings.load_file.write_bytes(settings.load_file.read_bytes()[:50_000])
    with pytest.raises(WarehouseError, match="Move it away"):
        warehouse.sync("segments")
    settings.load_file.rename(settings.load_file.with_suffix(".broken"))
    warehouse.sandbox.clock.advance(3600)

    result = warehouse.sync("activities", "segments")

    truth = warehouse.truth(ACTIVITIES)
    assert before.keys() | truth.keys() == warehouse.rows(ACTIVITIES).keys()
    assert len(truth.keys() - before.keys()) == result.summary.resources["activities"].new
    assert 2 == warehouse.query("SELECT count(DISTINCT run_id) FROM customerio_raw.sync_runs")[0][0]


@pytest.mark.proof
def test_without_both_files_everything_is_read_again(warehouse: Warehouse) -> None:
    """Dlt's own state does not keep a sync from reading all rows again."""
    warehouse.sync("activities")
    before = warehouse.rows(ACTIVITIES)
    warehouse.settings.load_file.unlink()
    warehouse.settings.published_file.unlink()

    result = warehouse.sync("activities")

    assert before == warehouse.rows(ACTIVITIES)
    assert len(before) == result.summary.resources["activities"].new


@pytest.mark.proof
def test_without_dlts_folder_the_watermarks_are_taken_from_the_warehouse(warehouse: Warehouse) -> None:
    """A container that starts with an empty folder and the same warehouse reads new rows only."""
    warehouse.sync("activities")
    folder = warehouse.settings.cio_elt_data / "dlt"
    folder.rename(folder.with_name("gone"))

    result = warehouse.sync("activities")

    assert 0 == result.written
    assert result.summary.resources["activities"].read < len(warehouse.rows(ACTIVITIES))


@pytest.mark.proof
def test_a_damaged_or_locked_published_file_is_named(warehouse: Warehouse) -> None:
    """`status`, which only reads, ends with a message too."""
    warehouse.sync("segments")
    with held(warehouse.settings.published_file), pytest.raises(FileHeld, match="Close that program"):
        status(warehouse.settings)
    warehouse.settings.published_file.write_bytes(b"no database")
    with pytest.raises(WarehouseError, match="publishes it anew"):
        status(warehouse.settings)
    warehouse.sync("segments")
    assert ["segments"] == [table.table for table in status(warehouse.settings)]


# Moments to be killed at: before the load; after dlt has put a package into its next folder and not yet
# removed it from the one before; when rows are merged and dlt has not yet noted that; and between the two
# steps of a merge.
KILLED = """
import os, signal
from pipelines.ingest import sync
from pipelines.settings import read_settings
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations.impl.duckdb.duck import DuckDbCopyJob
def kill(*_, **given):
    if not given.get("not_exists_ok"):
        os.kill(os.getpid(), signal.SIGKILL)
{}
sync.sync(read_settings(), ["activities"])
"""
BEFORE_LOADING = "sync.load = kill"
BETWEEN_FOLDERS = "PackageStorage.delete_package = kill"
BEFORE_NOTING = "PackageStorage.complete_job = kill"
WHILE_MERGING = "DuckDbCopyJob.run = kill"


@pytest.mark.proof
@pytest.mark.parametrize(
    ("loaded_before", "where"),
    [
        (False, BEFORE_LOADING),
        (True, BEFORE_LOADING),
        (True, BETWEEN_FOLDERS),
        (True, BEFORE_NOTING),
        (True, WHILE_MERGING),
    ],
)
def test_the_package_of_a_killed_run_is_loaded_by_the_next_run(
    shell: Shell, warehouse: Warehouse, loaded_before: bool, where: str
) -> None:
    """A run that was killed between extract and load leaves a package; the next run reports and loads it.

    It does so too if another command has published the file meanwhile. A file of rows that was merged before
    dlt noted it is merged again, and no row is there twice.
    """
    if loaded_before:
        warehouse.sync("activities")
        shell.sandbox.clock.advance(86_400)
    script = [sys.executable, "-c", KILLED.format(where)]
    killed = subprocess.run(script, env=shell.env, cwd=shell.folder, check=False, timeout=60)
    assert -signal.SIGKILL == killed.returncode
    publish(warehouse.settings.load_file, warehouse.settings.published_file)

    result = warehouse.sync("activities")

    (note,) = warehouse.notes
    assert "ended before it had loaded everything" in note
    assert 0 == result.summary.resources["activities"].new
    assert [(len(warehouse.rows(ACTIVITIES)),)] == warehouse.query(
        "SELECT count(*) FROM customerio_raw.activities"
    )
    assert warehouse.truth(ACTIVITIES).keys() <= warehouse.rows(ACTIVITIES).keys()


FULL = """
import resource, sys
from pipelines.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, -1))
sys.argv = ["cio-elt", "sync", "activities", "--json"]
main()
"""


@pytest.mark.proof
def test_a_full_disk_ends_with_a_sentence_and_the_next_run_resumes(
    shell: Shell, warehouse: Warehouse
) -> None:
    """The run fails without a traceback, and the published file stays as it was."""
    warehouse.sync("campaigns")
    before = shell.published.read_bytes()
    full = subprocess.run(
        [sys.executable, "-c", FULL],
        env=shell.env,
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert 1 == full.returncode, full.stderr
    assert full.stderr.startswith("cio-elt: "), full.stderr
    assert 1 == full.stderr.count("\n"), full.stderr
    assert before == shell.published.read_bytes()
    warehouse.sync("activities")
    assert warehouse.truth(ACTIVITIES).keys() == warehouse.rows(ACTIVITIES).keys()


@pytest.mark.parametrize(
    ("destination", "words"), [("oracl", "'oracl', which dlt does not know"), ("postgres", "`credentials`")]
)
def test_an_unusable_destination_is_refused(warehouse: Warehouse, destination: str, words: str) -> None:
    """An unknown destination, and one without credentials, are configuration errors."""
    settings = warehouse.settings.model_copy(update={"cio_elt_destination": destination})
    with pytest.raises((ConfigError, PipelineStepFailed)) as raised:
        pipeline(settings)
    failure = elt_error(raised.value)
    assert isinstance(failure, ConfigError)
    assert words in str(failure)


@pytest.mark.parametrize(
    ("variable", "value"), [("CUSTOMERIO_START", "2026-10-01"), ("CUSTOMERIO_REGION", "US"), ("FULL", "all")]
)
def test_dlt_reads_none_of_our_variables(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Dlt looks up variables for a source's arguments; it does not find those of our settings."""
    monkeypatch.setenv(variable, value)
    assert [] == warehouse.sync("segments").failed


@pytest.mark.proof
def test_syncs_leave_nothing_of_loaded_packages(warehouse: Warehouse) -> None:
    """After each sync, dlt's folder has its state and no package."""
    for name in ("First", "Second"):
        warehouse.sandbox.add("campaigns", name=name)
        warehouse.sync("campaigns")
    loaded = pipeline(warehouse.settings).working_dir
    assert [] == [
        path for path in Path(loaded, "load").rglob("*") if path.is_file() and path.stat().st_size > 64
    ]


def test_telemetry_is_off_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Dlt's own variables are set, and a value that the user has set stays."""
    for name in ("RUNTIME__DLTHUB_TELEMETRY", "DLT_DATA_DIR"):
        # Set and taken away, so that what `configure` sets does not outlive this test.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    configure(tmp_path)
    assert "false" == os.environ["RUNTIME__DLTHUB_TELEMETRY"]
    assert str(tmp_path / "dlt") == os.environ["DLT_DATA_DIR"]
    monkeypatch.setenv("DLT_DATA_DIR", "/theirs")
    configure(tmp_path)
    assert "/theirs" == os.environ["DLT_DATA_DIR"]


def test_a_new_private_file_is_for_older_duckdbs_too(warehouse: Warehouse) -> None:
    """The pipeline finds it made, and what is published is a copy of it."""
    warehouse.settings.cio_elt_data.mkdir()

    pipeline(warehouse.settings)

    assert OLDEST_READER == oldest_reader(warehouse.settings.load_file)


def test_dlt_itself_takes_the_settings(warehouse: Warehouse) -> None:
    """The pipeline has telemetry off and its folders within the data folder."""
    warehouse.settings.cio_elt_data.mkdir()
    made = pipeline(warehouse.settings)

    assert not resolve_configuration(RuntimeConfiguration()).dlthub_telemetry
    assert Path(made.working_dir).is_relative_to(warehouse.settings.cio_elt_data)
