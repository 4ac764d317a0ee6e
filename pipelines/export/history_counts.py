"""Customer.io's counts of a parent's deliveries by period: they tell that a parent has none of a time.

One request counts all years of a parent, and for a broadcast those of all its actions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipelines.export.history_parents import Parent
from sources.customerio.catalogue.periods import (
    HORIZON_S,
    MOST_STEPS,
    UTC,
    VERSION_2,
    Period,
    between,
    latest,
)
from sources.customerio.client import NOT_FOR_THIS_KEY, Client, NotFound, reading_answers
from sources.customerio.extract import Window
from sources.customerio.extract.rows import is_count

_FINEST: tuple[Period, ...] = ("days", "weeks", "months")
# An answer is younger than that.
_ANSWER_S = 120


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The deliveries of a parent by period: the first second of each, oldest first, and its number.

    The last period is not over: it reaches as far as any time that is asked for.
    """

    starts: Sequence[int]
    numbers: Sequence[int]

    def is_empty(self, time: Window) -> bool:
        """True if the periods with that time were all counted, and none has a delivery."""
        if not self.starts or self.starts[0] > time.start:
            return False
        spans = zip(pairwise([*self.starts, max(time.end, self.starts[-1]) + 1]), self.numbers, strict=True)
        return not any(number for (low, high), number in spans if low <= time.end and high > time.start)


_NONE = Counts(starts=(), numbers=())


def counts(client: Client, parent: Parent, whole: Window, now: int) -> Counts:
    """The counts of one parent, as far as Customer.io tells them: by days if they reach far enough back.

    A parent of which nothing is told has no period: one that was deleted, or that the key may not read.

    Raises:
        CustomerioError: the request failed.
    """
    sender = parent.kind.sender
    query, period = _query(sender.version, whole, now)
    try:
        answer = client.call(sender.metrics, path={sender.path: parent.id}, query=query)
    except (NotFound, *NOT_FOR_THIS_KEY):
        return _NONE
    if period is None:
        starts = between("days", int(query["start"]), int(query["end"]), UTC)
    else:
        starts = latest(period, MOST_STEPS[period], client.now())
        if client.now() - starts[-1] < _ANSWER_S:
            # That period may have begun after the answer, which then has another one as its last.
            return _NONE
    with reading_answers(f"`{sender.metrics}`"):
        return _counts(answer.field("metric")["series"] or {}, starts)


def _query(version: int, whole: Window, now: int) -> tuple[dict[str, Any], Period | None]:
    """The query, and the period of which it counts the most steps back from now; None for a window."""
    if version == 1:
        finest = (each for each in _FINEST if latest(each, MOST_STEPS[each], now)[0] <= whole.start)
        period: Period = next(finest, "months")
        return {"period": period, "steps": MOST_STEPS[period]}, period
    # Whole days: of the first one, only what is later than `start` may be counted.
    first, *_ = latest("days", 1, max(whole.start, now - HORIZON_S), UTC)
    query = {**VERSION_2, "res": "days", "start": first, "end": min(whole.end, now)}
    return query, None


def _counts(series: Mapping[str, Sequence[int] | None], starts: Sequence[int]) -> Counts:
    """The largest number of any series by period; without the one of created deliveries, none is known."""
    told = [[_number(value) for value in values] for values in series.values() if values is not None]
    known = len(series.get("created") or ())
    if known > len(starts):
        # They are of other periods than those that were asked for.
        return _NONE
    numbers = [max(values[-back] for values in told if back <= len(values)) for back in range(known, 0, -1)]
    return Counts(starts=starts[len(starts) - known :], numbers=numbers)


def _number(value: object) -> int:
    """A number of a series, 0 for null; ValueError if it is no count."""
    if value is None:
        return 0
    if not is_count(value):
        raise ValueError
    return int(str(value))
