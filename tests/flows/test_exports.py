"""Exports through the server: waiting holds no process, and a killed run creates no second export."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.flows.stage import Stage, until


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of export: its deployment and form, its request, and the table of its rows.

    `key` is the column of the key in the table, and its header in the file.
    """

    deployment: str
    form: dict[str, Any] = field(default_factory=dict)
    operation: str
    file: str
    home: str
    key: tuple[str, str]


PEOPLE = Kind(
    deployment="export-people",
    operation="exportPeopleData",
    file="exported_people",
    home="people",
    key=("cio_id", "cio_id"),
)
DELIVERIES = Kind(
    deployment="export-deliveries",
    form={"parent": "campaign", "parent_id": 1},
    operation="exportDeliveriesData",
    file="exported_deliveries",
    home="messages",
    key=("id", "delivery_id"),
)


def test_a_wait_survives_the_worker_and_goes_on_with_the_same_export(stage: Stage) -> None:
    """The waiting run is scheduled again; the next serving process collects the export that was ordered."""
    stage.control("knobs", {"export_takes_s": 3600})
    ordered_before = _orders(stage, PEOPLE)
    run_id = stage.start("export-people")
    waiting = stage.when(run_id, lambda run: run["state"]["name"] == "Waiting")

    waited = stage.artifact(run_id)
    stage.kill("serving")
    stage.serve()
    stage.control("clock", {"advance_s": 3600})
    _bring_forward(stage, run_id)
    run = stage.ended(run_id)

    assert "SCHEDULED" == waiting["state"]["type"]
    assert "is not ready yet" in waiting["state"]["message"]
    at = datetime.fromisoformat(waiting["state"]["state_details"]["scheduled_time"])
    assert waiting["state"]["message"].endswith(f"looks again at {at:%H:%M:%S} UTC.")
    assert waited["data"].startswith(f"**Waiting.** {waiting['state']['message']}")
    assert waited["id"] == stage.artifact(run_id)["id"]
    assert "| export_id |" in stage.artifact(run_id)["data"]
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert waiting["state"]["message"].split()[1].rstrip(":") in run["state"]["message"]
    assert 1 == _orders(stage, PEOPLE) - ordered_before
    assert stage.query("SELECT count(*) > 0 FROM customerio_raw.people") == [(True,)]


def _downloading(stage: Stage) -> bool:
    return any(part.stat().st_size for part in (stage.folder / "data" / "exports").glob("*.part"))


def _loading(stage: Stage) -> bool:
    """Wait until the file is being loaded, which takes about a second."""
    return any((stage.folder / "data" / "exports").glob("*.csv"))


@pytest.mark.parametrize(
    ("kind", "there"),
    [(PEOPLE, _downloading), (PEOPLE, _loading), (DELIVERIES, _loading)],
    ids=["people, downloading", "people, loading", "deliveries, loading"],
)
def test_a_worker_killed_while_it_collects_costs_no_second_export(
    stage: Stage, kind: Kind, there: Callable[[Stage], bool]
) -> None:
    """After a kill of its processes the run is ended; the next one loads the same export, each row once."""
    stage.control("faults", {"clear": True})
    stage.control("knobs", {"export_takes_s": 0})
    if there is _downloading:
        stage.control("faults", {"operation": "storage", "cut_at": 0.6, "stall_ms": 60_000})
    ordered_before = _orders(stage, kind)
    run_id = stage.start(kind.deployment, **kind.form)
    until(lambda: there(stage))

    stage.kill("serving")
    stage.control("faults", {"clear": True})
    stage.serve()
    run = stage.ended(run_id)
    again = stage.ended(stage.start(kind.deployment, **kind.form))

    assert "CRASHED" == run["state"]["type"]
    assert "COMPLETED" == again["state"]["type"], again["state"]["message"]
    assert 1 == _orders(stage, kind) - ordered_before
    export_id = int(again["state"]["message"].removeprefix("Export ").split(":")[0])
    written = [row["row"] for row in stage.rows(kind.file) if row["export_id"] == export_id]
    loaded = stage.query(
        f'SELECT row_number, "row" FROM customerio_raw.{kind.file} WHERE export_id = {export_id} ORDER BY 1'
    )
    assert list(enumerate(written, 1)) == [(number, json.loads(row)) for number, row in loaded]
    (column, header), keys = kind.key, sorted(row[kind.key[1]] for row in written)
    at_home = stage.query(
        f"SELECT {column} FROM customerio_raw.{kind.home} WHERE {column} IN (SELECT \"row\"->>'{header}' "
        f"FROM customerio_raw.{kind.file} WHERE export_id = {export_id}) ORDER BY 1"
    )
    assert keys
    assert keys == [key for (key,) in at_home]


def test_a_backfill_by_exports_waits_off_the_worker(stage: Stage) -> None:
    """Exports that take long are waited for without a process; the run then loads them, each row once."""
    stage.control("faults", {"clear": True})
    stage.control("knobs", {"export_takes_s": 4 * 3600})
    deliveries = "SELECT count(*) FROM customerio_raw.messages WHERE created < epoch(DATE '2026-04-01')"
    before, ordered_before = stage.query(deliveries), _orders(stage, DELIVERIES)
    days = {"from_day": "2026-03-01", "to_day": "2026-04-01"}
    run_id = stage.start("backfill", resource="messages", via="exports", **days)
    until(lambda: _orders(stage, DELIVERIES) > ordered_before)
    waiting = until(lambda: _waiting_after(stage, run_id, 60))

    stage.control("knobs", {"export_takes_s": 0})
    stage.control("clock", {"advance_s": 4 * 3600})
    _bring_forward(stage, run_id)
    run = stage.ended(run_id)

    assert "under way: not ready yet" in waiting["state"]["message"]
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert "export(s) loaded" in run["state"]["message"]
    assert stage.query(deliveries) > before


def test_an_export_that_fails_does_not_end_a_backfill(stage: Stage) -> None:
    """The run ends when all are tried, and names the reason; the same form brings what is left."""
    stage.control("faults", {"clear": True})
    stage.control("knobs", {"export_takes_s": 0, "export_fails": True})
    days = {"from_day": "2026-05-01", "to_day": "2026-05-20"}
    refused = stage.ended(stage.start("backfill", resource="messages", via="exports", **days))
    stage.control("knobs", {"export_fails": False})
    run = stage.ended(stage.start("backfill", resource="messages", via="exports", **days))

    assert "FAILED" == refused["state"]["type"]
    assert "failed at Customer.io" in refused["state"]["message"]
    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]


def _waiting_after(stage: Stage, run_id: str, seconds: int) -> Any:
    """The run if it waits off the worker when so many more seconds have passed at Customer.io."""
    stage.control("clock", {"advance_s": seconds})
    run = stage.run(run_id)
    return run if run["state"]["name"] in ("Waiting", "Failed") else None


def _orders(stage: Stage, kind: Kind) -> int:
    return int(stage.requests()["by_operation"].get(kind.operation, 0))


def _bring_forward(stage: Stage, run_id: str) -> None:
    """Schedule the next poll for the present."""
    state: dict[str, Any] = {"type": "SCHEDULED", "name": "Waiting", "message": "now"}
    stage.call("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True}).raise_for_status()
