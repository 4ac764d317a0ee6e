"""The coverage ledger claims exactly the time that was read, in the same load package as the rows."""

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from ulid import ULID

from sources.customerio.extract import Options, RunSummary, Window
from sources.customerio.sandbox import Fault
from tests.sources.customerio.extract.conftest import Project

DAY = 86_400


def _claimed(project: Project, table: str) -> list[tuple[int, int]]:
    return [
        (start, end)
        for start, end in project.cells(
            f"SELECT start_at, end_at FROM coverage WHERE resource = '{table}' ORDER BY 1"
        )
    ]


def test_a_sync_proves_its_time_up_to_the_second_before_it_began(project: Project) -> None:
    """Coverage ends one second before the request, because that second may get more rows."""
    start = project.sandbox.clock.now() - 20 * DAY
    project.run("messages", "activities", options=Options(start=start))

    now = project.sandbox.clock.now()
    assert [(start, now - 1)] == _claimed(project, "messages")
    ((first, last),) = _claimed(project, "activities")
    # A row's place is the later of its time and the moment in its id.
    places = [
        max(row["timestamp"], int(ULID.from_str(row["id"]).timestamp))
        for row in project.sandbox.rows("activities")
    ]
    assert (min(places) + 1, now - 1) == (first, last)


def test_rows_and_ledger_come_in_one_package(project: Project) -> None:
    """Rows and coverage are in one load package, so a package that is lost takes its claim along."""
    project.run("messages", "activities")

    loads = project.cells(
        "SELECT DISTINCT _dlt_load_id FROM messages UNION SELECT _dlt_load_id FROM coverage"
    )
    assert 1 == len(loads)


def test_a_read_that_broke_off_claims_what_it_read(project: Project) -> None:
    """Pages above a failure are in the warehouse and in the ledger; time below it is in neither."""
    project.sandbox.faults.add(Fault(operation="listActivities", status=403, after=1, times=None))
    summary = RunSummary()

    project.run("activities", summary=summary)

    assert summary.failed
    ((first, last),) = _claimed(project, "activities")
    truth = {row["id"] for row in project.sandbox.rows("activities") if first <= row["timestamp"] <= last}
    assert truth
    assert truth <= {key for (key,) in project.cells("SELECT id FROM activities")}
    assert first > min(row["timestamp"] for row in project.sandbox.rows("activities")) + 1


def test_a_run_that_fails_claims_nothing(project: Project) -> None:
    """Without a summary a failure ends the run, and neither rows nor coverage are loaded."""
    project.sandbox.faults.add(Fault(operation="listActivities", status=403, after=1, times=None))

    with pytest.raises(PipelineStepFailed, match="scope"):
        project.run("activities")

    project.sandbox.faults.clear()
    project.run("messages")
    assert [] == _claimed(project, "activities")


def test_one_stretch_of_time_is_read_alone(project: Project) -> None:
    """A window of time is read alone: no other rows, and watermark and bands stay as they were."""
    now = project.sandbox.clock.now()
    project.run("messages", "activities", options=Options(start=now - 5 * DAY))
    before = project.pipeline.state["sources"]["customerio"]["resources"]
    window = Window(start=now - 60 * DAY, end=now - 40 * DAY)

    project.run("messages", options=Options(only=window, backfill="test"))

    times = [at for (at,) in project.cells(f"SELECT created FROM messages WHERE created < {now - 5 * DAY}")]
    truth = [row["created"] for row in project.sandbox.rows("messages")]
    assert sorted(times) == sorted(at for at in truth if window.start <= at <= window.end)
    assert (window.start, window.end) in _claimed(project, "messages")
    assert before == project.pipeline.state["sources"]["customerio"]["resources"]
