"""The progress of a run, as an operator sees it."""

import re

from flows import progress
from pipelines.progress import Reached
from sources.customerio.extract import RunSummary
from tests.flows.stage import Stage, until


def test_a_backfill_counts_its_chunks() -> None:
    """Two of four chunks are done and half of the third; a retried chunk counts once."""
    report = RunSummary()
    report.open("messages")
    report.resources["messages"].requests, report.resources["messages"].requests_left = 5, 5
    chunks = progress.Chunks(4)

    for _ in range(2):
        chunks.begin(RunSummary())
        chunks.end()
    chunks.begin(RunSummary())
    chunks.begin(report)

    assert 62.5 == chunks.look().percent
    assert chunks.look().words.startswith("Chunk 3 of 4, 1 left; about ")
    for _ in range(2):
        chunks.end()
    assert 100.0 == chunks.look().percent


def test_a_piece_of_work_is_as_far_as_its_last_sentence() -> None:
    """In the second of three steps, retries never make the progress exceed 100 %."""
    heard: list[str] = []
    steps = progress.Steps(3, heard.append)

    steps.notify("Downloading.")
    steps.notify("Loading.")

    assert Reached(100 / 3, "Loading") == steps.look()
    for _ in range(3):
        steps.notify("Once more.")
    assert steps.look().percent < 100.0
    assert 5 == len(heard)


def test_an_operator_watches_one_artifact_a_run(stage: Stage) -> None:
    """A run's artifact appears after the first interval, counts what is left, and ends as its result."""
    stage.control("faults", {"clear": True})
    slow = {"delay_ms": 4000, "times": None}
    stage.control(
        "faults", [{"operation": name, **slow} for name in ("listCampaigns", "listCampaignActions")]
    )
    run_id = stage.start("sync", resources=["campaigns", "campaign_actions"])

    seen = until(lambda: stage.artifacts(run_id))[0]
    # As a server leaves it that made the artifact, and was killed before it answered.
    double = {"type": "markdown", "key": "sync", "data": "**0 %**", "flow_run_id": run_id}
    stage.call("POST", "/artifacts/", double).raise_for_status()
    run = stage.ended(run_id)
    stage.control("faults", {"clear": True})
    left = stage.artifact(run_id)

    assert "COMPLETED" == run["state"]["type"], run["state"]["message"]
    assert "sync campaigns, campaign_actions" == run["name"]
    assert seen["id"] == left["id"]
    assert re.match(r"\*\*\d+ %\*\* `[█░]{20}`\n\n\d of 2 tables read, ", seen["data"])
    assert re.search(r" \d+( of at least \d+)? requests, [\d,]+ rows to write", seen["data"])
    assert left["data"].startswith(f"**Completed.** {run['state']['message']}")
