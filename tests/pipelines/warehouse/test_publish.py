"""One writer at a time; readers are never blocked and never see half a run."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import Busy
from pipelines.settings import read_settings
from pipelines.warehouse.duckdb_file import log_of
from pipelines.warehouse.left_files import FILE
from pipelines.warehouse.publish import publish
from pipelines.warehouse.writer import writing
from tests.conftest import Warehouse, settings_for
from tests.pipelines.conftest import Shell, ended
from tests.pipelines.warehouse.conftest import numbers, write_numbers

ROUNDS = 20
SCRATCH = "customerio_raw_staging"

# Each round names all campaigns and segments by one number, so a reader that sees two numbers, or a run
# without its rows, sees half a sync. One reader opens the file anew each time, one keeps it open.
READER = """
import os, sys, time, duckdb
file, keep, stop = sys.argv[1], sys.argv[2] == "keep", sys.argv[3]
SEEN = '''
    SELECT (SELECT list(DISTINCT name) FROM (FROM customerio_raw.campaigns SELECT name
            UNION ALL FROM customerio_raw.segments SELECT name)),
           (SELECT count(DISTINCT run_id) FROM customerio_raw.sync_runs),
           (SELECT count(*) FROM customerio_raw.sync_runs)
'''
kept, looks, rounds = duckdb.connect(file, read_only=True) if keep else None, 0, []
while True:
    last = os.path.exists(stop)
    connection = kept or duckdb.connect(file, read_only=True)
    names, runs, rows = connection.execute(SEEN).fetchone()
    assert len(names) == 1, f"half a sync: {names}"
    assert (int(names[0]), rows) == (runs - 1, 2 * runs), (names, runs, rows)
    assert not rounds or rounds[-1] <= int(names[0]), "back in time"
    if rounds[-1:] != [int(names[0])]:
        rounds.append(int(names[0]))
    looks += 1
    if not keep:
        connection.close()
    if last:
        break
    time.sleep(0.25)
print(looks, *rounds)
"""


def _name_all(warehouse: Warehouse, number: int) -> None:
    for kind in ("campaigns", "segments"):
        for row in list(warehouse.sandbox.rows(kind)):
            warehouse.sandbox.edit(kind, row["id"], name=str(number))


@pytest.mark.proof
def test_readers_see_whole_syncs_and_no_error(warehouse: Warehouse, tmp_path: Path) -> None:
    """While twenty syncs publish, a reader that reopens the file and one that does not see whole states."""
    stop = tmp_path / "stop"
    _name_all(warehouse, 0)
    warehouse.sync("campaigns", "segments")
    arguments = (str(warehouse.settings.published_file), "{}", str(stop))
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, arguments[0], how, arguments[2]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for how in ("open", "keep")
    ]
    for number in range(1, ROUNDS + 1):
        _name_all(warehouse, number)
        warehouse.sync("campaigns", "segments")
    stop.touch()
    opened, kept = (ended(reader, time.monotonic()) for reader in readers)

    assert (0, "") == (opened.code, opened.err)
    assert (0, "") == (kept.code, kept.err)
    looks, *rounds = map(int, opened.out.split())
    assert looks > ROUNDS
    assert rounds[-1] == ROUNDS
    assert len(rounds) > ROUNDS / 4
    # The reader that keeps the file open keeps the state of that moment.
    assert 1 == len(kept.out.split()[1:])


def test_nothing_is_left_beside_the_files(warehouse: Warehouse) -> None:
    """After a sync the folder holds the two files, the note of both, the lock and dlt's folder."""
    warehouse.sync("segments")

    names = {path.name for path in warehouse.settings.cio_elt_data.iterdir()}
    assert {"customerio.duckdb", "load.duckdb", FILE, "writer.lock", "dlt", "limits"} == names


def test_the_second_run_waits_for_the_first(warehouse: Warehouse) -> None:
    """While another run has the lock, a run waits, reports it, and continues when it gets the lock."""
    settings, sentences, done = warehouse.settings, list[str](), threading.Event()

    def second() -> None:
        with writing(settings, wait_s=30, notify=sentences.append):
            done.set()

    with writing(settings, wait_s=0):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert not done.wait(0.3)
    assert done.wait(10)
    waiting.join()
    (sentence,) = sentences
    assert "waiting at most 30 s" in sentence


@pytest.mark.proof
def test_waiting_ends_with_a_sentence(shell: Shell) -> None:
    """`--wait` bounds the wait; the message names the folder and the setting."""
    with writing(settings_for(shell.sandbox, shell.served, shell.data), wait_s=0):
        ran = shell.run("sync", "segments", "--wait", "0.2", "--json")

    assert 1 == ran.code
    assert "Traceback" not in ran.err
    assert "CIO_ELT_DATA" in ran.document["error"]["message"]
    assert "Busy" == ran.document["error"]["kind"]


