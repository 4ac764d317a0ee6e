"""The filters of searches, exports and audiences.

    filter := {"and": [filter, ...]} | {"or": [filter, ...]} | {"not": filter} | leaf

    a leaf of people   {"segment": {"id": n}}
                       {"attribute": {"field": name, "operator": "exists"}}
                       {"attribute": {"field": name, "operator": "eq", "value": value}}
    a leaf of objects  {"object_attribute": {"field", "operator", "value", "type_id"}}

There is no other operator, and each object has exactly one key ([spec25], [live-airbyte]).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.objects import Object
from sources.customerio.sandbox.state.store.people import Person, Record

Item = TypeVar("Item")
Test = Callable[[Person], bool]
IsMember = Callable[[int, int], bool]
_Leaves = Mapping[str, Callable[[Any], Callable[[Item], bool]]]


def compile_filter(given: object, is_member: IsMember) -> Test:
    """Compile a filter as sent to a test of a person; BadRequest if it is malformed.

    `is_member` takes (segment id, person number). A segment that does not exist has no members, and a filter
    of one is no error ([sdk node]: an export of segment 0 is accepted).
    """
    leaves = {"segment": lambda inner: _segment(inner, is_member), "attribute": _attribute}
    return _compiled(given, leaves)


def compile_object_filter(given: object) -> Callable[[Object], bool]:
    """Compile a filter as sent to a test of an object; BadRequest if it is malformed."""
    return _compiled(given, {"object_attribute": _object_attribute})


def exists(field: str) -> Record:
    """The filter that matches the people who have an attribute or identifier."""
    return {"attribute": {"field": field, "operator": "exists"}}


def all_people() -> Record:
    """The filter that matches every profile [live-airbyte]."""
    return {"and": [exists("cio_id")]}


def text(value: object) -> str:
    """An attribute value as Customer.io stores it: text, and JSON text for arrays and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return "" if value is None else str(value)


def _compiled(given: object, leaves: _Leaves[Item]) -> Callable[[Item], bool]:
    kinds = ("and", "or", "not", *leaves)
    if not isinstance(given, Mapping) or len(given) != 1:
        msg = f"filter must be an object with exactly one of: {', '.join(kinds)}"
        raise BadRequest(msg)
    ((kind, inner),) = given.items()
    if kind in leaves:
        return leaves[kind](inner)
    if kind == "not":
        test = _compiled(inner, leaves)
        return lambda item: not test(item)
    if kind not in kinds:
        msg = f"filter has no condition called {kind!r}: use {', '.join(kinds)}"
        raise BadRequest(msg)
    if not isinstance(inner, list) or not inner:
        msg = "and/or take a list of at least one filter"
        raise BadRequest(msg)
    tests = [_compiled(each, leaves) for each in inner]
    if len(tests) == 1:
        return tests[0]
    joined = all if kind == "and" else any
    return lambda item: joined(test(item) for test in tests)


def _segment(inner: object, is_member: IsMember) -> Test:
    if not isinstance(inner, Mapping) or not isinstance(inner.get("id"), int):
        msg = "segment takes an object with an integer id"
        raise BadRequest(msg)
    segment_id = inner["id"]
    return lambda person: is_member(segment_id, person.number)


def _attribute(inner: object) -> Test:
    field, wanted = _condition("attribute", inner)
    if wanted is None:
        return lambda person: bool(person.attribute(field))
    if field == "email":
        return lambda person: (person.email or "").lower() == wanted.lower() != ""
    return lambda person: person.attribute(field) == wanted


def _object_attribute(inner: object) -> Callable[[Object], bool]:
    field, wanted = _condition("object_attribute", inner)
    if wanted is None:
        return lambda item: field in item.attributes
    return lambda item: field in item.attributes and text(item.attributes[field]) == wanted


def _condition(name: str, inner: object) -> tuple[str, str | None]:
    """The field of a leaf, and the text that it must equal; None for `exists`."""
    if not isinstance(inner, Mapping) or not isinstance(inner.get("field"), str):
        msg = f"{name} takes an object with field, operator and, for eq, value"
        raise BadRequest(msg)
    field, operator = inner["field"], inner.get("operator")
    if operator == "exists":
        return field, None
    if operator != "eq":
        msg = f"{name} operator {operator!r} is not supported: use eq or exists"
        raise BadRequest(msg)
    if "value" not in inner:
        msg = f"{name} operator eq needs a value"
        raise BadRequest(msg)
    return field, text(inner["value"])
