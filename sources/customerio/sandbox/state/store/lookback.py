"""The time range of one request for deliveries.

Customer.io allows 6 months a request, and 12 for the deliveries of one parent. Without bounds each call has a
range of its own (docs of the `messages` calls, [spec25]). Months here are calendar months.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal


def add_months(at: int, months: int) -> int:
    """An instant plus calendar months (negative: before it), at the same time of day in UTC.

    A day that the month does not have becomes its last day.
    """
    then = datetime.fromtimestamp(at, UTC)
    count = then.year * 12 + then.month - 1 + months
    year, month = divmod(count, 12)
    day = min(then.day, monthrange(year, month + 1)[1])
    return int(then.replace(year=year, month=month + 1, day=day).timestamp())


@dataclass(frozen=True, kw_only=True)
class Lookback:
    """The range rule of one call: the default without bounds, and the longest range.

    `anchor` is where the default range lies: `latest` ends it now, `first` begins it with the parent: with a
    newsletter's first delivery or a broadcast's first trigger.
    """

    default_months: int
    cap_months: int
    anchor: Literal["latest", "first"] = "latest"

    def bounds(
        self, *, start_ts: int | None, end_ts: int | None, now: int, first: int | None
    ) -> tuple[int, int]:
        """The range that is served, in Unix seconds, both ends included."""
        if start_ts is None and end_ts is None:
            if self.anchor == "first" and first is not None:
                return first, add_months(first, self.default_months)
            return add_months(now, -self.default_months), now
        end = now if end_ts is None else end_ts
        # Bounds far away are legal (0 and 2**40 both occur); `datetime` ends at the year 9999.
        earliest = add_months(min(max(end, _FIRST), _LAST), -self.cap_months)
        return (earliest if start_ts is None else max(start_ts, earliest)), end


_FIRST = 40_000_000
_LAST = 4_102_444_800

WORKSPACE = Lookback(default_months=6, cap_months=6)
PERSON = Lookback(default_months=6, cap_months=6)
CAMPAIGN = Lookback(default_months=6, cap_months=12)
NEWSLETTER = Lookback(default_months=6, cap_months=12, anchor="first")
BROADCAST = Lookback(default_months=1, cap_months=12, anchor="first")
