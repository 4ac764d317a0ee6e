"""Exports through the server: a wait that no process holds, and one export whatever is killed."""

from typing import Any

from tests.flows.stage import Stage


def test_a_wait_survives_the_worker_and_goes_on_with_the_same_export(stage: Stage) -> None:
    """The run waits as a row on the schedule; whoever serves next collects the export that was ordered."""
    stage.control("knobs", {"export_takes_s": 3600})
    ordered_before = _orders(stage)
    run_id = stage.start("export-people")
    waiting = stage.when(run_id, lambda run: run["state"]["name"] == "Waiting")

    stage.kill("serving")
    stage.serve()
    stage.control("clock", {"advance_s": 3600})
    _bring_forward(stage, run_id)
    run = stage.ended(run_id)

    assert "SCHEDULED" == waiting["state"]["type"]
    assert "is not ready yet" in waiting["state"]["message"]
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert waiting["state"]["message"].split()[1].rstrip(":") in run["state"]["message"]
    assert 1 == _orders(stage) - ordered_before
    assert stage.query("SELECT count(*) > 0 FROM customerio_raw.people") == [(True,)]


def _orders(stage: Stage) -> int:
    seen = stage.requests()
    return int(seen["by_operation"].get("exportPeopleData", 0))


def _bring_forward(stage: Stage, run_id: str) -> None:
    """The time has come to look again."""
    state: dict[str, Any] = {"type": "SCHEDULED", "name": "Waiting", "message": "now"}
    stage.call("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True}).raise_for_status()
