"""The source in a dlt project of its own: dlt, a key and a destination."""

import gc
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import dlt
import duckdb
import pytest
from dlt.extract.exceptions import ResourceExtractionError
from dlt.pipeline.exceptions import PipelineStepFailed

from sources.customerio import RESOURCES, customerio_source, resources_named
from sources.customerio.catalogue import resource
from sources.customerio.client import ConfigError, Forbidden, Unauthorized
from sources.customerio.extract import Options
from sources.customerio.extract.messages import WINDOW_S
from sources.customerio.sandbox import Fault, Served
from tests.sources.customerio.extract.conftest import Project

TABLES = ("campaigns", "segments", "messages")


def _cause(failed: PipelineStepFailed) -> BaseException | None:
    """The error inside dlt's two wrappers, of the resource and of the step."""
    assert isinstance(failed.__cause__, ResourceExtractionError)
    return failed.__cause__.__cause__


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch, small_served: Served) -> Iterator[Project]:
    """A project that makes the client itself; only the sandbox's address is set."""
    monkeypatch.setenv("SOURCES__CUSTOMERIO__CUSTOMERIO_APP_URL", small_served.app_url)
    project.client = None
    yield project
    # Its connections are closed when the source is garbage-collected.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("name", ["SOURCES__CUSTOMERIO__CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_APP_API_KEY"])
def test_the_key_is_a_secret_of_dlt(own: Project, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The key is a dlt secret: it comes from the environment under dlt's long name or under its own."""
    monkeypatch.setenv(name, own.sandbox.app_api_key)

    own.pipeline.run(customerio_source(["workspaces"]))

    own.assert_equal("workspaces")


def test_without_a_key_the_setting_is_named(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key no request is made, and an unrelated `API_KEY` is not used."""
    monkeypatch.setenv("API_KEY", own.sandbox.app_api_key)

    with pytest.raises(PipelineStepFailed) as raised:
        own.pipeline.run(customerio_source(["workspaces"]))

    assert type(_cause(raised.value)) is ConfigError
    assert "CUSTOMERIO_APP_API_KEY" in str(raised.value)
    assert 0 == own.sandbox.stats.total


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_key_that_is_not_known_stops_the_run(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a summary an unknown key raises a failure, wrapped by dlt; the key is in no message."""
    monkeypatch.setenv("CUSTOMERIO_APP_API_KEY", "wrong-key-0123456789")

    with pytest.raises(PipelineStepFailed) as raised:
        own.pipeline.run(customerio_source(["workspaces"]))

    assert isinstance(_cause(raised.value), Unauthorized)
    assert "wrong-key" not in str(raised.value)


@pytest.mark.proof
def test_the_second_run_reads_what_is_new(project: Project) -> None:
    """The second run starts at the first one's state; the warehouse equals the workspace after each."""
    project.pipeline.run(customerio_source(TABLES, client=project.client))
    asked = project.sandbox.stats.by_operation["listMessages"]
    project.assert_equal(*TABLES)
    project.sandbox.clock.advance(86_400)
    project.sandbox.stats.clear()

    info = project.pipeline.run(customerio_source(TABLES, client=project.client))

    info.raise_on_failed_jobs()
    assert project.sandbox.stats.by_operation["listMessages"] < asked
    found, truth = project.rows(resource("messages")), project.truth(resource("messages"))
    assert truth.keys() == found.keys()
    project.assert_equal("campaigns", "segments")


def test_selected_resources_are_the_only_ones_asked_for(project: Project) -> None:
    """`with_resources` works as with any other dlt source."""
    source = customerio_source(client=project.client)
    assert {"coverage", "rejected_records", *(row.table for row in resources_named([]))} == set(
        source.resources
    )

    project.pipeline.run(source.with_resources("campaigns"))

    assert {"listCampaigns", "getCioAllowlist"} == set(project.sandbox.stats.by_operation)
    project.assert_equal("campaigns")


def test_an_optional_table_is_read_only_when_it_is_named(project: Project) -> None:
    """Tables that cost a request a row, or a quota, are read only if they are named."""
    optional = {row.table for row in RESOURCES if row.optional}
    assert {"archived_messages", "subscription_preferences"} == optional
    assert not optional & set(customerio_source(client=project.client).resources)

    project.run("subscription_preferences")

    project.assert_equal("subscription_preferences")


def test_children_without_their_parents(project: Project) -> None:
    """A table whose parents are not loaded requests their list itself."""
    project.pipeline.run(customerio_source(client=project.client).with_resources("campaign_actions"))

    project.assert_equal("campaign_actions")


def test_a_table_that_does_not_exist_is_refused(project: Project) -> None:
    """A misspelt table is refused before any request, for it would never be loaded."""
    with pytest.raises(ConfigError, match="campaigns"):
        customerio_source(["campaing"], client=project.client)

    assert 0 == project.sandbox.stats.total


@pytest.mark.proof
def test_one_source_object_can_be_run_twice(project: Project) -> None:
    """A second run of the same source object lists again and finds changes."""
    source = customerio_source(["campaigns", "campaign_actions"], client=project.client)
    project.pipeline.run(source)
    project.sandbox.add("campaigns", name="Added between the runs")

    project.pipeline.run(source)

    project.assert_equal("campaigns", "campaign_actions")


@pytest.mark.proof
def test_start_and_full_are_arguments_too(project: Project) -> None:
    """`customerio_start` bounds the deliveries, also of a full reading."""
    start = project.sandbox.clock.now() - 10 * 86_400

    for full in (False, True):
        project.pipeline.run(
            customerio_source(["messages"], client=project.client, customerio_start=start, full=full)
        )
        truth = project.truth(resource("messages"))
        assert {key for key, row in truth.items() if row["created"] >= start} == set(
            project.rows(resource("messages"))
        )


@pytest.mark.proof
def test_every_file_format_of_the_destination_will_do(project: Project) -> None:
    """Rows are the same in every file format of the destination; dlt's choice for Arrow is Parquet."""
    project.pipeline.run(
        customerio_source(["campaigns"], client=project.client), loader_file_format="parquet"
    )
    project.pipeline.run(customerio_source(["segments"], client=project.client))

    project.assert_equal("campaigns", "segments")


@pytest.mark.proof
def test_a_destination_that_only_appends_gets_a_row_for_each_change(project: Project, tmp_path: Path) -> None:
    """In files a change and a tombstone are further rows; those of the newest loads are the truth."""
    files = tmp_path / "files"
    pipeline = dlt.pipeline(
        "appended", destination=dlt.destinations.filesystem(str(files)), dataset_name="customerio_raw"
    )
    table = f"read_parquet('{files}/customerio_raw/segments/*.parquet', union_by_name = true)"
    changed, gone, *_ = [row["id"] for row in project.sandbox.rows("segments")]
    options = Options(deletion_share=1)
    pipeline.run(customerio_source(["segments"], client=project.client, options=options))
    project.sandbox.clock.advance(60)
    project.sandbox.edit("segments", changed, name="Renamed")
    project.sandbox.delete("segments", gone)

    pipeline.run(customerio_source(["segments"], client=project.client, options=options))

    newest = (
        f"SELECT id, name, deleted_at FROM {table} "
        "QUALIFY row_number() OVER (PARTITION BY id ORDER BY _dlt_load_id DESC) = 1"
    )
    rows = duckdb.execute(f"SELECT count(*) FROM {table} WHERE id IN ({changed}, {gone})").fetchall()
    found = {id_: name for id_, name, deleted_at in duckdb.execute(newest).fetchall() if deleted_at is None}
    assert [(4,)] == rows
    assert {row["id"]: row["name"] for row in project.sandbox.rows("segments")} == found


@pytest.mark.proof
def test_a_field_that_customer_io_adds_becomes_a_json_column(project: Project) -> None:
    """The column appears with the first row that has it, and takes values of any type later."""
    project.run("campaigns")
    first, second, *_ = [row["id"] for row in project.sandbox.rows("campaigns")]
    project.sandbox.edit("campaigns", first, surprise={"a": [1, None]})
    project.run("campaigns")
    project.assert_equal("campaigns")
    project.sandbox.edit("campaigns", second, surprise="text")
    project.sandbox.delete("campaigns", first)
    project.run("campaigns")

    assert [("JSON",)] == project.cells("SELECT DISTINCT typeof(surprise) FROM campaigns")
    assert [(first, '{"a":[1,null]}'), (second, '"text"')] == project.cells(
        "SELECT id, surprise::VARCHAR FROM campaigns WHERE surprise IS NOT NULL ORDER BY id"
    )


@pytest.mark.proof
def test_a_failure_leaves_no_half_of_a_state(project: Project) -> None:
    """A run that raised has loaded nothing, and its watermarks did not move."""
    project.run("messages", "segments")
    state = project.state("messages")
    project.sandbox.clock.advance(86_400)
    project.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None))

    with pytest.raises(PipelineStepFailed) as raised:
        project.run("messages", "segments")

    assert isinstance(_cause(raised.value), Forbidden)
    assert state == project.state("messages")
    project.sandbox.faults.clear()
    project.run("messages", "segments", full=True)
    project.assert_equal("messages", "segments")


