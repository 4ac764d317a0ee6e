"""The ages of deliveries that are read again, and how many late metrics they find, and how soon.

That is computed from deliveries that are past the oldest age, of which the warehouse has all metrics that
syncs will ever find. Metrics of which an activity tells are found at once, so both figures are worst cases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.extract import BANDS, Band

_TABLE = "messages"
_SAMPLE = 2_000
# The sample's deliveries were made within that time.
_SPAN_S = 60 * DAY


def bands_of(settings: Settings) -> tuple[Band, ...]:
    """The ages of deliveries that are read again: those of the settings, or the source's own."""
    given = settings.customerio_bands
    return tuple(Band(max_age_s=age, every_s=every) for age, every in given) or BANDS


@dataclass(frozen=True, kw_only=True)
class LateMetrics:
    """The metrics that came later than the youngest age after their delivery.

    `seen` of them were looked at. `found` is the share that came within the oldest age, and `delay_s` the
    mean of the seconds until a sync reads such a delivery again; both are None if none was seen.
    """

    seen: int
    found: float | None = None
    delay_s: float | None = None


def late_metrics(query: Query, bands: Sequence[Band], now: int) -> LateMetrics:
    """The late metrics of up to 2,000 deliveries that are past the oldest age; the table must be there."""
    youngest, oldest = bands[0].max_age_s, bands[-1].max_age_s
    last = now - oldest - bands[-1].every_s
    rows = query(
        f"SELECT created, metrics FROM {DATASET}.{_TABLE} "
        f"WHERE created BETWEEN {last - _SPAN_S} AND {last} LIMIT {_SAMPLE}"
    )
    ages = [age for created, metrics in rows for age in _ages(created, metrics) if age > youngest]
    if not ages:
        return LateMetrics(seen=0)
    waits = [wait for age in ages if (wait := _wait_s(bands, age)) is not None]
    return LateMetrics(
        seen=len(ages), found=len(waits) / len(ages), delay_s=sum(waits) / len(waits) if waits else None
    )


def _ages(created: int, metrics: Any) -> Iterator[int]:
    """The seconds from a delivery to each of its metrics."""
    known = orjson.loads(metrics) if isinstance(metrics, str) else metrics
    yield from (at - created for at in (known or {}).values() if isinstance(at, int))


def _wait_s(bands: Sequence[Band], age: int) -> float | None:
    """The mean wait for a metric of that age: half the interval; None past the oldest age."""
    return next((band.every_s / 2 for band in bands if age <= band.max_age_s), None)
