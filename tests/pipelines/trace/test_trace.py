"""One id goes through the ledger, the log, `sync_runs` and the journal of pushes."""

import json
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import WarehouseError
from pipelines.settings import read_settings
from pipelines.trace import RunLedger, current_id, recorded
from pipelines.warehouse import frame
from sources.customerio.sandbox import Fault
from tests.pipelines.conftest import VIPS, Shell, ended

pytestmark = pytest.mark.proof


def _log(shell: Shell) -> list[dict[str, str]]:
    return [json.loads(line) for line in (shell.data / "logs" / "cio-elt.log").read_text().splitlines()]


def test_one_id_goes_through_all(shell: Shell) -> None:
    """A sync and a push have an id each: in the ledger, the log, `sync_runs`, the journal, `ops.runs`."""
    specs = shell.folder / "push"
    specs.mkdir()
    (specs / "vips.yml").write_text(VIPS)
    keys = {
        "CUSTOMERIO_TRACK_SITE_ID": shell.sandbox.track_site_id,
        "CUSTOMERIO_TRACK_API_KEY": shell.sandbox.track_api_key,
        "CIO_ELT_PUSH": str(specs),
    }
    synced, pushed = shell.run("sync", **keys), shell.run("push", "run", "vips", **keys)
    assert (0, 0) == (synced.code, pushed.code), (synced.err, pushed.err)
    push, sync = RunLedger(shell.data).runs()
    with duckdb.connect(shell.published, read_only=True) as connection:
        syncs = connection.execute(
            "SELECT DISTINCT trace_id, _dlt_load_id FROM customerio_raw.sync_runs"
        ).fetchall()
        pushes = connection.execute("SELECT trace_id FROM customerio_push.runs").fetchall()

    assert [("push run", "done"), ("sync", "done")] == [(run.command, run.state) for run in (push, sync)]
    assert {sync.trace_id} == {trace_id for trace_id, _ in syncs}
    assert {load_id for _, load_id in syncs} <= {*sync.load_ids}
    assert [(push.trace_id,)] == pushes
    assert {sync.trace_id, push.trace_id} == {line["trace_id"] for line in _log(shell)}
    steps = [line["message"] for line in _log(shell) if line["message"].startswith("Step")]
    for step in ("check the workspace", "extract", "load", "publish", "run the model", "send", "confirm"):
        assert f"Step: {step}." in steps
    seen = frame(
        "SELECT command, state FROM ops.runs ORDER BY began_at",
        settings=read_settings(cio_elt_data=shell.data),
    )
    assert [("sync", "done"), ("push run", "done")] == list(seen.itertuples(index=False, name=None))


def test_a_killed_sync_is_in_ops_runs_and_in_status(shell: Shell) -> None:
    """The next `status` says at which step the sync was killed, and ends with 1; a sync clears it."""
    assert 0 == shell.run("sync", "segments").code
    shell.sandbox.faults.add(Fault(operation="listCampaigns", delay_ms=60_000))
    process, began = shell.start(("sync", "campaigns")), time.monotonic()
    shell.wait_for_request("listCampaigns")
    process.kill()
    assert -signal.SIGKILL == ended(process, began).code
    shell.sandbox.faults.clear()
    status = shell.run("status", "--fail-on-failure", "--json")
    settings = read_settings(cio_elt_data=shell.data)
    row = frame("SELECT * FROM ops.runs ORDER BY began_at DESC LIMIT 1", settings=settings).iloc[0]

    assert 1 == status.code
    (failure,) = status.document["failures"]
    assert ("sync", "killed", "extract") == (failure["command"], failure["state"], failure["step"])
    assert ("sync", "killed", "extract") == (row["command"], row["state"], row["step"])
    assert row["began_at"] < row["ended_at"]
    shown = shell.run("status")
    assert 1 == shown.code
    assert "The last `sync` was killed at the step `extract`" in shown.out
    # It finds no change, and publishes the file because of the run that was killed.
    assert 0 == shell.run("sync", "segments").code
    assert [0, 0] == [shell.run("status", *option).code for option in ((), ("--fail-on-failure",))]
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        runs = connection.execute("SELECT state, step FROM ops.runs ORDER BY began_at").fetchall()
    assert [("done", "publish"), ("killed", "extract"), ("running", "publish")] == runs
    # An older failure of another command ends it with 1 where that is asked for.
    assert 1 == shell.run("export", "people", CUSTOMERIO_APP_URL="http://127.0.0.1:1").code
    assert 0 == shell.run("sync", "segments").code
    assert [0, 1] == [shell.run("status", *option).code for option in ((), ("--fail-on-failure",))]


