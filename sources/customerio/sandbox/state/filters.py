"""The audience filter of people searches, people exports and dynamic segments.

    filter := {"and": [filter, ...]} | {"or": [filter, ...]} | {"not": filter}
            | {"segment": {"id": n}}
            | {"attribute": {"field": name, "operator": "exists"}}
            | {"attribute": {"field": name, "operator": "eq", "value": value}}

There is no other operator, and each object has exactly one key ([spec25], [live-airbyte]).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from sources.customerio.sandbox.state.errors import BadRequest
from sources.customerio.sandbox.state.people import Person

Test = Callable[[Person], bool]
IsMember = Callable[[int, int], bool]


def compile_filter(given: object, is_member: IsMember) -> Test:
    """A test of a person from a filter as sent; BadRequest with a sentence if it is none.

    `is_member` answers (segment id, person number): an unknown segment has no members, and asking for
    one is no error ([sdk node]: an export of segment 0 is accepted).
    """
    if not isinstance(given, Mapping) or len(given) != 1:
        msg = "filter must be an object with exactly one of: and, or, not, segment, attribute"
        raise BadRequest(msg)
    ((kind, inner),) = given.items()
    build = _BUILDERS.get(kind)
    if build is None:
        msg = f"filter has no condition called {kind!r}: use and, or, not, segment or attribute"
        raise BadRequest(msg)
    return build(inner, is_member)


def fields_of(given: object) -> Iterator[str]:
    """Every attribute name that a filter looks at."""
    if isinstance(given, Mapping):
        for key, inner in given.items():
            if key == "attribute" and isinstance(inner, Mapping):
                yield str(inner.get("field"))
            else:
                yield from fields_of(inner)
    elif isinstance(given, list):
        for inner in given:
            yield from fields_of(inner)


def text(value: object) -> str:
    """An attribute value as Customer.io stores it: always text, JSON for what is not plain."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return "" if value is None else str(value)


def _list(inner: object, is_member: IsMember) -> list[Test]:
    if not isinstance(inner, list) or not inner:
        msg = "and/or take a list of at least one filter"
        raise BadRequest(msg)
    return [compile_filter(item, is_member) for item in inner]


def _all(inner: object, is_member: IsMember) -> Test:
    tests = _list(inner, is_member)
    return lambda person: all(test(person) for test in tests)


def _any(inner: object, is_member: IsMember) -> Test:
    tests = _list(inner, is_member)
    return lambda person: any(test(person) for test in tests)


def _none(inner: object, is_member: IsMember) -> Test:
    test = compile_filter(inner, is_member)
    return lambda person: not test(person)


def _segment(inner: object, is_member: IsMember) -> Test:
    if not isinstance(inner, Mapping) or not isinstance(inner.get("id"), int):
        msg = "segment takes an object with an integer id"
        raise BadRequest(msg)
    segment_id = inner["id"]
    return lambda person: is_member(segment_id, person.number)


def _attribute(inner: object, is_member: IsMember) -> Test:  # noqa: ARG001 -- all builders are called alike
    if not isinstance(inner, Mapping) or not isinstance(inner.get("field"), str):
        msg = "attribute takes an object with field, operator and, for eq, value"
        raise BadRequest(msg)
    field, operator = inner["field"], inner.get("operator")
    if operator == "exists":
        return lambda person: bool(person.attribute(field))
    if operator != "eq":
        msg = f"attribute operator {operator!r} is not supported: use eq or exists"
        raise BadRequest(msg)
    if "value" not in inner:
        msg = "attribute operator eq needs a value"
        raise BadRequest(msg)
    wanted = text(inner["value"])
    if field == "email":
        return lambda person: (person.email or "").lower() == wanted.lower() != ""
    return lambda person: person.attribute(field) == wanted


_BUILDERS: dict[str, Callable[[Any, IsMember], Test]] = {
    "and": _all,
    "or": _any,
    "not": _none,
    "segment": _segment,
    "attribute": _attribute,
}
