"""How often people did something, counted over the activity log for conditions of segments."""

from collections.abc import Callable, Mapping

import numpy as np

from sources.customerio.sandbox.state.store.activities import Activities


class EventCounts:
    """Counts by type, name and time, kept until the log or the clock moves on."""

    def __init__(self, activities: Activities, now: Callable[[], int]) -> None:
        self._activities = activities
        self._now = now
        self._stamp = (-1, -1)
        self._counts: dict[tuple[str, str, int], Mapping[int, int]] = {}

    @property
    def stamp(self) -> tuple[int, int]:
        """The state of the log that counts are of: equal while no count can have changed."""
        return self._now(), self._activities.version

    def of(self, type_: str, name: str, within: int) -> Mapping[int, int]:
        """How often each person did it in the last `within` seconds, 0 is ever; a name `*` is any."""
        if self._stamp != self.stamp:
            self._stamp = self.stamp
            self._counts = {}
        key = (type_, name, within)
        if key not in self._counts:
            self._counts[key] = self._count(type_, name, within)
        return self._counts[key]

    def _count(self, type_: str, name: str, within: int) -> Mapping[int, int]:
        now = self._now()
        numbers = self._activities.people_of(
            type_, None if name == "*" else name, since=now - within if within else None, now=now
        )
        people, counts = np.unique(numbers, return_counts=True)
        found = dict(zip(people.tolist(), counts.tolist(), strict=True))
        if not within:
            for number, count in self._activities.trimmed(type_, None if name == "*" else name).items():
                found[number] = found.get(number, 0) + count
        return found
