"""The server's automations record a failed run, and end a run whose process is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from flows import automations
from flows.environment import HEARTBEAT_S
from flows.pushes import tell_health
from pipelines.push.journal.database import Journal, PushId
from pipelines.push.journal.health import RunHealth, record_health
from pipelines.push.spec.spec import Alerts
from pipelines.settings import read_settings
from tests.flows.stage import Stage, first_chunk_loaded, slow_backfill, until

# One heartbeat may be late, two may not.
SILENT_S = HEARTBEAT_S + 15


@pytest.fixture
def watched(stage: Stage) -> Iterator[Stage]:
    """The stage with the automations, where a dead run is ended after fewer seconds than elsewhere."""
    with temporary_settings({PREFECT_API_URL: f"{stage.ui}/api", PREFECT_HOME: stage.folder / "prefect"}):
        automations.save(None, silent_s=SILENT_S)
        try:
            yield stage
        finally:
            automations.save(None)


def test_a_run_that_fails_is_noted_within_seconds(watched: Stage) -> None:
    """The event feed links the automation's action to the failure of this run."""
    began = datetime.now(UTC)
    run_id = watched.start("backfill", resource="messages", from_day="2026-09-02", to_day="2026-09-01")
    assert "FAILED" == watched.ended(run_id)["state"]["type"]

    noted = until(lambda: _noted(watched, "customerio: a run failed", run_id, began), 30.0)

    assert ["do-nothing"] == [event["payload"]["action_type"] for event in noted]


def test_a_push_that_is_degraded_is_told_once(watched: Stage, tmp_path: Path) -> None:
    """A change of a push's health starts the automation's action, and is not told again."""
    began, told = datetime.now(UTC), list[str]()
    settings = read_settings(cio_elt_data=tmp_path)
    failing = RunHealth(sent=10, accepted=5, failed=5, differing="x")
    record_health(Journal(tmp_path), PushId("w", "users"), Alerts(), failing)

    for _ in range(2):
        tell_health(settings, told.append)

    assert 1 == len(told)
    assert "5 of 10 rows were rejected or dropped" in told[0]
    noted = until(lambda: _executed(watched, "customerio: a push is degraded or has recovered", began), 30.0)
    assert ["do-nothing"] == [event["payload"]["action_type"] for event in noted]


def test_a_run_whose_process_is_gone_is_ended_by_the_server(watched: Stage) -> None:
    """If the serving process is gone, the server misses the run's heartbeats and crashes it."""
    days = ("2026-07-16", "2026-07-30")
    run_id = slow_backfill(watched, *days)
    first_chunk_loaded(watched, *days)

    watched.kill("serving")
    try:
        run = watched.ended(run_id, within_s=SILENT_S + 60.0)
    finally:
        watched.control("faults", {"clear": True})
        watched.serve()

    assert "CRASHED" == run["state"]["type"]
    assert run["state"]["message"].startswith(f"No heartbeat for {SILENT_S} s")
    assert "The next run resumes" in run["state"]["message"]


def _noted(stage: Stage, automation: str, run_id: str, since: datetime) -> list[Any]:
    """The actions of an automation that a run's failure started."""
    events = _events(stage, since)
    failures = {
        f"prefect.event.{event['id']}"
        for event in events
        if (event["event"], event["resource"]["prefect.resource.id"])
        == ("prefect.flow-run.Failed", f"prefect.flow-run.{run_id}")
    }
    return [
        event
        for event in events
        if event["event"] == "prefect.automation.action.executed"
        and event["resource"]["prefect.resource.name"] == automation
        and failures & {each["prefect.resource.id"] for each in event["related"]}
    ]


def _executed(stage: Stage, automation: str, since: datetime) -> list[Any]:
    """The actions of an automation."""
    return [
        event
        for event in _events(stage, since)
        if event["event"] == "prefect.automation.action.executed"
        and event["resource"]["prefect.resource.name"] == automation
    ]


def _events(stage: Stage, since: datetime) -> list[Any]:
    wanted = {"filter": {"occurred": {"since": since.isoformat()}}, "limit": 50}
    page = stage.call("POST", "/events/filter", wanted).raise_for_status().json()
    events: list[Any] = page["events"]
    while page["next_page"]:
        page = stage.call("GET", page["next_page"].split("/api")[1]).raise_for_status().json()
        events += page["events"]
    return events
