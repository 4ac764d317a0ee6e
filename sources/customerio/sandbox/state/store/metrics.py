"""Counts of deliveries by period, as the metrics calls show them.

A metric counts in the period in which its delivery was created, not in its own [docs-metrics]. So yesterday's
numbers go on growing, and a series adds up to the deliveries that were created in its periods and have that
metric by now.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sources.customerio.catalogue import DELIVERY_METRICS
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import METRIC, Deliveries

Parent = Mapping[str, int | str]
"""Whose deliveries are counted: fields of their source, such as a campaign's id, an action's, a channel."""

Series = dict[str, list[int]]

# A series' name to the delivery's metric; `suppressed` counts what a delivery calls `dropped` [wh26].
_METRICS = {
    row.name: METRIC[row.name if row.in_delivery else row.counts[-1]]
    for row in DELIVERY_METRICS
    if row.in_series and row.name != "created"
}
# What webhooks were answered with; the world's are either taken or answered 500.
_ANSWERS = {"2xx": METRIC["sent"], "3xx": None, "4xx": None, "5xx": METRIC["failed"]}

ANSWERED = frozenset(_ANSWERS)
TOLD_APART = frozenset(row.name for row in DELIVERY_METRICS if row.actor)
"""The series that tell people and machines apart."""


def sources_of(deliveries: Deliveries, parent: Parent) -> NDArray[np.bool_]:
    """Which sources of deliveries are the parent's, by their number."""
    sources, fields = deliveries.sources, parent.items()
    return np.array([all(getattr(s, name) == value for name, value in fields) for s in sources], dtype=bool)


def rows_of(deliveries: Deliveries, parent: Parent, since: int, until: int) -> NDArray[np.int64]:
    """The parent's deliveries made from `since` to `until`, both included, drafts too, oldest first."""
    wanted = sources_of(deliveries, parent)
    created = deliveries.columns["created"]
    first = int(np.searchsorted(created, since, "left"))
    stop = max(first, int(np.searchsorted(created, until, "right")))
    return first + np.flatnonzero(wanted[deliveries.columns["source"][first:stop]])


def series(
    deliveries: Deliveries,
    parent: Parent,
    starts: Sequence[int],
    *,
    now: int,
    since: int | None = None,
    until: int | None = None,
) -> Series:
    """Every series of a parent, a number per period; `starts` are where the periods begin.

    `since` and `until` cut the first and the last period short.
    """
    until = now if until is None else min(until, now)
    rows = rows_of(deliveries, parent, starts[0] if since is None else since, until)
    period = periods_of(deliveries, rows, starts)
    at = deliveries.columns["metrics"][rows]
    reached = (at > 0) & (at <= now)
    webhooks = np.array([source.channel == "webhook" for source in deliveries.sources], dtype=bool)
    answered = reached & webhooks[deliveries.columns["source"][rows]][:, None]
    count = len(starts)
    # Drafts are made as well: `created` less `drafted` is what was meant to be sent (unverified).
    found: Series = {"created": binned(period, count)}
    found |= {name: binned(period[reached[:, column]], count) for name, column in _METRICS.items()}
    return found | {
        name: [0] * count if column is None else binned(period[answered[:, column]], count)
        for name, column in _ANSWERS.items()
    }


def periods_of(deliveries: Deliveries, rows: Array, starts: Sequence[int]) -> NDArray[np.int64]:
    """The place in `starts` of the period in which each of those deliveries was made."""
    created = deliveries.columns["created"][rows]
    return np.searchsorted(np.array(starts), created, "right").astype(np.int64) - 1


def binned(period: NDArray[np.int64], count: int) -> list[int]:
    """How many there are of each period."""
    return [int(number) for number in np.bincount(period, minlength=count)]
