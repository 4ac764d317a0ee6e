"""The forecast of a backfill, beside what the backfill takes."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.export import history, history_requests
from pipelines.ingest.backfill import fill, plan
from pipelines.ingest.forecast.backfill import forecast_backfill
from pipelines.times import DAY
from sources.customerio.client import ConfigError
from sources.customerio.sandbox import SCALES, Sandbox
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
def test_a_backfill_by_exports_takes_what_was_predicted(warehouse: Warehouse) -> None:
    """The plan counts the exports, and their requests but for questions about a file that is not made yet."""
    warehouse.sandbox.knobs.export_takes_s = 0
    warehouse.sync("campaigns", "broadcasts", "newsletters", "segments")
    start = warehouse.sandbox.clock.now() - 20 * DAY
    planned = forecast_backfill(warehouse.settings, "messages", start)
    orders = history_requests(warehouse.settings, start)
    warehouse.sandbox.stats.clear()

    results = list(history(warehouse.settings, orders))

    assert len(results) == planned.exports
    assert f"{planned.exports:,} exports" in planned.advice
    polls = warehouse.sandbox.stats.by_operation["getExport"] - len(results)
    assert planned.requests_by_exports is not None
    assert_near(planned.requests_by_exports + polls, warehouse.sandbox.stats.total)
