"""The forecast of a sync, beside what the sync takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.ingest.forecast.forecast import CHECK, forecast
from sources.customerio.sandbox import SCALES, Fault, Sandbox
from tests.conftest import Warehouse, following, settings_for
from tests.pipelines.ingest.forecast.conftest import assert_near, files

HOUR = 3600
SOME = (
    *("campaigns", "campaign_actions", "campaign_link_metrics", "newsletters", "newsletter_link_metrics"),
    *("messages", "activities", "segments", "segment_memberships", "people", "exported_people"),
)
"""A table of each kind of reader that costs most."""


@pytest.mark.proof
def test_a_plan_of_some_tables_says_what_their_syncs_take(warehouse: Warehouse) -> None:
    """Of a first sync and of one an hour later, predicted requests are within 5 % of the actual ones."""
    stats, before = warehouse.sandbox.stats, None
    for run in ("first sync", "sync"):
        planned = forecast(warehouse.settings, SOME)
        stats.clear()
        result = warehouse.sync(*SOME)

        assert run == planned.run
        assert_near(planned.requests, stats.total)
        assert before == planned.last_run
        before = sum(tally.requests for tally in result.summary.resources.values())
        rows = {table.resource: table.rows for table in planned.tables}
        for name in ("campaigns", "newsletters", "people"):
            assert rows[name] == result.summary.resources[name].read, name
        warehouse.sandbox.clock.advance(HOUR)
    assert [] == planned.rows_unknown


@pytest.mark.proof
def test_a_plan_of_a_full_sync_says_what_it_takes(warehouse: Warehouse) -> None:
    """A sync that reads everything again takes more than the next one, and the plan knows how many."""
    warehouse.sync()
    next_one, planned = forecast(warehouse.settings), forecast(warehouse.settings, full=True)
    warehouse.sandbox.stats.clear()

    warehouse.sync(full=True)

    assert "full sync" == planned.run
    assert_near(planned.requests, warehouse.sandbox.stats.total)
    assert next_one.requests < planned.requests / 5


def test_a_plan_takes_few_requests_and_writes_nothing(warehouse: Warehouse) -> None:
    """A plan of a workspace that was never synced counts its own requests, and makes no file."""
    warehouse.sandbox.stats.clear()

    planned = forecast(warehouse.settings)

    assert warehouse.sandbox.stats.total == planned.requests_of_plan
    assert planned.requests_of_plan < planned.requests / 5
    assert [] == files(warehouse.settings.cio_elt_data)


def test_figures_that_cannot_be_known_are_named(warehouse: Warehouse) -> None:
    """Before the first sync, rows below parents are unknown, and the sum leaves them out."""
    planned = forecast(warehouse.settings, ("snippets", "campaigns", "campaign_metrics"))

    assert ["snippets", "campaign_metrics"] == planned.rows_unknown
    rows = {table.resource: table.rows for table in planned.tables}
    assert len(list(warehouse.sandbox.rows("campaigns"))) == rows["campaigns"] == planned.rows
    assert rows["snippets"] is None


def test_a_refused_list_is_a_line_with_its_reason(warehouse: Warehouse) -> None:
    """A list that the key may not read costs its one request; the other tables are predicted."""
    warehouse.sandbox.faults.add(Fault(operation="listCampaigns", status=403, times=None))

    planned = forecast(warehouse.settings, ("campaigns", "campaign_actions", "segments"))

    lines = {table.resource: table for table in planned.tables}
    assert (1, None) == (lines["campaigns"].requests, lines["campaigns"].rows)
    assert "scope" in lines["campaigns"].note
    assert 0 == lines["campaign_actions"].requests
    assert len(list(warehouse.sandbox.rows("segments"))) == lines["segments"].rows


def test_minutes_follow_from_the_configured_rate(warehouse: Warehouse) -> None:
    """Half the speed takes twice the minutes."""
    full, half = (
        forecast(warehouse.settings.model_copy(update={"cio_elt_speed": speed}), ("campaigns",))
        for speed in (10.0, 5.0)
    )

    assert full.requests == half.requests
    assert half.minutes == pytest.approx(2 * full.minutes)
    assert full.minutes == pytest.approx(full.requests / full.requests_a_second / 60)


@pytest.mark.proof
def test_many_people_are_predicted_by_an_export(warehouse: Warehouse) -> None:
    """Above the setting, people come by an export: the plan says so, why, and what that takes."""
    sandbox, data = warehouse.sandbox, warehouse.settings.cio_elt_data
    sandbox.knobs.export_takes_s = 0
    settings = settings_for(sandbox, warehouse.served, data, customerio_people_by_search=10)
    warehouse = Warehouse(sandbox, warehouse.served, settings)
    planned = forecast(settings, ("people", "snippets"))
    sandbox.stats.clear()
    warehouse.sync("people", "snippets")

    (people,) = (table for table in planned.tables if table.resource == "people")
    assert "export" == people.path
    assert "CUSTOMERIO_PEOPLE_BY_SEARCH" in people.note
    polls = sandbox.stats.by_operation["getExport"]
    assert planned.requests + polls - 1 == sandbox.stats.total


WORLDS = {
    "tiny": (SCALES["tiny"], 1),
    "busy": (replace(SCALES["tiny"], name="busy", people=300, deliveries=9_000, events=3_000), 7),
    "demo": (SCALES["demo"], 3),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", WORLDS)
def test_a_plan_of_all_tables_is_within_five_percent(name: str, tmp_path: Path) -> None:
    """Of three workspaces, a first sync, one an hour later and one a day later take what was predicted."""
    scale, seed = WORLDS[name]
    sandbox = Sandbox(scale=scale, seed=seed)
    with following(sandbox, tmp_path / "data") as warehouse:
        for pause in (0, HOUR, 24 * HOUR):
            sandbox.clock.advance(pause)
            planned = forecast(warehouse.settings)
            sandbox.stats.clear()
            warehouse.sync()
            assert_near(planned.requests, sandbox.stats.total)


@pytest.mark.proof
def test_a_day_of_hourly_syncs_takes_what_was_predicted(warehouse: Warehouse) -> None:
    """After the first sync, the requests of 24 syncs an hour apart are within 5 % of a predicted day."""
    tables = ("messages", "activities")
    warehouse.sync(*tables)
    planned = forecast(warehouse.settings, tables)
    warehouse.sandbox.stats.clear()

    for _ in range(24):
        warehouse.sandbox.clock.advance(HOUR)
        warehouse.sync(*tables)

    assert_near(planned.requests_a_day, warehouse.sandbox.stats.total)
    assert CHECK == planned.tables[0].resource
