"""A history that is killed or interrupted goes on: no export is ordered twice, each is loaded once."""

import signal
import time
from collections.abc import Callable

import duckdb
import pytest

from sources.customerio.sandbox import Fault
from tests.pipelines.conftest import PATIENCE_S, Shell, ended

pytestmark = pytest.mark.proof

COMMAND = ("backfill", "messages", "--via", "exports", "--from", "2026-05-20", "--to", "2026-10-10")


@pytest.fixture
def ready(shell: Shell) -> Shell:
    """A shell whose warehouse knows parents, and whose exports are ready at once."""
    assert 0 == shell.run("sync", "campaigns", "newsletters").code
    shell.sandbox.knobs.export_takes_s = 0
    shell.sandbox.stats.clear()
    return shell


def _killed(shell: Shell, happened: Callable[[], bool], number: int = signal.SIGKILL) -> int:
    """Start the history, send the signal once that has happened, and return the exit code."""
    began, process = time.monotonic(), shell.start(COMMAND)
    while not happened() and process.poll() is None:
        assert time.monotonic() - began < PATIENCE_S, "it never came so far"
        time.sleep(0.01)
    process.send_signal(number)
    return ended(process, began).code


def _assert_whole(shell: Shell) -> None:
    """Assert that one more run completes the history, with an export for each parent, and each row once."""
    shell.sandbox.faults.clear()
    ran = shell.run(*COMMAND, "--json")
    assert (0, []) == (ran.code, ran.document["failed"]), ran.err
    exports = shell.sandbox.rows("exports")
    made = [row["id"] for row in exports if row["created_at"] >= shell.sandbox.clock.start]
    ordered = shell.sandbox.stats.by_operation["exportDeliveriesData"]
    assert ordered == len(made) == ran.document["loaded_before"] + len(ran.document["exports"])
    rows = [row for row in shell.sandbox.rows("exported_deliveries") if row["export_id"] in made]
    with duckdb.connect(shell.published, read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT (export_id, row_number)), count(DISTINCT export_id), "
            "(SELECT count(*) FROM customerio_raw.messages), "
            "(SELECT count(DISTINCT id) FROM customerio_raw.messages) FROM customerio_raw.exported_deliveries"
        ).fetchone()
    with_rows = len({row["export_id"] for row in rows})
    assert (len(rows), len(rows), with_rows, len(rows), len(rows)) == found


def test_killed_while_it_orders(ready: Shell) -> None:
    """The export whose id was not stored is found in the list."""
    ready.sandbox.faults.add(Fault(operation="exportDeliveriesData", delay_ms=20_000, after=2))
    asked = ready.sandbox.stats
    assert -signal.SIGKILL == _killed(ready, lambda: asked.by_operation.get("exportDeliveriesData", 0) == 3)
    _assert_whole(ready)


def test_killed_while_it_downloads(ready: Shell) -> None:
    """Files that arrived are used, and the one that was cut is resumed."""
    ready.sandbox.faults.add(Fault(operation="storage", cut_at=0.5, stall_ms=20_000, after=2))
    folder = ready.data / "exports"
    assert -signal.SIGKILL == _killed(ready, lambda: any(p.stat().st_size for p in folder.glob("*.part")))
    assert 2 == len(list(folder.glob("*.csv")))
    _assert_whole(ready)


def test_interrupted_while_it_waits(ready: Shell) -> None:
    """Ctrl-C ends it with a sentence; what is under way is resumed."""
    ready.sandbox.knobs.export_takes_s = 3600
    asked = ready.sandbox.stats
    assert 130 == _killed(ready, lambda: asked.by_operation.get("listExports", 0) > 2, signal.SIGINT)
    ready.sandbox.clock.advance(3600)
    ready.sandbox.knobs.export_takes_s = 0
    _assert_whole(ready)


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.6, 1.0, 1.5])
def test_killed_while_it_loads(ready: Shell, after_s: float) -> None:
    """Some exports of a group are in the private file, and none of them is published or noted yet."""
    asked = ready.sandbox.stats

    def loads() -> bool:
        if asked.by_operation.get("downloadExport", 0) < 5:
            return False
        time.sleep(after_s)
        return True

    _killed(ready, loads)
    _assert_whole(ready)
