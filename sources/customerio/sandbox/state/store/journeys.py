"""Journeys through a campaign, derived from its deliveries so that both agree.

A journey begins with a delivery to a person who had none of the campaign for two weeks, or with one that is
marked as a beginning, and includes the following ones; so `messaged` agrees with the campaign's deliveries.
In addition an invented share of people start and are filtered out (`never_activated`), or leave before their
first message (`exited_early`). All numbers are dated by the journey's start and grow until it is over.

    started = activated + never_activated
    activated = messaged + people who left before their first message
    activated >= finished + exited_early
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import BEGINS, METRIC, Deliveries
from sources.customerio.sandbox.state.store.metrics import Parent, Series, binned, rows_of
from sources.customerio.sandbox.state.store.stable_random import stable_random

_SALT = 9
_GAP_S = 14 * DAY
# A journey is over some days after its last message.
_ENDS_S = 3 * DAY
# Of a hundred messaged journeys: beside how many a person was filtered out, beside how many a person left at
# once, and how many ended early.
_FILTERED, _LEFT_AT_ONCE, _LEFT = 12, 5, 8


def journeys(
    deliveries: Deliveries, parent: Parent, starts: Sequence[int], *, since: int, until: int, now: int
) -> Series:
    """The journeys that started from `since` to `until`, counted by state as of `now` and by period."""
    rows = rows_of(deliveries, parent, 0, now)
    begins, journey = _grouped(deliveries, rows)
    count = len(begins)
    started_at = deliveries.columns["created"][rows][begins]
    converted_at = deliveries.columns["metrics"][rows, METRIC["converted"]]
    converted = _any((converted_at > 0) & (converted_at <= now), journey, count)
    last_at = np.zeros(count, dtype=np.int64)
    np.maximum.at(last_at, journey, deliveries.columns["created"][rows])
    over = last_at + _ENDS_S <= now
    dice = stable_random(deliveries.columns["seq"][rows][begins], _SALT) % 100
    left = over & (dice < _LEFT)
    filtered, at_once = dice >= 100 - _FILTERED, (dice >= 40) & (dice < 40 + _LEFT_AT_ONCE)
    period = np.searchsorted(np.array(starts), started_at, "right").astype(np.int64) - 1
    inside = (since <= started_at) & (started_at <= until)

    def counted(mask: NDArray[np.bool_]) -> Array:
        return np.array(binned(period[mask & inside], len(starts)))

    messaged = counted(np.ones(count, dtype=bool))
    found = {
        "started": messaged + counted(at_once) + counted(filtered),
        "activated": messaged + counted(at_once),
        "exited_early": counted(left) + counted(at_once),
        "finished": counted(over & ~left),
        "converted": counted(converted),
        "never_activated": counted(filtered),
        "messaged": messaged,
    }
    return {name: numbers.tolist() for name, numbers in found.items()}


def _grouped(deliveries: Deliveries, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indexes in `rows` of the journeys' first deliveries, and the journey number of each delivery."""
    person, created = deliveries.columns["person"][rows], deliveries.columns["created"][rows]
    order = np.lexsort((np.arange(len(rows)), person))
    first = np.ones(len(rows), dtype=bool)
    same, gap = np.diff(person[order]) == 0, np.diff(created[order])
    first[1:] = ~same | (gap > _GAP_S)
    first |= (deliveries.columns["flags"][rows][order] & BEGINS) > 0
    journey = np.empty(len(rows), dtype=np.int64)
    journey[order] = np.cumsum(first) - 1
    return order[first], journey


def _any(flags: NDArray[np.bool_], journey: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    return np.bincount(journey[flags], minlength=count) > 0
