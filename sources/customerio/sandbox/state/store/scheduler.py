"""What is due later: work that a workspace has taken on and does when its instant comes.

Days are planned by the world; this is what calls put between the world's steps, such as a broadcast that
waits in its queue. Work is done at its own instant however late the clock is looked at.
"""

import heapq
from collections.abc import Callable
from itertools import count

NEVER = 1 << 62
Work = Callable[[], None]


class Agenda:
    """Work by instant; what is due at the same one is done in the order in which it was put."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Work]] = []
        self._order = count()

    def put(self, at: int, work: Work) -> None:
        """Have `work` done at that instant (Unix seconds)."""
        heapq.heappush(self._waiting, (at, next(self._order), work))

    @property
    def next_at(self) -> int:
        """When the next work is due; `NEVER` if there is none."""
        return self._waiting[0][0] if self._waiting else NEVER

    def run_next(self) -> None:
        """Do the work that is due first."""
        _, _, work = heapq.heappop(self._waiting)
        work()
