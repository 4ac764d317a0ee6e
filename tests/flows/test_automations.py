"""The server's automations notify of changes, and end a run whose process is gone."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock
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


@pytest.fixture
def webhook(watched: Stage) -> Iterator[list[dict[str, str]]]:  # noqa: ARG001 its server sends them
    """The messages that the automations send to a web server on this machine, through a webhook block."""
    received: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        block = CustomWebhookNotificationBlock.model_validate(
            {
                "name": "loopback",
                "url": f"http://127.0.0.1:{server.server_port}/",
                "json_data": {"subject": "{{subject}}", "body": "{{body}}"},
            }
        )
        document: Any = block.save("loopback", overwrite=True)
        automations.save(document, silent_s=SILENT_S)
        try:
            yield received
        finally:
            server.shutdown()


def test_an_operator_is_woken_once_a_change(watched: Stage, webhook: list[dict[str, str]]) -> None:
    """Of two failed runs one message is sent, with what to do; then one when a run works again.

    A form that is refused sends none. The messages go through a webhook block of the server.
    """
    form = {"resources": ["subscription_topics"]}
    ended = watched.ended(watched.start("sync", **form))
    assert "COMPLETED" == ended["state"]["type"], ended["state"]["message"]
    watched.control("knobs", {"forbidden": ["getTopics"]})
    failed = [watched.ended(watched.start("sync", **form)) for _ in range(2)]
    watched.control("knobs", {"forbidden": []})
    refused = watched.ended(watched.start("backfill", from_day="2026-09-02", to_day="2026-09-01"))
    works = watched.ended(watched.start("sync", **form))

    until(lambda: len(webhook) >= 2)

    assert ["FAILED", "FAILED"] == [run["state"]["type"] for run in failed]
    assert ("Refused", "COMPLETED") == (refused["state"]["name"], works["state"]["type"])
    assert ["sync subscription_topics failing", "sync subscription_topics recovered"] == [
        message["subject"] for message in webhook
    ]
    assert webhook[0]["body"].startswith(failed[0]["state"]["message"])
    assert webhook[0]["body"].endswith(f"{watched.ui}/runs/flow-run/{failed[0]['id']}")
    assert webhook[1]["body"].startswith(f"It works again: {works['state']['message']}")


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
    noted = until(lambda: _executed(watched, "customerio: a push is degraded or has recovered", began))
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
