"""The requests of single syncs: the first, one in which nothing happened, one after an hour, one after a day.

The workspaces are the demo, other seeds of it, and a wide one: 300 newsletters, 100 campaigns and 1,000
actions, which send few deliveries each. The first sync is the baseline.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.times import DAY, HOUR
from sources.customerio.sandbox import SCALES, Sandbox
from tests.bench.measure import Figure, Wrong
from tests.conftest import Warehouse, following

MOST_IDLE, MOST_DAY, MOST_HOUR_WIDE = 100, 300, 400
_OTHER_SEEDS = (2, 3)
# One newsletter a day from the second day on.
_WIDE = replace(
    SCALES["demo"], name="wide", campaigns=100, actions=8, newsletter_every_days=1, history_days=302
)


def run(_times: int) -> list[Figure]:
    """The requests of the syncs of each workspace."""
    return [
        *_days("demo", Sandbox(scale="demo"), MOST_DAY),
        *(
            figure
            for seed in _OTHER_SEEDS
            for figure in _days(f"demo, seed {seed}", Sandbox(scale="demo", seed=seed))
        ),
        *_hours("wide", Sandbox(scale=_WIDE)),
    ]


def _days(name: str, sandbox: Sandbox, most_day: int | None = None) -> Iterator[Figure]:
    first, idle, hour, day = _requests(sandbox, [0, 0, HOUR, DAY])
    yield Figure.of(f"{name}: first sync", first, "requests")
    yield Figure.of(f"{name}: nothing happened", idle, "requests", most=MOST_IDLE)
    yield Figure.of(f"{name}: an hour passed", hour, "requests")
    yield Figure.of(f"{name}: a day passed", day, "requests", most=most_day)


def _hours(name: str, sandbox: Sandbox) -> Iterator[Figure]:
    first, idle, *hours = _requests(sandbox, [0, 0, *[HOUR] * 24])
    yield Figure.of(f"{name}: first sync", first, "requests")
    yield Figure.of(f"{name}: nothing happened", idle, "requests", most=MOST_IDLE)
    yield Figure.of(f"{name}: hourly syncs of a day, mean", sum(hours) / len(hours), "requests")
    yield Figure.of(f"{name}: the most of them", max(hours), "requests", most=MOST_HOUR_WIDE)


def _requests(sandbox: Sandbox, pauses_s: list[int]) -> list[int]:
    """The requests of syncs, each after a pause."""
    requests = []
    with tempfile.TemporaryDirectory() as folder, following(sandbox, Path(folder) / "data") as warehouse:
        for pause_s in pauses_s:
            sandbox.clock.advance(pause_s)
            requests.append(_synced(warehouse))
    return requests


def _synced(warehouse: Warehouse) -> int:
    warehouse.sandbox.stats.clear()
    result = warehouse.sync()
    if result.failed:
        msg = f"{result.failed[0].resource} was not read: {result.failed[0].error}"
        raise Wrong(msg)
    return warehouse.sandbox.stats.total
