"""The activity log: activities of people and objects, as columns sorted by `timestamp`.

A row has two times: `timestamp`, by which the list is ordered, and `arrived`, from which it is visible. They
differ for backdated events, events from the future and late arrivals, so a reader that expects new rows only
at the front misses some, as with the real list [airbyte].
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.columns import Array, Columns

# Customer.io promises this much; older rows may exist there [spec25].
RETENTION_S = 30 * DAY
# The longest that a planned row is backdated: events older than this trigger no campaigns [track26].
LATEST_S = 72 * HOUR
COUNTED = frozenset({"page", "event", "screen", "device_change"})
"""The types that conditions of segments count."""
_NONE = -1
NO_PERSON = -1
"""The person number of activities of objects, and of writes that matched no person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityFilter:
    """The activities that a call asks for; `person` is a number, a negative one matches no person."""

    type: str | None = None
    name: str | None = None
    person: int | None = None


class Activities:
    """The activity log of a workspace, up to the end of the planned day."""

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
        self._pending: list[tuple[int, int, int, int, int, int, int]] = []
        # How often people did what is no longer in the log, by type and name.
        self._trimmed: dict[tuple[int, int], Counter[int]] = {}
        self.version = 0  # counts the changes of the log

    def __len__(self) -> int:
        return len(self.columns) + len(self._pending)

    def type_code(self, name: str) -> int:
        """The code of an activity type in the columns."""
        return _code(name, self.types, self._codes["types"])

    def name_code(self, name: str) -> int:
        """The code of an event's, attribute's or page's name in the columns."""
        return _code(name, self.names, self._codes["names"])

    def extend(self, rows: Mapping[str, Array]) -> None:
        """Insert rows, given in any order; all columns but `order` must be there."""
        self._insert_pending()
        self.version += 1
        if not len(rows["timestamp"]):
            return
        by_time = np.lexsort((rows["uid"], rows["timestamp"]))
        ordered = {name: array[by_time] for name, array in rows.items()}
        ordered["order"] = self._next_order + np.arange(len(by_time))
        self._next_order += len(by_time)
        positions = np.searchsorted(self.columns["timestamp"], ordered["timestamp"], "right")
        self.columns.insert(positions, ordered)

    def append(
        self,
        type_: str,
        at: int,
        person: int,
        data: dict[str, Any],
        name: str | None = None,
        *,
        arrived: int | None = None,
        delivery: int = _NONE,
    ) -> int:
        """Log one activity of a person (or `NO_PERSON`) with its data; returns its `uid`.

        `arrived` is from when it is visible, by default `at`; `delivery` is a delivery's number.
        """
        self._next_uid += 1
        self.version += 1
        uid = -self._next_uid  # planned rows have positive uids
        if data:
            self.details[uid] = data
        code = _NONE if name is None else self.name_code(name)
        visible = at if arrived is None else arrived
        self._pending.append((at, uid, person, self.type_code(type_), code, visible, delivery))
        return uid

    def reassign(self, to: int, *, person: int | None = None, uids: Iterable[int] = ()) -> None:
        """Give person number `to` the activities of another person, or those with the given uids."""
        self._insert_pending()
        people = self.columns["person"]
        selected = np.isin(self.columns["uid"], list(uids))
        if person is not None:
            selected |= people == person
            for counts in self._trimmed.values():
                if person in counts:
                    counts[to] += counts.pop(person)
        people[selected] = to
        self.version += 1

    def drop_future(self, now: int, *, person: int | None = None, deliveries: Iterable[int] = ()) -> None:
        """Drop the activities of a removed person, or of dropped deliveries, that are not visible yet."""
        # Appended rows are visible already, and no planned row is backdated by more than LATEST_S: the rows
        # to drop lie in the tail.
        first = int(np.searchsorted(self.columns["timestamp"], now - LATEST_S))
        lost = np.isin(self.columns["delivery"][first:], list(deliveries))
        if person is not None:
            lost |= self.columns["person"][first:] == person
        lost &= self.columns["arrived"][first:] > now
        if lost.any():
            self.columns.keep(~lost, first)
            self.version += 1

    def trim(self, before: int) -> None:
        """Drop the rows before an instant, which are older than readers can see."""
        self._insert_pending()
        first = int(np.searchsorted(self.columns["timestamp"], before))
        for uid in self.columns["uid"][:first].tolist():
            self.details.pop(uid, None)
        self._count_trimmed(first)
        keep = np.ones(len(self.columns), dtype=bool)
        keep[:first] = False
        self.columns.keep(keep)

    def people_of(self, type_: str, name: str | None, *, since: int | None, now: int) -> NDArray[np.int64]:
        """The person numbers of visible activities of a type, and of a name if one is given.

        Each activity after `since` is one entry; those of no person are left out.
        """
        self._insert_pending()
        first = 0 if since is None else int(np.searchsorted(self.columns["timestamp"], since, "right"))
        mask = self._matches(ActivityFilter(type=type_, name=name), first, len(self.columns), now)
        mask &= self.columns["person"][first:] != NO_PERSON
        numbers: NDArray[np.int64] = self.columns["person"][first:][mask]
        return numbers

    def trimmed(self, type_: str, name: str | None) -> Counter[int]:
        """How often each person did what is no longer in the log."""
        kind = self._codes["types"].get(type_, -2)
        wanted = None if name is None else self._codes["names"].get(name, -2)
        found: Counter[int] = Counter()
        for (code, label), counts in self._trimmed.items():
            if code == kind and wanted in (None, label):
                found.update(counts)
        return found

    def _count_trimmed(self, first: int) -> None:
        columns = (self.columns[name][:first].tolist() for name in ("type", "name", "person"))
        for type_, name, person in zip(*columns, strict=True):
            if person != NO_PERSON and self.types[type_] in COUNTED:
                self._trimmed.setdefault((type_, name), Counter())[person] += 1

    def newest(
        self,
        filter_: ActivityFilter,
        now: int,
        *,
        before: tuple[int, int] | None = None,
        limit: int | None = None,
    ) -> NDArray[np.int64]:
        """Row numbers of visible activities, newest `timestamp` first.

        `before` is the (timestamp, order) after which a page continues.
        """
        self._insert_pending()
        timestamp = self.columns["timestamp"]
        low = int(np.searchsorted(timestamp, now - RETENTION_S, "left"))
        stop = len(timestamp) if before is None else self._position(before)
        found: list[NDArray[np.int64]] = []
        count, size = 0, 4096
        while stop > low and (limit is None or count < limit):
            begin = max(low, stop - size)
            rows = begin + np.flatnonzero(self._matches(filter_, begin, stop, now))[::-1]
            found.append(rows)
            count, stop, size = count + len(rows), begin, size * 4
        return np.concatenate(found)[:limit] if found else np.zeros(0, dtype=np.int64)

    def _matches(self, filter_: ActivityFilter, begin: int, stop: int, now: int) -> NDArray[np.bool_]:
        rows = slice(begin, stop)
        mask: NDArray[np.bool_] = self.columns["arrived"][rows] <= now
        if filter_.type is not None:
            mask &= self.columns["type"][rows] == self._codes["types"].get(filter_.type, -2)
        if filter_.name is not None:
            mask &= self.columns["name"][rows] == self._codes["names"].get(filter_.name, -2)
        if filter_.person is not None:
            mask &= self.columns["person"][rows] == filter_.person
        return mask

    def _position(self, before: tuple[int, int]) -> int:
        at, order = before
        left = int(np.searchsorted(self.columns["timestamp"], at, "left"))
        right = int(np.searchsorted(self.columns["timestamp"], at, "right"))
        return left + int(np.searchsorted(self.columns["order"][left:right], order))

    def _insert_pending(self) -> None:
        """Insert the appended rows by `timestamp`; within a second they keep their order."""
        if not self._pending:
            return
        appended = sorted(self._pending, key=lambda row: row[0])
        self._pending = []
        at, uid, person, type_, name, arrived, delivery = (
            np.array(column) for column in zip(*appended, strict=True)
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
