"""The final states of flows that run in this process against the server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from flows.__main__ import main
from flows.freshness import freshness
from flows.runs import PARTLY, SKIPPED, turn
from flows.syncs import sync
from pipelines.errors import Busy
from pipelines.settings import read_settings
from tests.flows.stage import Stage


@pytest.fixture(autouse=True)
def _here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has the environment of the stage."""
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    stage.control("faults", {"clear": True})
    settings = {
        PREFECT_API_URL: f"{stage.ui}/api",
        PREFECT_HOME: stage.folder / "prefect",
        # Otherwise the log of this process would still be on its way when the server has ended.
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(settings):
        yield


def test_a_sync_says_what_it_wrote(stage: Stage) -> None:
    """The run's state has the number of rows; its table has a row per resource."""
    state = sync(["segments", "campaigns"], return_state=True)

    assert state.is_completed()
    assert str(state.message).endswith("rows written.")
    shown = stage.artifact(str(state.state_details.flow_run_id))["data"]
    assert shown.startswith(f"**Completed.** {state.message}")
    assert "| segments |" in shown
    assert "| campaigns |" in shown
    assert f"CIO_ELT_DATA={stage.folder / 'data'} cio-elt status" in shown


def test_a_sync_that_meets_another_writer_is_skipped(stage: Stage) -> None:
    """The run waits as long as configured and is skipped without a failure; the next run does its work."""
    with FileLock(stage.folder / "data" / "writer.lock"):
        state = sync(["segments"], wait_minutes=0, return_state=True)

    assert state.is_completed()
    assert SKIPPED == state.name
    assert "Another run is writing the warehouse" in str(state.message)


def test_a_failed_run_says_what_to_do_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The state's message is that of the command line; the log has no traceback."""
    monkeypatch.setenv("CUSTOMERIO_APP_API_KEY", "revoked")

    state = sync(["segments"], return_state=True)

    assert state.is_failed()
    assert "does not accept the key in CUSTOMERIO_APP_API_KEY" in str(state.message)
    assert "The region is right, as the Track API says" in str(state.message)
    assert "Traceback" not in caplog.text
    assert str(state.message) in caplog.text


def test_a_run_that_lacks_some_tables_says_which(stage: Stage) -> None:
    """The readable tables are loaded; the run fails, so that its operator is notified."""
    stage.control("knobs", {"forbidden": ["listSegments"]})
    state = sync(["segments", "campaigns"], return_state=True)
    stage.control("knobs", {"forbidden": []})

    assert state.is_failed()
    assert PARTLY == state.name
    assert str(state.message).startswith("Not complete: segments. ")


def test_held_deletions_are_accepted_in_the_form(stage: Stage) -> None:
    """A list that misses most rows deletes none; a run whose form names the table deletes them."""
    table = "segment_memberships"
    assert sync([table], return_state=True).is_completed()
    empty = {"identifiers": None, "next": ""}
    stage.control("faults", {"operation": "getSegmentMembership", "times": None, "document": empty})

    held = sync([table], return_state=True)
    accepted = sync([table], accept_deletions=[table], return_state=True)

    assert held.is_failed()
    assert "--accept-deletions" in str(held.message)
    assert accepted.is_completed()
    stage.control("faults", {"clear": True})
    assert sync([table], return_state=True).is_completed()


def test_a_gap_makes_freshness_fail(stage: Stage) -> None:
    """The run is Stale and names the tables, their gaps and the next step; the numbers are in its table."""
    program = str(Path(sys.executable).parent / "cio-elt")
    days = ["--from", "2026-05-01", "--to", "2026-05-02"]
    subprocess.run([program, "backfill", "messages", *days], env=stage.environment, check=True)

    state = freshness(return_state=True)

    assert state.is_failed()
    assert "Stale" == state.name
    assert "messages lacks" in str(state.message)
    assert "| behind |" in stage.artifact(str(state.state_details.flow_run_id))["data"]


def test_setup_keeps_secrets_in_blocks_and_makes_limit_and_automations(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setup can be repeated; a run whose environment lacks the key takes it from its block."""
    told = [CliRunner().invoke(main, ["setup"], catch_exceptions=False).output for _ in range(2)][-1]
    monkeypatch.delenv("CUSTOMERIO_APP_API_KEY")

    state = sync(["segments"], return_state=True)

    assert f"The Prefect server at {stage.ui} is set up." in told
    assert "Saved the Secret block customerio-app-api-key." in told
    assert stage.sandbox["app_api_key"] not in told
    limit = stage.call("GET", "/v2/concurrency_limits/customerio-warehouse").json()
    assert 1 == limit["limit"]
    names = [each["name"] for each in stage.call("POST", "/automations/filter", {}).json()]
    assert [
        "customerio: a push is degraded or has recovered",
        "customerio: a run crashed",
        "customerio: a run is dead",
        "customerio: runs begin to fail or work again",
    ] == sorted(names)
    assert state.is_completed()


def test_one_run_at_a_time_writes_a_warehouse_that_is_a_server() -> None:
    """A file lock covers one machine; the server's concurrency limit covers all of them."""
    CliRunner().invoke(main, ["setup"], catch_exceptions=False)
    settings = read_settings(cio_elt_destination="postgres")

    with turn(settings, 5.0), pytest.raises(Busy, match="Another run is writing"), turn(settings, 0.5):
        pass
    with turn(settings, 5.0):
        pass
