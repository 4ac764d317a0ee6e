"""Conditions of segments: their grammar, and who meets them."""

from collections.abc import Mapping
from typing import Any

import pytest

from sources.customerio.sandbox.state.store.conditions import (
    compile_conditions,
    differs,
    equals,
    exists,
    happened,
    numbered,
)
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import People, Person

NOW = 1_792_058_400
DAY = 86_400


def _meets(person: Person, conditions: dict[str, Any], counts: Mapping[int, int] | None = None) -> bool:
    rule = compile_conditions(conditions, lambda _type, _name, _within: counts or {}, lambda: NOW)
    return rule.test(person)


def _person(**attributes: str) -> tuple[People, Person]:
    person = Person(number=1, created_at=NOW - 90 * DAY, id="ann", attributes=attributes)
    people = People()
    people.add(person)
    return people, person


def test_equals_is_a_change_without_a_later_one() -> None:
    """The encoding is that of live segments: a change to X, and no later change from X."""
    made = numbered(equals("plan", "pro"))

    assert made == {
        "and": [
            {
                "event": {
                    "id": 1,
                    "name": "plan",
                    "type": "attribute_change",
                    "filters": {"and": [{"field": "to", "operator": "eq", "inverse": False, "value": "pro"}]},
                },
                "inverse": False,
                "times": 1,
                "within": 0,
            },
            {
                "event": {
                    "id": 2,
                    "name": "plan",
                    "type": "attribute_change",
                    "filters": {
                        "and": [{"field": "from", "operator": "eq", "inverse": False, "value": "pro"}]
                    },
                },
                "inverse": True,
                "times": 1,
                "within": 0,
            },
        ]
    }


def test_equals_follows_the_value() -> None:
    """Leaving a value ends it, and coming back begins it again."""
    people, person = _person(plan="pro")
    seen = [_meets(person, equals("plan", "pro"))]
    for plan in ("free", "pro", None):
        people.set_attributes(person, {"plan": plan}, NOW)
        seen.append(_meets(person, equals("plan", "pro")))

    assert seen == [True, False, True, False]


@pytest.mark.parametrize("value", [None, "free", "pro"])
def test_exists_and_differs_follow_the_value(value: str | None) -> None:
    """An attribute that is not set does not exist, and differs from every value."""
    people, person = _person(plan="team")
    people.set_attributes(person, {"plan": value}, NOW)

    assert _meets(person, exists("plan")) is (value is not None)
    assert _meets(person, differs("plan", "pro")) is (value != "pro")
    assert _meets(person, exists("cio_id"))


def test_a_change_that_once_was() -> None:
    """A change to a value counts for ever, or for the time that `within` says."""
    people, person = _person(plan="free")
    people.set_attributes(person, {"plan": "pro"}, NOW - 40 * DAY)
    people.set_attributes(person, {"plan": "free"}, NOW - 10 * DAY)
    to_pro = [{"field": "to", "operator": "eq", "inverse": False, "value": "pro"}]

    def changed(within: int) -> bool:
        return _meets(person, {"and": [happened("attribute_change", "plan", to_pro, within=within)]})

    assert [changed(0), changed(50 * DAY), changed(30 * DAY)] == [True, True, False]


def test_times_are_counted() -> None:
    """Two changes are wanted of the person: one is not enough."""
    people, person = _person(plan="free")
    twice = {"and": [{**happened("attribute_change", "plan"), "times": 3}]}
    people.set_attributes(person, {"plan": "pro"}, NOW)
    assert not _meets(person, twice)

    people.set_attributes(person, {"plan": "team"}, NOW)
    assert _meets(person, twice)


def test_valid_addresses() -> None:
    """`email_valid` holds for an address, and text of any case is the same address."""
    people, person = _person()
    people.set_attributes(person, {"email": "Ann@Example.com"}, NOW)
    valid = [{"field": "to", "operator": "email_valid", "inverse": False, "value": ""}]

    assert _meets(person, {"and": [happened("attribute_change", "email", valid)]})
    assert _meets(person, equals("email", "ann@example.com"))
    assert not _meets(person, {"and": [happened("attribute_change", "id", valid)]})


def test_events_are_counted_by_the_log() -> None:
    """A page view counts if the log has it; inverted, if it has none."""
    _, person = _person()
    viewed = {"and": [happened("page", "*", within=30 * DAY)]}
    never = {"and": [happened("page", "*", inverse=True)]}

    assert [_meets(person, viewed, {1: 1}), _meets(person, viewed)] == [True, False]
    assert [_meets(person, never, {1: 1}), _meets(person, never)] == [False, True]


def test_a_rule_names_what_it_looks_at() -> None:
    """Attributes at any depth are named; time and events make a rule one of time."""
    rule = compile_conditions(
        {"and": [{"or": [equals("plan", "pro"), exists("phone")]}]}, lambda *_: {}, lambda: NOW
    )
    timed = compile_conditions({"and": [happened("page", "*")]}, lambda *_: {}, lambda: NOW)

    assert rule.fields == {"plan", "phone"}
    assert [rule.timed, timed.timed] == [False, True]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"attribute": {"field": "plan", "operator": "exists"}}, "conditions must be"),
        ({"and": []}, "at least one condition"),
        ({"and": [{"event": {"type": "page"}}]}, "needs a name"),
        ({"and": [happened("purchase", "x")]}, "type of an event is one of"),
        ({"and": [{**happened("page", "*"), "times": "2"}]}, "whole numbers"),
        ({"and": [happened("event", "paid", [{"field": "to"}])]}, "filters of attribute_change alone"),
        ({"and": [happened("attribute_change", "plan", [{"field": "at"}])]}, "to or from"),
        (
            {"and": [{"event": {"name": "a", "type": "attribute_change", "filters": {"or": []}}}]},
            "filters are",
        ),
    ],
)
def test_other_conditions_are_refused(given: dict[str, Any], words: str) -> None:
    """What is not of the grammar is refused with what would be."""
    with pytest.raises(BadRequest, match=words):
        compile_conditions(given, lambda *_: {}, lambda: NOW)


def test_a_segment_is_a_condition() -> None:
    """A condition may name another segment, whose members meet it; inverted, the others do."""
    _, person = _person()
    asked: list[tuple[int, int]] = []

    def is_member(segment_id: int, number: int) -> bool:
        asked.append((segment_id, number))
        return segment_id == 5

    def meets(*conditions: dict[str, Any]) -> bool:
        rule = compile_conditions({"and": list(conditions)}, lambda *_: {}, lambda: NOW, is_member)
        assert rule.timed
        return rule.test(person)

    assert meets({"segment": {"id": 5}})
    assert not meets({"segment": {"id": 5}, "inverse": True})
    assert not meets({"segment": {"id": 6}})
    assert asked == [(5, 1), (5, 1), (6, 1)]
    with pytest.raises(BadRequest):
        meets({"segment": {"id": "five"}})
