"""Counts of deliveries by period, as the metrics calls show them.

Every metric is dated by the creation of its delivery, not by its own instant [docs-metrics]; so yesterday's
numbers keep growing, and a series adds up to the deliveries that were created in its periods and have that
metric.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sources.customerio.catalogue import DELIVERY_METRICS
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import METRIC, Deliveries

Parent = Mapping[str, int | str]
"""Fields of the source of the deliveries to count, such as `campaign_id`, `action_id` or `channel`."""

Series = dict[str, list[int]]

# Series name to delivery metric. The metric `dropped` is counted in the series `suppressed` [wh26].
_METRICS = {
    row.name: METRIC[row.name if row.in_delivery else row.counts[-1]]
    for row in DELIVERY_METRICS
    if row.in_series and row.name != "created"
}
# Series of webhooks' status codes; the world's webhooks get 200 or 500.
_WEBHOOK_STATUS = {"2xx": METRIC["sent"], "3xx": None, "4xx": None, "5xx": METRIC["failed"]}

WEBHOOK_SERIES = frozenset(_WEBHOOK_STATUS)
HUMAN_AND_MACHINE_SERIES = frozenset(row.name for row in DELIVERY_METRICS if row.actor)
"""The series that count people and machines separately."""


def sources_of(deliveries: Deliveries, parent: Parent) -> NDArray[np.bool_]:
    """A mask of `deliveries.sources`: true for the sources of a parent."""
    sources, fields = deliveries.sources, parent.items()
    return np.array([all(getattr(s, name) == value for name, value in fields) for s in sources], dtype=bool)


def rows_of(deliveries: Deliveries, parent: Parent, since: int, until: int) -> NDArray[np.int64]:
    """Row numbers of a parent's deliveries created from `since` to `until`, both included, oldest first.

    Drafts are included.
    """
    from_parent = sources_of(deliveries, parent)
    created = deliveries.columns["created"]
    first = int(np.searchsorted(created, since, "left"))
    stop = max(first, int(np.searchsorted(created, until, "right")))
    return first + np.flatnonzero(from_parent[deliveries.columns["source"][first:stop]])


def series(
    deliveries: Deliveries,
    parent: Parent,
    starts: Sequence[int],
    *,
    now: int,
    since: int | None = None,
    until: int | None = None,
) -> Series:
    """Every series of a parent, one number for each period; `starts` are the beginnings of the periods.

    `since` and `until` limit the first and the last period.
    """
    until = now if until is None else min(until, now)
    rows = rows_of(deliveries, parent, starts[0] if since is None else since, until)
    period = periods_of(deliveries, rows, starts)
    at = deliveries.columns["metrics"][rows]
    reached = (at > 0) & (at <= now)
    webhooks = np.array([source.channel == "webhook" for source in deliveries.sources], dtype=bool)
    reached_webhooks = reached & webhooks[deliveries.columns["source"][rows]][:, None]
    count = len(starts)
    # Drafts count as created: `created` less `drafted` is the number of messages to send (unverified).
    found: Series = {"created": binned(period, count)}
    found |= {name: binned(period[reached[:, column]], count) for name, column in _METRICS.items()}
    return found | {
        name: [0] * count if column is None else binned(period[reached_webhooks[:, column]], count)
        for name, column in _WEBHOOK_STATUS.items()
    }


def periods_of(deliveries: Deliveries, rows: Array, starts: Sequence[int]) -> NDArray[np.int64]:
    """The index in `starts` of the period in which each delivery was created."""
    created = deliveries.columns["created"][rows]
    return np.searchsorted(np.array(starts), created, "right").astype(np.int64) - 1


def binned(period: NDArray[np.int64], count: int) -> list[int]:
    """The number of entries of each period."""
    return [int(number) for number in np.bincount(period, minlength=count)]
