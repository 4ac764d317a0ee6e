"""Segments and their members.

A dynamic segment evaluates its `conditions` whenever an attribute changes, and those about time, events or
other segments when its members are read; members of a manual one are added and removed by calls. While a
segment's `state` is `build` its members are stale, and are evaluated again when the state becomes `finished`.
Members are listed by number, so that a reader misses a member who is added before the reader's position, as
with the real list.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sources.customerio.sandbox.state.store.activities import Activities
from sources.customerio.sandbox.state.store.conditions import Rule, compile_conditions
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.event_counts import EventCounts
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.store.records import RECORD_KINDS, Table


@dataclass(slots=True)
class Members:
    """The members of one segment, by person number; `stamp` is when a timed one was evaluated."""

    rule: Rule | None
    stamp: tuple[int, int] | None = None
    numbers: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)

    def put(self, number: int, *, member: bool) -> None:
        """Add a person to the members, or remove one from them."""
        if member and number not in self.numbers:
            self.numbers.add(number)
            insort(self.order, number)
        elif not member and number in self.numbers:
            self.numbers.remove(number)
            del self.order[bisect_right(self.order, number) - 1]


class Segments:
    """The segments of a workspace and their members."""

    def __init__(self, people: Iterable[Person], activities: Activities, now: Callable[[], int]) -> None:
        """Members are of `people`, by what is in `activities` at the time of `now`."""
        self.table = Table(RECORD_KINDS["segments"])
        self._people = people
        self._now = now
        self._counts = EventCounts(activities, now)
        self._members: dict[int, Members] = {}

    def add(self, fields: Record, at: int) -> int:
        """Add a segment; one with `conditions` is evaluated at once. Returns its id.

        Raises:
            BadRequest: the conditions are malformed, or name the segment itself.
        """
        record: Record = {
            "name": "",
            "description": "",
            "state": "finished",
            "progress": None,
            "type": "dynamic" if fields.get("conditions") else "manual",
            "tags": None,
            **fields,
        }
        members = Members(self._rule(record.get("conditions"), fields.get("id")))
        segment_id = self.table.add(record, at)
        self._members[segment_id] = members
        self._evaluate(members)
        return segment_id

    def edit(self, segment_id: int, fields: Record, at: int) -> None:
        """Edit a segment; it is evaluated again unless its state is `build`."""
        rule = self._rule(fields.get("conditions"), segment_id)
        self.table.edit(segment_id, fields, at)
        members = self._members[segment_id]
        if "conditions" in fields:
            members.rule = rule
        if self._is_finished(segment_id):
            self._evaluate(members)

    def delete(self, segment_id: int) -> None:
        """Delete a segment and its members."""
        self.table.delete(segment_id)
        del self._members[segment_id]

    def is_member(self, segment_id: int, number: int) -> bool:
        """True if a person is in a segment; false for a segment that does not exist."""
        return segment_id in self._members and number in self._current(segment_id).numbers

    def numbers(self, segment_id: int) -> frozenset[int]:
        """The members of a segment, by number."""
        self.table.get(segment_id)
        return frozenset(self._current(segment_id).numbers)

    def count(self, segment_id: int) -> int:
        """The number of members of a segment."""
        self.table.get(segment_id)
        return len(self._current(segment_id).numbers)

    def after(self, segment_id: int, number: int, limit: int) -> list[int]:
        """At most `limit` member numbers after `number`, in list order."""
        self.table.get(segment_id)
        order = self._current(segment_id).order
        first = bisect_right(order, number)
        return order[first : first + limit]

    def of_person(self, number: int) -> Iterator[Record]:
        """The segments that a person is in."""
        return (record for record in self.table if number in self._current(record["id"]).numbers)

    def set_member(self, segment_id: int, number: int, *, member: bool) -> None:
        """Add a person to a segment, or remove one; NotFound if there is no such segment."""
        self.table.get(segment_id)
        self._members[segment_id].put(number, member=member)
        for members in self._members.values():
            if members.rule is not None and members.rule.segments:
                members.stamp = None

    def update_person(self, person: Person, changed: Iterable[str] | None = None) -> None:
        """Evaluate the dynamic segments for a person; `changed` are the changed attributes, None is all."""
        names = None if changed is None else set(changed)
        for segment_id, members in self._members.items():
            rule = members.rule
            if rule is None or (names is not None and not rule.segments and not names & rule.fields):
                continue
            if rule.timed:
                members.stamp = None
            elif self._is_finished(segment_id):
                members.put(person.number, member=rule.test(person))

    def remove_person(self, number: int) -> None:
        """Remove a person from every segment."""
        for members in self._members.values():
            members.put(number, member=False)

    def _rule(self, conditions: object, segment_id: int | None) -> Rule | None:
        if not conditions:
            return None
        rule = compile_conditions(conditions, self._counts.of, self._now, self.is_member)
        named = list(rule.segments)
        for one in named:
            inner = self._members[one].rule if one in self._members else None
            named += [] if inner is None else inner.segments
            if one == segment_id:
                msg = "a segment cannot be a condition of itself"
                raise BadRequest(msg)
        return rule

    def _is_finished(self, segment_id: int) -> bool:
        return bool(self.table.get(segment_id)["state"] == "finished")

    def _current(self, segment_id: int) -> Members:
        """The members of a segment; of a timed one as of the clock and the activity log."""
        members = self._members[segment_id]
        timed = members.rule is not None and members.rule.timed
        if timed and members.stamp != self._counts.stamp and self._is_finished(segment_id):
            self._evaluate(members)
        return members

    def _evaluate(self, members: Members) -> None:
        """Evaluate a dynamic segment for all people."""
        if members.rule is not None:
            members.order = [person.number for person in self._people if members.rule.test(person)]
            members.numbers = set(members.order)
            members.stamp = self._counts.stamp
