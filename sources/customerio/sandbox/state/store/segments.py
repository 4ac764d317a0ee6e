"""Segments and their members.

A dynamic segment evaluates its `conditions` whenever a person changes; members of a manual one are added and
removed by calls. While a segment's `state` is `build` its members are stale, and are evaluated again when the
state becomes `finished`. Members are listed by number, so that a reader misses a member who is added before
the reader's position, as with the real list.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sources.customerio.sandbox.state.store.filters import Test, compile_filter, fields_of
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.store.records import RECORD_KINDS, Table


@dataclass(slots=True)
class Members:
    """The members of one segment, by person number."""

    rule: Test | None
    fields: frozenset[str]
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

    def __init__(self) -> None:
        self.table = Table(RECORD_KINDS["segments"])
        self._members: dict[int, Members] = {}

    def add(self, fields: Record, at: int, people: Iterable[Person] = ()) -> int:
        """Add a segment; one with `conditions` is evaluated at once. Returns its id."""
        record: Record = {
            "name": "",
            "description": "",
            "state": "finished",
            "progress": None,
            "type": "dynamic" if fields.get("conditions") else "manual",
            "tags": None,
            **fields,
        }
        conditions = record.get("conditions")
        rule = compile_filter(conditions, self.is_member) if conditions else None
        segment_id = self.table.add(record, at)
        self._members[segment_id] = Members(rule, frozenset(fields_of(conditions)))
        self.rebuild(segment_id, people)
        return segment_id

    def edit(self, segment_id: int, fields: Record, at: int, people: Iterable[Person]) -> None:
        """Edit a segment; it is evaluated again unless its state is `build`."""
        self.table.edit(segment_id, fields, at)
        record, members = self.table.get(segment_id), self._members[segment_id]
        if "conditions" in fields:
            members.rule = (
                compile_filter(fields["conditions"], self.is_member) if fields["conditions"] else None
            )
            members.fields = frozenset(fields_of(fields["conditions"]))
        if record["state"] == "finished":
            self.rebuild(segment_id, people)

    def delete(self, segment_id: int) -> None:
        """Delete a segment and its members."""
        self.table.delete(segment_id)
        del self._members[segment_id]

    def rebuild(self, segment_id: int, people: Iterable[Person]) -> None:
        """Evaluate a dynamic segment for all people."""
        members = self._members[segment_id]
        if members.rule is not None:
            members.order = [person.number for person in people if members.rule(person)]
            members.numbers = set(members.order)

    def is_member(self, segment_id: int, number: int) -> bool:
        """True if a person is in a segment; false for a segment that does not exist."""
        members = self._members.get(segment_id)
        return members is not None and number in members.numbers

    def count(self, segment_id: int) -> int:
        """The number of members of a segment."""
        self.table.get(segment_id)
        return len(self._members[segment_id].numbers)

    def after(self, segment_id: int, number: int, limit: int) -> list[int]:
        """At most `limit` member numbers after `number`, in list order."""
        self.table.get(segment_id)
        order = self._members[segment_id].order
        first = bisect_right(order, number)
        return order[first : first + limit]

    def of_person(self, number: int) -> Iterator[Record]:
        """The segments that a person is in."""
        return (record for record in self.table if number in self._members[record["id"]].numbers)

    def set_member(self, segment_id: int, number: int, *, member: bool) -> None:
        """Add a person to a segment, or remove one; NotFound if there is no such segment."""
        self.table.get(segment_id)
        self._members[segment_id].put(number, member=member)

    def update_person(self, person: Person, changed: Iterable[str] | None = None) -> None:
        """Evaluate the dynamic segments for a person; `changed` are the changed attributes, None is all."""
        names = None if changed is None else set(changed)
        for segment_id, members in self._members.items():
            if members.rule is None or (names is not None and not names & members.fields):
                continue
            if self.table.get(segment_id)["state"] == "finished":
                members.put(person.number, member=members.rule(person))

    def remove_person(self, number: int) -> None:
        """Remove a person from every segment."""
        for members in self._members.values():
            members.put(number, member=False)
