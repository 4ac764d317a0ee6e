"""The lock of a PostgreSQL warehouse: one writer at a time, in any folder; none writes without it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pipelines.errors import Busy, LockLost
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.server import connected
from pipelines.warehouse.server_lock import check_lock
from pipelines.warehouse.writer import writing
from sources.customerio.sandbox import Sandbox
from tests.pipelines.conftest import PATIENCE_S, ended, shell_for
from tests.postgres import given, query

pytestmark = pytest.mark.proof

HOLDER = """
import sys, time
from pathlib import Path
from pipelines.settings import read_settings
from pipelines.warehouse.server import connected
from pipelines.warehouse.writer import writing
settings = read_settings(cio_elt_data=Path(sys.argv[1]), cio_elt_destination="postgres")
with writing(settings, wait_s=10):
    with connected(settings) as client:
        print("held", flush=True)
        client.execute_sql(sys.argv[2])
    sys.stdin.read()
"""
WRITERS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'cio-elt writer%'"


def _settings(data: Path) -> Settings:
    return read_settings(cio_elt_data=data, cio_elt_destination="postgres")


@contextmanager
def _holder(data: Path, sql: str = "SELECT 1") -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock, and runs a statement on the server."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, data, sql], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "held\n" == process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.usefixtures("url")
def test_the_writer_of_another_folder_is_waited_for(tmp_path: Path) -> None:
    """A run waits as long as it is told to, and says which process on which machine writes."""
    told: list[str] = []
    with _holder(tmp_path / "a") as other:
        began = time.monotonic()
        with (
            pytest.raises(Busy, match="did not end within 1 s") as busy,
            writing(_settings(tmp_path / "b"), wait_s=1, notify=told.append),
        ):
            pass
        assert 1 <= time.monotonic() - began < PATIENCE_S
        assert f"process {other.pid} on " in str(busy.value)
    (sentence,) = told
    assert f"process {other.pid} on " in sentence
    assert "waiting at most 1 s" in sentence


@pytest.mark.usefixtures("url")
def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    """Another folder's run gets the lock at once, in the same process twice too."""
    with _holder(tmp_path / "a") as other:
        os.kill(other.pid, signal.SIGKILL)
        for _ in range(2):
            with writing(_settings(tmp_path / "b"), wait_s=5):
                check_lock()


def test_a_statement_of_a_killed_writer_ends_before_the_next_one_begins(tmp_path: Path, url: str) -> None:
    """The server runs on a statement of a process that is gone; the next writer waits for its end."""
    with _holder(tmp_path / "a"):
        pass
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE late (number int)")
    slow = "INSERT INTO public.late SELECT 1 FROM pg_sleep(3)"
    with _holder(tmp_path / "a", slow) as other:
        time.sleep(0.5)
        os.kill(other.pid, signal.SIGKILL)
        with writing(_settings(tmp_path / "b"), wait_s=20):
            seen = query(url, "SELECT count(*) FROM late")
            time.sleep(4)
            assert seen == query(url, "SELECT count(*) FROM late")


def test_a_lost_lock_opens_no_session(tmp_path: Path, url: str) -> None:
    """Once the server has ended the lock's session, neither a load nor a new session begins."""
    settings = _settings(tmp_path)
    with writing(settings, wait_s=5):
        ((pid,),) = query(url, WRITERS)
        check_lock()
        query(url, f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(LockLost, match="stopped before it wrote more"):
            check_lock()
        with pytest.raises(LockLost), connected(settings):
            pass
    with writing(settings, wait_s=5), connected(settings):
        check_lock()


def test_a_sync_that_loses_its_lock_stops(tmp_path: Path, url: str) -> None:
    """It ends with 1 and a sentence, has written no row, and the same command completes."""
    sandbox = Sandbox(scale="tiny", latency_ms=50)
    with sandbox.serve() as served:
        shell = shell_for(sandbox, served, tmp_path)
        shell.env |= given(url)
        process, began = shell.start(("sync", "messages", "campaigns")), time.monotonic()
        shell.wait_for_request("listMessages")
        for (pid,) in query(url, WRITERS):
            query(url, f"SELECT pg_terminate_backend({pid})")
        ran = ended(process, began)

        shell.refused(ran, 1, "ended the session that held the lock")
        rows = "SELECT 1 FROM pg_tables WHERE schemaname = 'customerio_raw' AND tablename = 'messages'"
        assert [] == query(url, rows)
        assert 0 == shell.run("sync", "messages", "campaigns").code
        assert [(len(list(sandbox.rows("campaigns"))),)] == query(
            url, "SELECT count(*) FROM customerio_raw.campaigns"
        )


@pytest.mark.usefixtures("url")
def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    """Two folders in one process are two writers."""
    order: list[str] = []

    def second() -> None:
        with writing(_settings(tmp_path / "b"), wait_s=20):
            order.append("second")

    with writing(_settings(tmp_path / "a"), wait_s=5):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(1)
        check_lock()
        order.append("first")
    waiting.join()
    assert ["first", "second"] == order
