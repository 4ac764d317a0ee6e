"""The page of the costs: requests of syncs and backfills by day and table, beside Customer.io's limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import no_warehouse, querying, tables
from pipelines.warehouse.runs import TABLE as RUNS
from pipelines.warehouse.runs import now_there
from sources.customerio.catalogue import RESOURCES, operation
from sources.customerio.client.limits import QUOTAS

DAYS = 30
"""The days that the page shows, today among them; days are those of UTC, by Customer.io's clock."""


@dataclass(frozen=True, kw_only=True)
class DayCost:
    """The requests of one day, and their share of the largest of the days."""

    day: date
    requests: int
    share: float


@dataclass(frozen=True, kw_only=True)
class TableCost:
    """The requests of one table: today, in the last 7 days, in all days, and day by day; and rows read."""

    table: str
    today: int
    week: int
    requests: int
    rows: int
    daily: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """The use of one of Customer.io's limits: the requests it allows in a window, and in a whole day.

    `today` and `most` are the requests of today and of the day with the most.
    """

    bucket: str
    requests: int
    window_s: float
    daily: float
    today: int
    most: int


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page.

    Raises:
        ConfigError, WarehouseError: there is no warehouse yet, or it cannot be read.
    """
    with querying(settings) as query:
        if RUNS not in tables(query):
            raise no_warehouse(settings)
        first = now_there(query) // DAY - DAYS + 1
        found = query(
            f"SELECT resource, finished_at - finished_at % {DAY} AS began, "
            "coalesce(sum(requests), 0), coalesce(sum(rows_read), 0) "
            f"FROM {DATASET}.{RUNS} WHERE finished_at >= {first * DAY} GROUP BY 1, 2"
        )
    requests: dict[str, list[int]] = {}
    rows: dict[str, int] = {}
    for table, began, asked, read_rows in found:
        place = int(began) // DAY - first
        # A reading of the future, which only a wrong clock makes, is of no day.
        if place < DAYS:
            requests.setdefault(table, [0] * DAYS)[place] += int(asked)
            rows[table] = rows.get(table, 0) + int(read_rows)
    return {
        "days": _days(first, requests.values()),
        "tables": sorted(
            (_table(table, daily, rows[table]) for table, daily in requests.items()),
            key=lambda cost: (-cost.requests, cost.table),
        ),
        "limits": _limits(requests),
        "speed": settings.cio_elt_speed,
    }


def _days(first: int, requests: Iterable[Sequence[int]]) -> list[DayCost]:
    totals = [sum(parts) for parts in zip(*requests, strict=True)] or [0] * DAYS
    most = max(*totals, 1)
    return [
        DayCost(
            day=datetime.fromtimestamp((first + place) * DAY, UTC).date(),
            requests=total,
            share=total / most,
        )
        for place, total in enumerate(totals)
    ]


def _table(table: str, daily: list[int], rows: int) -> TableCost:
    return TableCost(
        table=table, today=daily[-1], week=sum(daily[-7:]), requests=sum(daily), rows=rows, daily=daily
    )


def _limits(requests: Mapping[str, Sequence[int]]) -> list[LimitUse]:
    """The use of the limits of the calls that read tables."""
    buckets = {row.table: operation(row.operation).bucket for row in RESOURCES}
    found = []
    for bucket in dict.fromkeys(buckets.values()):
        parts = [daily for table, daily in requests.items() if buckets.get(table) == bucket]
        totals = [sum(day) for day in zip(*parts, strict=True)] or [0]
        quota = QUOTAS[bucket]
        found.append(
            LimitUse(
                bucket=bucket,
                requests=quota.requests,
                window_s=quota.window_s,
                daily=quota.requests * DAY / quota.window_s,
                today=totals[-1],
                most=max(totals),
            )
        )
    return found
