"""Deliveries over time, sampled before any is loaded."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.ingest.forecast.forecast import surveying
from pipelines.ingest.forecast.timeline import SAMPLES, history_windows, timeline
from pipelines.times import DAY
from sources.customerio.catalogue import resource
from sources.customerio.extract import Window
from sources.customerio.extract.messages import WINDOW_S
from sources.customerio.sandbox import SCALES, Sandbox
from tests.conftest import Warehouse, following

MESSAGES = resource("messages")
LARGE_SENDS = replace(
    SCALES["tiny"], name="large sends", people=1_500, deliveries=16_000, newsletter_every_days=14
)


@pytest.fixture
def sends(tmp_path: Path) -> Iterator[Warehouse]:
    """A workspace in which a newsletter has as many deliveries as a page."""
    with following(Sandbox(scale=LARGE_SENDS, seed=5), tmp_path / "data") as warehouse:
        yield warehouse


def test_a_small_history_is_seen_whole(warehouse: Warehouse) -> None:
    """Of windows that fit into a page each, every delivery is known, and the oldest is found."""
    created = [row["created"] for row in warehouse.sandbox.rows("messages")]
    with surveying(warehouse.settings) as survey:
        known = timeline(survey, MESSAGES)

    now = warehouse.sandbox.clock.now()
    assert "" == known.note
    assert len(created) == pytest.approx(known.rows.rows(Window(start=0, end=now)))
    assert (now - min(created)) // WINDOW_S + 1 == known.filled
    windows = history_windows(known, now, None)
    assert 0 == len(windows) % 12
    assert len(windows) >= known.filled + 12


def test_a_start_ends_the_history(warehouse: Warehouse) -> None:
    """With a start, no time before it is asked for."""
    now = warehouse.sandbox.clock.now()
    settings = warehouse.settings.model_copy(update={"customerio_start": now - 45 * DAY})
    with surveying(settings) as survey:
        known = timeline(survey, MESSAGES)

    assert [now - WINDOW_S + 1, now - 45 * DAY] == [
        window.start for window in history_windows(known, now, now - 45 * DAY)
    ]
    assert 0.0 == known.rows.rows(Window(start=0, end=now - 46 * DAY))


def test_newsletters_are_not_missed_by_a_sample(sends: Warehouse) -> None:
    """Where newsletters are most of the deliveries, few pages tell the number within a fifth."""
    truth = sum(1 for _ in sends.sandbox.rows("messages"))
    sent = sum(bool(row.get("newsletter_id")) for row in sends.sandbox.rows("messages"))
    assert sent > truth / 4
    with surveying(sends.settings) as survey:
        before = sends.sandbox.stats.by_operation.get("listMessages", 0)
        known = timeline(survey, MESSAGES)
        asked = sends.sandbox.stats.by_operation["listMessages"] - before

    assert known.note
    assert asked <= SAMPLES + 10
    found = known.rows.rows(Window(start=0, end=sends.sandbox.clock.now()))
    assert truth == pytest.approx(found, rel=0.2), found