@pytest.mark.proof
def test_two_runs_at_once_both_land(shell: Shell) -> None:
    """Two processes that start together take turns."""
    both = [shell.start(("sync", name, "--json")) for name in ("segments", "campaigns")]
    for process in both:
        ran = ended(process, time.monotonic())
        assert 0 == ran.code, ran.err
    with duckdb.connect(shell.published, read_only=True) as connection:
        runs = connection.execute("SELECT count(DISTINCT run_id) FROM customerio_raw.sync_runs").fetchone()
        assert (2,) == runs
        for table in ("segments", "campaigns"):
            counted = connection.execute(f"SELECT count(*) FROM customerio_raw.{table}").fetchone()
            assert (len(list(shell.sandbox.rows(table))),) == counted


def test_without_waiting_busy_is_raised_at_once(tmp_path: Path) -> None:
    """Zero seconds is a way to check if another run is writing."""
    settings = read_settings(cio_elt_data=tmp_path)
    with writing(settings, wait_s=0), pytest.raises(Busy), writing(settings, wait_s=0):
        pass


KILLED = """
import errno, fcntl, os, shutil, signal, sys
from pathlib import Path
from pipelines.warehouse import publish

def unable(*_):
    raise OSError(errno.EOPNOTSUPP, "not supported")

def half(source, target):
    content = Path(source).read_bytes()
    Path(target).write_bytes(content[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

fcntl.ioctl, shutil.copyfile = unable, half
publish.publish(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_killed_publish_leaves_the_old_file(tmp_path: Path) -> None:
    """After a kill in mid-copy, the published file is the old one; the next publish cleans up."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(private, 1)
    publish(private, published)
    write_numbers(private, 2)
    killed = subprocess.run([sys.executable, "-c", KILLED, private, published], check=False, timeout=60)

    assert -signal.SIGKILL == killed.returncode
    assert [1] == numbers(published)
    # A run that is killed while it removes tables leaves a log.
    log_of(published.with_suffix(".publishing")).write_bytes(b"of another file")
    publish(private, published)
    assert [1, 2] == numbers(published)
    assert {private, published, tmp_path / FILE} == set(tmp_path.iterdir())


def test_an_unfinished_copy_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old file stays and the partial copy is removed."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(private, 1)
    publish(private, published)
    write_numbers(private, 2)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        publish(private, published)
    assert [1] == numbers(published)
    assert {private, published, tmp_path / FILE} == set(tmp_path.iterdir())


def test_a_foreign_log_does_not_spoil_the_next_state(tmp_path: Path) -> None:
    """A program that wrote into the published file and died leaves a log; publishing removes it."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(private, 1)
    publish(private, published)
    script = (
        "import duckdb, os, sys\n"
        "left = duckdb.connect(sys.argv[1])\n"
        "left.execute('INSERT INTO numbers VALUES (99)')\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, published], check=True, timeout=60)
    assert log_of(published).exists()
    write_numbers(private, 2)

    publish(private, published)

    assert [1, 2] == numbers(published)
    assert not log_of(published).exists()


def test_scratch_tables_stay_in_the_private_file(tmp_path: Path) -> None:
    """Staging tables of dlt are not published, and an interrupted load finds them where it left them."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(private, 1)
    with duckdb.connect(private) as connection:
        connection.execute(f"CREATE SCHEMA {SCRATCH}; CREATE TABLE {SCRATCH}.numbers AS FROM numbers")
    before = private.read_bytes()

    publish(private, published)

    assert before == private.read_bytes()
    with duckdb.connect(published, read_only=True) as connection:
        found = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        schemas = connection.execute("SELECT schema_name FROM duckdb_schemas() WHERE NOT internal").fetchall()
    assert [("main", "numbers"), ("ops", "runs")] == sorted(found)
    assert (SCRATCH,) not in schemas


def test_a_file_without_scratch_tables_is_hardly_written_to(tmp_path: Path) -> None:
    """The runs alone are written into the copy: it has a few blocks more."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    with duckdb.connect(private) as connection:
        connection.execute("CREATE TABLE numbers AS FROM range(500000)")

    publish(private, published)

    assert published.stat().st_size <= private.stat().st_size + 4 * 262_144
    with duckdb.connect(published, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM numbers").fetchall() == [(500_000,)]
        assert connection.execute("SELECT count(*) FROM ops.runs").fetchall() == [(0,)]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_the_published_file_gets_its_mode(tmp_path: Path, mode: int) -> None:
    """It does not depend on the private file's permissions, nor on those of the file before."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(private, 1)
    private.chmod(0o644)
    for _ in range(2):
        publish(private, published, mode=mode)
        assert mode == stat.S_IMODE(published.stat().st_mode)
        published.chmod(0o644)


@pytest.mark.proof
def test_a_sync_publishes_no_scratch_tables(warehouse: Warehouse) -> None:
    """Readers find the raw tables and the runs alone, also after the private file was restored."""
    for _ in range(2):
        warehouse.sandbox.add("campaigns", name="new")
        warehouse.sync("campaigns")
        assert [("customerio_raw",), ("ops",)] == warehouse.query(
            "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal AND schema_name <> 'main' ORDER BY 1"
        )
        warehouse.settings.load_file.unlink()
