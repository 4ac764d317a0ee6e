"""Runs end with a message and in time, and none stays "Running" for ever."""

import os

import pytest
from filelock import FileLock

from tests.flows.stage import Stage, chunks, first_chunk_loaded, slow_backfill

LONG = pytest.mark.skipif("CIO_ELT_KILLS" not in os.environ, reason="of the long form, `make torture`")


def test_a_machine_that_goes_down_leaves_no_run_under_way(stage: Stage) -> None:
    """After all serving processes are killed, the next one ends the run, and another run does the rest."""
    run_id = slow_backfill(stage, "2026-07-01", "2026-07-15")
    first_chunk_loaded(stage, "2026-07-01", "2026-07-15")

    stage.kill("serving")
    loaded = chunks(stage, "2026-07-01", "2026-07-15")
    said = stage.serve()
    run = stage.ended(run_id)
    again = stage.ended(slow_backfill(stage, "2026-07-01", "2026-07-15"))

    assert "the run is ended" in said
    assert "CRASHED" == run["state"]["type"]
    assert "resumes from there" in run["state"]["message"]
    assert "COMPLETED" == again["state"]["type"], again["state"]["message"]
    assert f"{2 - loaded} chunk(s) read" in again["state"]["message"]
    assert 2 == chunks(stage, "2026-07-01", "2026-07-15")


def test_cancel_in_the_ui_is_no_failed_run(stage: Stage) -> None:
    """A run that an operator cancels is Cancelled, and was never Crashed, of which people are notified."""
    days = ("2026-04-01", "2026-04-29")
    run_id = slow_backfill(stage, *days)
    first_chunk_loaded(stage, *days)

    stage.call("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}, "force": False})
    run = stage.ended(run_id)
    stage.control("faults", {"clear": True})
    states = stage.call("GET", f"/flow_run_states/?flow_run_id={run_id}").json()

    assert "CANCELLED" == run["state"]["type"]
    assert not {"CRASHED", "FAILED"} & {state["type"] for state in states}


@LONG
def test_a_cancelled_run_stops_within_seconds_and_leaves_whole_chunks(stage: Stage) -> None:
    """A run cancelled during a slow request ends its process soon, and the warehouse can be written again."""
    run_id = slow_backfill(stage, "2026-06-01", "2026-06-29")
    first_chunk_loaded(stage, "2026-06-01", "2026-06-29")

    stage.call("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}, "force": False})
    run = stage.ended(run_id, within_s=20.0)

    assert "CANCELLED" == run["state"]["type"]
    assert 0 < chunks(stage, "2026-06-01", "2026-06-29") < 4
    with FileLock(stage.folder / "data" / "writer.lock").acquire(timeout=10):
        pass


def test_a_service_that_is_stopped_ends_its_runs(stage: Stage) -> None:
    """It names what it serves, then what it ends; the run is Cancelled with the reason, and the next resumes.

    Neither the runs nor the service end with warnings of the interpreter.
    """
    said = stage.serving_log()
    run_id = slow_backfill(stage, "2026-05-10", "2026-06-07")
    first_chunk_loaded(stage, "2026-05-10", "2026-06-07")

    stage.stop("serving")
    log = stage.serving_log()
    stopped = stage.run(run_id)
    stage.serve()
    again = stage.ended(slow_backfill(stage, "2026-05-10", "2026-06-07"))
    states = stage.call("GET", f"/flow_run_states/?flow_run_id={run_id}").json()

    assert "  push users         0 4 * * * UTC  " in said
    assert f"Their pages are at {stage.ui}/deployments." in said
    assert "Stopping: ending 1 run(s): backfill messages 2026-05-10..2026-06-07." in log
    assert log.rstrip().endswith("the next start takes up what is due.")
    assert [] == [word for word in ("leaked", "Warning", "Traceback") if word in log[len(said) :]], log
    assert "CANCELLED" == stopped["state"]["type"]
    assert stopped["state"]["message"].startswith("The service that ran it was stopped.")
    assert not {"CRASHED", "FAILED"} & {state["type"] for state in states}
    assert "COMPLETED" == again["state"]["type"], again["state"]["message"]
    assert 4 == chunks(stage, "2026-05-10", "2026-06-07")