def test_a_first_sync_that_fails_is_told_by_status(shell: Shell) -> None:
    """While there is no warehouse, `status` says that the run which was to make it failed, and why."""
    shell.env["CUSTOMERIO_APP_URL"] = "http://127.0.0.1:1"
    failed = shell.run("sync", "segments")
    status = shell.run("status")

    assert 1 == failed.code, failed.err
    assert 2 == status.code
    assert "There is no warehouse" in status.err
    assert "The last `sync` failed at the step `check the workspace`" in status.err
    assert shell.sandbox.app_api_key not in status.err


def test_a_load_that_finds_no_disk_is_in_the_ledger(shell: Shell) -> None:
    """A disk that is full ends the sync at its load; the ledger has the step, the class and the package."""
    full = shell.folder / "full"
    full.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", full], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        data = full / "data"
        ran = shell.run("sync", CIO_ELT_DATA=str(data))
        status = shell.run("status", CIO_ELT_DATA=str(data))
        (run,) = RunLedger(data).runs()
    finally:
        subprocess.run(["umount", "-l", full], check=True)

    assert 1 == ran.code, ran.err
    assert "failed" == run.state
    assert run.error == "WarehouseError", run
    assert status.code in (1, 2)
    assert "The last `sync` failed" in status.out + status.err


def test_logs_on_stderr_are_json(shell: Shell) -> None:
    """With `--log-json`, each line on stderr is a document, the message of an error too."""
    done = shell.run("sync", "segments", "--log-json")
    failed = shell.run("sync", "segment", "--log-json", "--json")
    lines = [json.loads(line) for line in (done.err + failed.err).splitlines()]

    assert (0, 2) == (done.code, failed.code)
    assert {"Step: load.", "Step: publish."} <= {line["message"] for line in lines}
    assert ("error", True) == (lines[-1]["level"], "segment" in lines[-1]["message"])
    assert [("sync", "refused"), ("sync", "done")] == [
        (run.command, run.state) for run in RunLedger(shell.data).runs()
    ]


def test_an_interrupted_run_is_no_failure(shell: Shell) -> None:
    """Ctrl-C ends a run as interrupted, of which status does not warn."""
    shell.sandbox.faults.add(Fault(operation="listSegments", delay_ms=60_000))
    process, began = shell.start(("sync", "segments")), time.monotonic()
    shell.wait_for_request("listSegments")
    process.send_signal(signal.SIGINT)
    assert 130 == ended(process, began).code
    (run,) = RunLedger(shell.data).runs()

    assert ("interrupted", "extract") == (run.state, run.step)
    assert [] == RunLedger(shell.data).failures()


def test_a_command_that_reads_writes_nothing(shell: Shell) -> None:
    """`config` and `status` of an empty folder do not create the data folder."""
    assert 0 == shell.run("config").code
    assert 2 == shell.run("status").code

    assert not shell.data.exists()


def test_a_ledger_that_cannot_be_written_stops_no_run(tmp_path: Path) -> None:
    """A folder in the place of the file is no reason for a run to fail; its own error is raised as it is."""
    (tmp_path / "data" / "runs.sqlite").mkdir(parents=True)
    settings = read_settings(cio_elt_data=tmp_path / "data")
    with pytest.raises(WarehouseError, match="as it is"), recorded(settings, "sync") as trace:
        assert trace.trace_id == current_id()
        trace.step("load")
        msg = "as it is"
        raise WarehouseError(msg)

    assert current_id() is None
