"""The conditions of dynamic segments, in Customer.io's own grammar [live-estuary].

    conditions := {"and": [condition, ...]}
    condition  := {"event": event, "inverse": bool, "times": n, "within": seconds}
                | {"segment": {"id": n}, "inverse": bool}
    event      := {"id": n, "name": name, "type": type, "filters": {} | {"and": [test, ...]}}
    test       := {"field": "to" | "from", "operator": operator, "inverse": bool, "value": text}

A segment follows what happened, not what is: an attribute equals X if it changed to X, with no later change
from X. So an inverted condition counts the changes after those that its neighbours about the same attribute
want. `within` 0 is ever; `times` 0 is once. Types seen live are `attribute_change`, `page` and
`device_change`, operators `exists`, `eq` and `email_valid`; a name `*` is any page.

Lists within lists, `or`, `segment`, and the types `event` and `screen` are unverified. A profile's first
values count as changes from nothing at its creation (unverified).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from sources.customerio.sandbox.state.store.activities import COUNTED
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.filters import IsMember, Test
from sources.customerio.sandbox.state.store.people import AttributeChange, Person, Record

CHANGE = "attribute_change"
Counts = Callable[[str, str, int], Mapping[int, int]]
"""(type, name, within) to how often each person did it, by number."""
_Match = Callable[[AttributeChange], bool]


class _Facts(NamedTuple):
    """The facts beside attributes: counts of events, the time, memberships."""

    counts: Counts
    now: Callable[[], int]
    is_member: IsMember


_REMEMBERED = 1000
_EMAIL = re.compile(r"\S+@[^\s@]+\.[^\s@]+")


@dataclass(kw_only=True)
class Rule:
    """Compiled conditions: the test of a person, the attributes and the segments that it looks at.

    `timed`: members change as time passes, as people do things or with other segments, not with their
    attributes alone.
    """

    test: Test
    fields: frozenset[str]
    segments: frozenset[int]
    timed: bool


@dataclass(kw_only=True)
class _Attribute:
    """What one list of conditions wants of the changes of one attribute."""

    name: str
    wanted: list[tuple[_Match, int, int]] = field(default_factory=list)
    unwanted: list[tuple[_Match, int, int]] = field(default_factory=list)

    _of_first: dict[str, bool] = field(default_factory=dict)  # verdicts of values that never changed

    def holds(self, person: Person, now: Callable[[], int], *, timed: bool) -> bool:
        """True if the changes are as wanted, and no unwanted one came later."""
        if timed or (person.history is not None and self.name in person.history):
            return self._holds(person, now)
        # Most attributes never change, and have few values.
        value = person.attribute(self.name) or ""
        verdict = self._of_first.get(value)
        if verdict is None:
            verdict = self._holds(person, now)
            if len(self._of_first) < _REMEMBERED:
                self._of_first[value] = verdict
        return verdict

    def _holds(self, person: Person, now: Callable[[], int]) -> bool:
        changes, last = person.changes(self.name), -1
        for match, times, within in self.wanted:
            since = now() - within if within else 0
            found = [n for n, one in enumerate(changes) if one[0] > since and match(one)]
            if len(found) < times:
                return False
            last = max(last, found[-1])
        if last == len(changes) - 1:
            return True
        for match, times, within in self.unwanted:
            since = now() - within if within else 0
            if sum(one[0] > since and match(one) for one in changes[last + 1 :]) >= times:
                return False
        return True


def no_member(_segment_id: int, _number: int) -> bool:
    """Nobody is a member of any segment."""
    return False


def compile_conditions(
    given: object, counts: Counts, now: Callable[[], int], is_member: IsMember = no_member
) -> Rule:
    """Compile the conditions of a segment; `is_member` takes the id of another segment and a number.

    Raises:
        BadRequest: they are not of the grammar.
    """
    test, events, segments = (
        _group(given, _Facts(counts, now, is_member)),
        list(_events(given)),
        _named(given),
    )
    return Rule(
        test=test,
        fields=frozenset(one["event"]["name"] for one in events if one["event"]["type"] == CHANGE),
        segments=frozenset(segments),
        timed=bool(segments) or any(one["event"]["type"] != CHANGE or one.get("within") for one in events),
    )


def equals(name: str, value: str) -> Record:
    """The conditions of an attribute that equals a text."""
    return _lasting(name, [_test("to", "eq", value)], [_test("from", "eq", value)])


def differs(name: str, value: str) -> Record:
    """The conditions of an attribute that is not set or equals another text."""
    other = _lasting(name, [_test("to", "eq", value, inverse=True)], [_test("to", "eq", value)])
    return {"or": [other, happened(CHANGE, name, [_test("to", "exists")], inverse=True)]}


def exists(name: str) -> Record:
    """The conditions of an attribute or identifier that is set."""
    return _lasting(name, [_test("to", "exists")], [_test("to", "exists", inverse=True)])


def happened(
    type_: str, name: str, tests: Iterable[Record] = (), *, inverse: bool = False, within: int = 0
) -> Record:
    """The condition of one thing that a person did, or did not do, in the last seconds or ever."""
    filters = {"and": list(tests)} if tests else {}
    event = {"id": 0, "name": name, "type": type_, "filters": filters}
    return {"event": event, "inverse": inverse, "times": 1, "within": within}


def numbered(conditions: Record) -> Record:
    """The same conditions, whose events have ids of their own, from 1."""
    for number, one in enumerate(_events(conditions), 1):
        one["event"]["id"] = number
    return conditions


def _lasting(name: str, wanted: list[Record], unwanted: list[Record]) -> Record:
    return {"and": [happened(CHANGE, name, wanted), happened(CHANGE, name, unwanted, inverse=True)]}


def _test(side: str, operator: str, value: str = "", *, inverse: bool = False) -> Record:
    return {"field": side, "operator": operator, "inverse": inverse, "value": value}


def _events(given: object) -> Iterator[Record]:
    """The conditions at any depth."""
    if isinstance(given, dict):
        if isinstance(event := given.get("event"), dict) and {"name", "type"} <= set(event):
            yield given
            return
        for key in ("and", "or"):
            yield from (one for each in given.get(key) or () for one in _events(each))


def _named(given: object) -> list[int]:
    """The ids of the segments that conditions name, at any depth."""
    if not isinstance(given, dict):
        return []
    own = [given["segment"]["id"]] if "segment" in given else []
    return own + [one for key in ("and", "or") for each in given.get(key) or () for one in _named(each)]


def _group(given: object, facts: _Facts) -> Test:
    """The test of a list, joined by `and` or `or`."""
    if not isinstance(given, Mapping) or len(given) != 1 or not (set(given) & {"and", "or"}):
        msg = 'conditions must be {"and": [...]} of {"event", "inverse", "times", "within"} or {"segment"}'
        raise BadRequest(msg)
    ((joint, inner),) = given.items()
    if not isinstance(inner, list) or not inner:
        msg = "and/or take a list of at least one condition"
        raise BadRequest(msg)
    # Within `or` no condition is beside another one.
    beside = [inner] if joint == "and" else [[one] for one in inner]
    tests = [test for conditions in beside for test in _tests(conditions, facts)]
    if len(tests) == 1:
        return tests[0]
    joined = all if joint == "and" else any
    return lambda person: joined(test(person) for test in tests)


def _tests(conditions: Iterable[object], facts: _Facts) -> Iterator[Test]:
    """The tests of conditions beside each other: one for each attribute, event and inner list."""
    attributes: dict[str, _Attribute] = {}
    for one in conditions:
        if isinstance(one, Mapping) and "segment" in one:
            yield _membership(one, facts)
            continue
        if not isinstance(one, Mapping) or "event" not in one:
            yield _group(one, facts)
            continue
        event, times, within = _checked(one)
        inverse = bool(one.get("inverse"))
        if event["type"] != CHANGE:
            yield _counted(event, times, within, facts.counts, inverse=inverse)
            continue
        about = attributes.setdefault(event["name"], _Attribute(name=event["name"]))
        (about.unwanted if inverse else about.wanted).append((_match(event), times, within))
    for about in attributes.values():
        timed = any(within for _, _, within in (*about.wanted, *about.unwanted))
        yield partial(about.holds, now=facts.now, timed=timed)


def _membership(one: Mapping[str, Any], facts: _Facts) -> Test:
    segment_id = one["segment"].get("id") if isinstance(one["segment"], Mapping) else None
    if not isinstance(segment_id, int):
        msg = "segment takes an object with an integer id"
        raise BadRequest(msg)
    inverse, known = bool(one.get("inverse")), segment_id
    return lambda person: facts.is_member(known, person.number) is not inverse


def _checked(one: Mapping[str, Any]) -> tuple[Mapping[str, Any], int, int]:
    """The event of a condition, how often it is wanted, and within which time."""
    event, times, within = one["event"], one.get("times") or 1, one.get("within") or 0
    if not isinstance(event, Mapping) or not isinstance(event.get("name"), str):
        msg = "the event of a condition needs a name and a type"
        raise BadRequest(msg)
    if event.get("type") not in (CHANGE, *sorted(COUNTED)):
        msg = f"the type of an event is one of {', '.join((CHANGE, *sorted(COUNTED)))}"
        raise BadRequest(msg)
    if not isinstance(times, int) or not isinstance(within, int):
        msg = "times and within are whole numbers"
        raise BadRequest(msg)
    return event, times, within


def _counted(event: Mapping[str, Any], times: int, within: int, counts: Counts, *, inverse: bool) -> Test:
    if event.get("filters"):
        msg = "the sandbox evaluates filters of attribute_change alone"
        raise BadRequest(msg)
    type_, name = event["type"], event["name"]
    return lambda person: (counts(type_, name, within).get(person.number, 0) >= times) is not inverse


def _match(event: Mapping[str, Any]) -> _Match:
    """The test of one change by the event's filters."""
    tests = (event.get("filters") or {"and": []}).get("and")
    if not isinstance(tests, list) or not all(isinstance(one, Mapping) for one in tests):
        msg = 'filters are {} or {"and": [{"field", "operator", "inverse", "value"}]}'
        raise BadRequest(msg)
    checks = [_check(one, ignore_case=event["name"] == "email") for one in tests]
    if len(checks) == 1:
        return checks[0]
    return lambda change: all(check(change) for check in checks)


def _check(one: Mapping[str, Any], *, ignore_case: bool) -> _Match:
    side, operator, wanted = one.get("field"), one.get("operator"), str(one.get("value") or "")
    if side not in ("to", "from") or operator not in ("exists", "eq", "email_valid"):
        msg = "a filter has a field, to or from, and an operator: exists, eq or email_valid"
        raise BadRequest(msg)
    place, inverse = 1 + (side == "to"), bool(one.get("inverse"))
    if operator == "exists":
        return lambda change: bool(change[place]) is not inverse
    if operator == "email_valid":
        return lambda change: bool(_EMAIL.fullmatch(str(change[place]))) is not inverse
    if ignore_case:
        return lambda change: (str(change[place]).lower() == wanted.lower()) is not inverse
    return lambda change: (change[place] == wanted) is not inverse
