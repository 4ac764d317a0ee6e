"""Activities: what people did and what was done to them, as columns sorted by `timestamp`.

A row has two times: `timestamp`, by which the list is ordered, and `arrived`, from which it can be seen.
Backdated events, events from the future and late arrivals are rows whose two times differ, so a reader who
assumes that new rows only ever come in front misses some, as with the real list [airbyte].
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.columns import Array, Columns

# Older rows may exist at Customer.io, but only this much is promised [spec25].
RETENTION_S = 30 * DAY
# The longest that a row is backdated: events older than this no longer trigger campaigns [track26].
LATEST_S = 72 * HOUR
_NOTHING = -1
NOBODY = -1
"""The person of what happened to an object, or of a write that matched nobody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which activities a call asks for; `person` is a number, and a negative one matches nobody."""

    type: str | None = None
    name: str | None = None
    person: int | None = None


class Activities:
    """The activity log of a workspace, the rest of the planned day included."""

    def __init__(self) -> None:
        self.columns = Columns(
            timestamp=("<i8", 1),
            order=("<i8", 1),
            arrived=("<i8", 1),
            uid=("<i8", 1),
            person=("<i4", 1),
            type=("<i2", 1),
            name=("<i2", 1),
            delivery=("<i8", 1),
        )
        self.types: list[str] = []
        self.names: list[str] = []
        self.details: dict[int, dict[str, Any]] = {}
        self._codes: dict[str, dict[str, int]] = {"types": {}, "names": {}}
        self._next_order = 0
        self._next_uid = 0
        self._waiting: list[tuple[int, int, int, int, int, int, int]] = []

    def __len__(self) -> int:
        return len(self.columns) + len(self._waiting)

    def type_code(self, name: str) -> int:
        """The number that stands for an activity type in the columns."""
        return _code(name, self.types, self._codes["types"])

    def name_code(self, name: str) -> int:
        """The number that stands for an event's, attribute's or page's name."""
        return _code(name, self.names, self._codes["names"])

    def extend(self, rows: Mapping[str, Array]) -> None:
        """Take rows in any order; all columns but `order` must be given."""
        self._settle()
        if not len(rows["timestamp"]):
            return
        by_time = np.lexsort((rows["uid"], rows["timestamp"]))
        ordered = {name: array[by_time] for name, array in rows.items()}
        ordered["order"] = self._next_order + np.arange(len(by_time))
        self._next_order += len(by_time)
        positions = np.searchsorted(self.columns["timestamp"], ordered["timestamp"], "right")
        self.columns.insert(positions, ordered)

    def note(
        self,
        type_: str,
        at: int,
        person: int,
        data: dict[str, Any],
        name: str | None = None,
        *,
        arrived: int | None = None,
        delivery: int = _NOTHING,
    ) -> int:
        """Write down one thing that happened to somebody (or `NOBODY`), with its data; answers its number.

        `arrived` is from when it can be seen, `at` unless said otherwise; `delivery` is a delivery's number.
        """
        self._next_uid += 1
        uid = -self._next_uid  # planned rows have positive numbers
        if data:
            self.details[uid] = data
        code = _NOTHING if name is None else self.name_code(name)
        seen = at if arrived is None else arrived
        self._waiting.append((at, uid, person, self.type_code(type_), code, seen, delivery))
        return uid

    def hand_over(self, to: int, *, person: int | None = None, uids: Iterable[int] = ()) -> None:
        """Let somebody have what another person did, or what was noted under those numbers."""
        self._settle()
        people = self.columns["person"]
        mine = np.isin(self.columns["uid"], list(uids))
        if person is not None:
            mine |= people == person
        people[mine] = to

    def forget_future(self, now: int, person: int) -> None:
        """Drop what was still to happen to somebody who has left."""
        # What is noted has happened already, and nothing planned is backdated by more than LATEST_S: what is
        # still to come lies in the tail.
        first = int(np.searchsorted(self.columns["timestamp"], now - LATEST_S))
        tail_of_person = self.columns["person"][first:] == person
        lost = tail_of_person & (self.columns["arrived"][first:] > now)
        if lost.any():
            self.columns.keep(~lost, first)

    def trim(self, before: int) -> None:
        """Drop rows that no reader will see again."""
        self._settle()
        first = int(np.searchsorted(self.columns["timestamp"], before))
        for uid in self.columns["uid"][:first].tolist():
            self.details.pop(uid, None)
        keep = np.ones(len(self.columns), dtype=bool)
        keep[:first] = False
        self.columns.keep(keep)

    def newest(
        self, wanted: Wanted, now: int, *, before: tuple[int, int] | None = None, limit: int | None = None
    ) -> NDArray[np.int64]:
        """Visible rows, newest `timestamp` first; `before` is the (timestamp, order) to continue behind."""
        self._settle()
        timestamp = self.columns["timestamp"]
        low = int(np.searchsorted(timestamp, now - RETENTION_S, "left"))
        stop = len(timestamp) if before is None else self._position(before)
        found: list[NDArray[np.int64]] = []
        count, size = 0, 4096
        while stop > low and (limit is None or count < limit):
            begin = max(low, stop - size)
            rows = begin + np.flatnonzero(self._matches(wanted, begin, stop, now))[::-1]
            found.append(rows)
            count, stop, size = count + len(rows), begin, size * 4
        return np.concatenate(found)[:limit] if found else np.zeros(0, dtype=np.int64)

    def _matches(self, wanted: Wanted, begin: int, stop: int, now: int) -> NDArray[np.bool_]:
        rows = slice(begin, stop)
        mask: NDArray[np.bool_] = self.columns["arrived"][rows] <= now
        if wanted.type is not None:
            mask &= self.columns["type"][rows] == self._codes["types"].get(wanted.type, -2)
        if wanted.name is not None:
            mask &= self.columns["name"][rows] == self._codes["names"].get(wanted.name, -2)
        if wanted.person is not None:
            mask &= self.columns["person"][rows] == wanted.person
        return mask

    def _position(self, before: tuple[int, int]) -> int:
        at, order = before
        left = int(np.searchsorted(self.columns["timestamp"], at, "left"))
        right = int(np.searchsorted(self.columns["timestamp"], at, "right"))
        return left + int(np.searchsorted(self.columns["order"][left:right], order))

    def _settle(self) -> None:
        """Put noted rows where they belong; later ones stay behind earlier ones of the same second."""
        if not self._waiting:
            return
        noted = sorted(self._waiting, key=lambda row: row[0])
        self._waiting = []
        at, uid, person, type_, name, arrived, delivery = (
            np.array(column) for column in zip(*noted, strict=True)
        )
        rows = {
            "timestamp": at,
            "order": self._next_order + np.arange(len(at)),
            "arrived": arrived,
            "uid": uid,
            "person": person,
            "type": type_,
            "name": name,
            "delivery": delivery,
        }
        self._next_order += len(at)
        self.columns.insert(np.searchsorted(self.columns["timestamp"], at, "right"), rows)


def _code(name: str, names: list[str], codes: dict[str, int]) -> int:
    if name not in codes:
        codes[name] = len(names)
        names.append(name)
    return codes[name]
