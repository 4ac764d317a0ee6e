"""The forecast of a backfill, beside what the backfill takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.export import DeliveriesRequest, create, history, prepare_history
from pipelines.ingest.backfill import fill, plan
from pipelines.ingest.forecast.backfill import forecast_backfill
from pipelines.times import DAY
from sources.customerio.client import ConfigError
from sources.customerio.sandbox import SCALES, Sandbox, Scale
from tests.conftest import Warehouse, following
from tests.pipelines.ingest.forecast.conftest import assert_near, files


def _actual(warehouse: Warehouse, table: str, start: int) -> int:
    """The requests of that backfill until now."""
    planned = plan(warehouse.settings, table, start, warehouse.sandbox.clock.now())
    warehouse.sandbox.stats.clear()
    for chunk in planned.chunks:
        assert [] == fill(warehouse.settings, planned, chunk).failed
    return warehouse.sandbox.stats.total


def test_a_backfill_of_time_that_is_not_loaded(warehouse: Warehouse) -> None:
    """Without a warehouse its pages are sampled; the plan has the chunks, and takes what it says."""
    now = warehouse.sandbox.clock.now()
    start = now - 6 * DAY
    warehouse.sandbox.stats.clear()

    planned = forecast_backfill(warehouse.settings, "messages", start, now)

    assert planned.requests_of_plan == warehouse.sandbox.stats.total
    assert [] == files(warehouse.settings.cio_elt_data)
    assert (1, None) == (planned.chunks, planned.exports)
    assert "no parent" in planned.advice
    assert_near(planned.requests, _actual(warehouse, "messages", start))


def test_a_table_without_time_has_no_backfill(warehouse: Warehouse) -> None:
    """The message is that of the backfill itself."""
    with pytest.raises(ConfigError, match="cannot be backfilled"):
        forecast_backfill(warehouse.settings, "segments", 0)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("scale", "seed"),
    [
        (SCALES["tiny"], 1),
        (replace(SCALES["tiny"], name="busy", people=300, deliveries=9_000, events=3_000), 7),
        (SCALES["demo"], 3),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_a_backfill_of_time_that_is_loaded(scale: object, seed: int, tmp_path: Path) -> None:
    """Of three workspaces, deliveries and activities read again take what their tables predicted."""
    with following(Sandbox(scale=scale, seed=seed), tmp_path / "data") as warehouse:  # type: ignore[arg-type]
        warehouse.sync("messages", "activities", "segments")
        for table, days in (("messages", 40), ("activities", 20)):
            start = warehouse.sandbox.clock.now() - days * DAY
            planned = forecast_backfill(warehouse.settings, table, start, warehouse.sandbox.clock.now())
            assert_near(planned.requests, _actual(warehouse, table, start))


@pytest.mark.proof
@pytest.mark.parametrize(
    ("scale", "seed", "takes_s"),
    [
        (SCALES["tiny"], 1, 0),
        (replace(SCALES["tiny"], name="busy", people=300, deliveries=9_000, events=3_000), 7, 240),
        (SCALES["demo"], 3, 30),
    ],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_a_backfill_by_exports_takes_what_was_predicted(
    scale: Scale, seed: int, takes_s: int, tmp_path: Path
) -> None:
    """Counts, orders, links and looks, of three workspaces; earlier exports tell how long one takes."""
    with following(Sandbox(scale=scale, seed=seed), tmp_path / "data") as warehouse:
        settings, sandbox = warehouse.settings, warehouse.sandbox
        sandbox.knobs.export_takes_s = takes_s
        warehouse.sync("campaigns", "broadcasts", "newsletters", "segments")
        start = sandbox.clock.now() - 42 * DAY
        for number in range(3):
            create(settings, DeliveriesRequest(campaign_id=1, start=0, end=number))
        sandbox.clock.advance(takes_s)
        sandbox.stats.clear()
        planned = forecast_backfill(settings, "messages", start)
        assert planned.requests_of_plan == sandbox.stats.total
        sandbox.stats.clear()

        found = prepare_history(settings, start)
        results = list(history(settings, found, pause=sandbox.clock.advance))

        assert planned.exports == len(results) > 0
        assert f"by {planned.exports:,} exports" in planned.advice
        assert planned.requests_by_exports is not None
        assert_near(planned.requests_by_exports, sandbox.stats.total)
        asked = sandbox.stats.by_operation
        assert planned.exports == asked["exportDeliveriesData"] == asked["downloadExport"]
