"""How far back one request for deliveries reaches.

Customer.io counts in months: 6 a request at most, 12 for the deliveries of one parent. Without bounds each
call starts from somewhere else (docs of the `messages` calls, [spec25]). Months here are calendar months.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal


def shift(at: int, months: int) -> int:
    """The instant that many calendar months away, at the same time of day (UTC); short months end early."""
    then = datetime.fromtimestamp(at, UTC)
    count = then.year * 12 + then.month - 1 + months
    year, month = divmod(count, 12)
    day = min(then.day, monthrange(year, month + 1)[1])
    return int(then.replace(year=year, month=month + 1, day=day).timestamp())


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One call's rule: what it answers without bounds, and the longest range it serves.

    `anchor` says where a request without bounds begins: `latest` looks back from now, `first` looks on
    from where the parent began: a newsletter's first delivery, a broadcast's first trigger.
    """

    default_months: int
    cap_months: int
    anchor: Literal["latest", "first"] = "latest"

    def bounds(
        self, *, start_ts: int | None, end_ts: int | None, now: int, first: int | None
    ) -> tuple[int, int]:
        """The range that is served, both ends inclusive, in Unix seconds."""
        if start_ts is None and end_ts is None:
            if self.anchor == "first" and first is not None:
                return first, shift(first, self.default_months)
            return shift(now, -self.default_months), now
        end = now if end_ts is None else end_ts
        # Far-away bounds are legal (0 and 2**40 are both seen); calendars end at the year 9999.
        earliest = shift(min(max(end, _FIRST), _LAST), -self.cap_months)
        return (earliest if start_ts is None else max(start_ts, earliest)), end


_FIRST = 40_000_000
_LAST = 4_102_444_800

WORKSPACE = Reach(default_months=6, cap_months=6)
PERSON = Reach(default_months=6, cap_months=6)
CAMPAIGN = Reach(default_months=6, cap_months=12)
NEWSLETTER = Reach(default_months=6, cap_months=12, anchor="first")
BROADCAST = Reach(default_months=1, cap_months=12, anchor="first")