def test_options_take_the_place_of_start_and_full(project: Project) -> None:
    """One object can hold all options of a run."""
    start = project.sandbox.clock.now() - 86_400
    source = customerio_source(["messages"], client=project.client, options=Options(start=start))

    project.pipeline.run(source)

    assert all(row["created"] >= start for row in project.rows(resource("messages")).values())


def _workers(earlier: set[threading.Thread]) -> list[str]:
    """The threads that read, without those that other tests have left."""
    mine = {row.table for row in RESOURCES}
    return [
        thread.name
        for thread in set(threading.enumerate()) - earlier
        if thread.name in mine or thread.name.startswith("customerio")
    ]


def _windows(project: Project) -> int:
    """The number of windows since 1970."""
    return project.sandbox.clock.now() // WINDOW_S


def _interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_run_asks_for_nothing_more(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C during a long read: threads end after their current request, without a message."""
    project.sandbox.faults.add(Fault(operation="listMessages", delay_ms=50, times=None))
    source = customerio_source(["campaigns", "messages", "people"], client=project.client, customerio_start=0)
    source.resources["campaigns"].add_map(_interrupt)
    earlier = set(threading.enumerate())

    with pytest.raises(PipelineStepFailed):
        project.pipeline.run(source)

    patience = time.monotonic() + 60
    while _workers(earlier) and time.monotonic() < patience:
        time.sleep(0.02)
    assert [] == _workers(earlier)
    assert project.sandbox.stats.by_operation.get("listMessages", 0) < _windows(project) / 4
    assert "Traceback" not in capfd.readouterr().err


def test_a_run_that_failed_stops_the_others(project: Project) -> None:
    """Without a summary the first failure ends the run: no thread makes another request."""
    project.sandbox.faults.add(
        Fault(operation="listMessages", delay_ms=50, times=None),
        Fault(operation="listCampaigns", status=401, times=None),
    )
    earlier = set(threading.enumerate())

    with pytest.raises(PipelineStepFailed):
        project.run("campaigns", "messages", customerio_start=0)

    patience = time.monotonic() + 60
    while _workers(earlier) and time.monotonic() < patience:
        time.sleep(0.02)
    assert [] == _workers(earlier)
    assert project.sandbox.stats.by_operation.get("listMessages", 0) < _windows(project) / 4
