"""Sixty days of hourly syncs of a whole workspace: requests, and rows that are later than is stated.

The baseline reads every parent of every table: a sync of all tables by their names, of a warehouse of its
own, an hour after another one, once in two days. The checks are 25 hours apart, and so at each hour of a day.
A row that Customer.io has had as it is for longer than its table's delay is wrong where the warehouse has it
otherwise, and so is a row that it has not had for longer. The delay of a table is that of its `changes_with`
in `RESOURCES`; that of a delivery is of its age, by `BANDS`.

`CIO_ELT_BENCH_DAYS` changes the days, and `CIO_ELT_BENCH_SCALE` the workspace (tiny, demo).
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from xxhash import xxh3_64_intdigest

from pipelines.times import DAY, HOUR
from sources.customerio import resources_named
from sources.customerio.catalogue import Resource
from sources.customerio.extract import BANDS
from sources.customerio.sandbox import SCALES, Sandbox
from tests.bench.measure import Figure, Wrong, repeated
from tests.conftest import Warehouse, following, without_nulls

DAYS = int(os.environ.get("CIO_ELT_BENCH_DAYS", "60"))
SCALE = os.environ.get("CIO_ELT_BENCH_SCALE", "tiny")
MOST_SHARE = 0.15
_CHECK_HOURS, _BASELINE_HOURS = 25, 48

Key = tuple[Any, ...]
Rows = dict[Key, dict[str, Any]]
TABLES = [row for row in resources_named([]) if row.parent_type is None]
"""The tables of a sync without names, but for those that fetch the files of exports."""


@dataclass
class Standing:
    """Since when Customer.io has had each row of a table as it is, or has not had it (Unix s).

    It is known by the checks, so a row may have been as it is for up to a check's interval longer.
    """

    since: dict[Key, tuple[int | None, int]] = field(default_factory=dict)

    def look(self, rows: Rows, now: int) -> None:
        """Note the rows that differ from those of the check before."""
        for key in self.since.keys() | rows.keys():
            print_of = _print(rows[key]) if key in rows else None
            if self.since.get(key, (None, 0))[0] != print_of:
                self.since[key] = (print_of, now)

    def age_s(self, key: Key, now: int) -> int:
        """The seconds for which that row has been as it is, at least."""
        return now - self.since.get(key, (None, now))[1]


def run(times: int) -> list[Figure]:
    """The requests of both, and the rows that are late."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    sandbox = Sandbox(scale=SCALES[SCALE])
    with (
        tempfile.TemporaryDirectory() as folder,
        following(sandbox, Path(folder) / "data") as ours,
        following(sandbox, Path(folder) / "baseline") as baseline,
    ):
        return list(_figures(*_simulated(sandbox, ours, baseline)))


def _simulated(
    sandbox: Sandbox, ours: Warehouse, baseline: Warehouse
) -> tuple[list[int], list[int], dict[str, list[int]]]:
    """The requests of each sync, those of each of the baseline, and the ages of late rows by table."""
    standing = {row.table: Standing() for row in TABLES}
    requests, requests_of_baseline = [], []
    late: dict[str, list[int]] = {row.table: [] for row in TABLES}
    _requests(sandbox, ours)
    for hour in range(1, DAYS * 24 + 1):
        sandbox.clock.advance(HOUR)
        requests.append(_requests(sandbox, ours))
        if hour % _BASELINE_HOURS in (0, 1):
            taken = _requests(sandbox, baseline, *(row.table for row in TABLES))
            if hour % _BASELINE_HOURS:
                requests_of_baseline.append(taken)
        if hour % _CHECK_HOURS == 0:
            for row in TABLES:
                late[row.table] += _late(row, ours, standing[row.table])
    return requests, requests_of_baseline[1:], late


def _requests(sandbox: Sandbox, warehouse: Warehouse, *tables: str) -> int:
    """The requests of a sync."""
    sandbox.stats.clear()
    result = warehouse.sync(*tables)
    if result.failed:
        msg = f"{result.failed[0].resource} was not read: {result.failed[0].error}"
        raise Wrong(msg)
    return sandbox.stats.total


def _late(row: Resource, warehouse: Warehouse, standing: Standing) -> Iterator[int]:
    """The seconds by which each row is later than its table's delay."""
    now = warehouse.sandbox.clock.now()
    truth, found = (without_nulls(rows) for rows in warehouse.compared(row))
    standing.look(truth, now)
    for key in truth.keys() | found.keys():
        if truth.get(key) != found.get(key):
            yield standing.age_s(key, now) - _delay_s(row, truth.get(key) or found[key], now)


def _delay_s(row: Resource, record: dict[str, Any], now: int) -> int:
    """The seconds within which a sync finds a change of that row."""
    if row.reader == "windows":
        age = now - record["created"]
        return (
            next((band.every_s for band in BANDS if age <= band.max_age_s + band.every_s), DAYS * DAY) + HOUR
        )
    return (row.changes_with.sweep_s if row.changes_with else 0) + HOUR


def _print(row: dict[str, Any]) -> int:
    return xxh3_64_intdigest(orjson.dumps(row, option=orjson.OPT_SORT_KEYS, default=repr))


def _figures(requests: list[int], baseline: list[int], late: dict[str, list[int]]) -> Iterator[Figure]:
    mean, mean_of_baseline = sum(requests) / len(requests), sum(baseline) / len(baseline)
    yield Figure.of(f"requests of a sync of everything, {SCALE} workspace", mean_of_baseline)
    yield Figure.of("requests of an hourly sync", mean)
    yield Figure.of("the most requests of one", max(requests))
    yield Figure.of("requests beside the baseline's", mean / mean_of_baseline, most=MOST_SHARE)
    ages = [age for table in late.values() for age in table]
    yield Figure.of(
        "rows that a check found to differ within their table's delay", sum(age <= 0 for age in ages)
    )
    yield Figure.of("rows that differed for longer", sum(age > 0 for age in ages), most=0)
    for table, found in late.items():
        if worst := [age for age in found if age > 0]:
            yield Figure.of(f"{table}: rows later than stated, by up to", max(worst) / HOUR, "h")
