"""Tasks that calls schedule for later instants, such as a broadcast's trigger in its queue.

A task runs at its own instant, between the world's planned changes, however late the clock is read.
"""

import heapq
from collections.abc import Callable
from itertools import count

NEVER = 1 << 62
Task = Callable[[], None]


class Scheduler:
    """Tasks by instant; tasks of one instant run in the order in which they were scheduled."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Task]] = []
        self._order = count()

    def schedule(self, at: int, task: Task) -> None:
        """Run `task` at an instant (Unix seconds)."""
        heapq.heappush(self._waiting, (at, next(self._order), task))

    @property
    def next_at(self) -> int:
        """When the next task is due; `NEVER` if there is none."""
        return self._waiting[0][0] if self._waiting else NEVER

    def run_next(self) -> None:
        """Run the task that is due first."""
        _, _, task = heapq.heappop(self._waiting)
        task()
