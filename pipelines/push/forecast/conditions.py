"""The conditions of a segment as a tree, read from the JSON that Customer.io lists [live-estuary].

    conditions := {"and" | "or": [conditions, ...]} | {"not": conditions} | condition
    condition  := {"event": event, "inverse", "times", "within"} | {"segment": {"id"}, "inverse"}

The grammar is published nowhere, so a part that is not known becomes `Unclear`: it decides nothing. `or`,
`not` and `segment` are unverified. Conditions beside each other about one attribute are one test of its
changes: the wanted ones happened, and no unwanted one came after the last of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

CHANGE = "attribute_change"
_EVENT, _SEGMENT = "event", "segment"
"""The fields of the conditions of a person's past and of a membership."""
COUNTED = ("event", "page", "screen", "device_change")
ANY_NAME = "*"
_OPERATORS = ("exists", "eq", "email_valid")


@dataclass(frozen=True, kw_only=True)
class ValueTest:
    """A test of the value before (`from`) or after (`to`) a change of an attribute."""

    side: Literal["from", "to"]
    operator: str
    value: str
    inverse: bool


@dataclass(frozen=True, kw_only=True)
class Match:
    """Changes that meet all the tests, at least `times` within the last seconds; 0 seconds are ever."""

    tests: tuple[ValueTest, ...]
    times: int
    within: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """A test of one attribute's changes: all of `wanted` happened, and none of `unwanted` after them."""

    name: str
    wanted: tuple[Match, ...]
    unwanted: tuple[Match, ...]


@dataclass(frozen=True, kw_only=True)
class Performed:
    """A person did it at least `times` within the last seconds; `filtered` counts only some of them."""

    type: str
    name: str
    times: int
    within: int
    filtered: bool


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person is a member of a manual segment, or of one whose conditions are not known."""

    segment_id: int


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """A part that is true or false by rules that are not known."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Several parts, joined by `and` or `or`."""

    joint: Literal["and", "or"]
    parts: tuple["Node", ...]


@dataclass(frozen=True, kw_only=True)
class Inverse:
    """A part that must not be true."""

    part: "Node"


Node = Joined | Inverse | Changes | Performed | Member | Unclear


def read_conditions(given: object) -> Node:
    """The tree of conditions as Customer.io lists them; parts that are not known are `Unclear`."""
    if not isinstance(given, Mapping):
        return Unclear(reason="its conditions have an unknown form")
    if set(given) in ({"and"}, {"or"}):
        ((joint, inner),) = given.items()
        if isinstance(inner, list) and inner:
            # Within `or` no condition is beside another one.
            beside = [inner] if joint == "and" else [[one] for one in inner]
            parts = tuple(part for conditions in beside for part in _beside(conditions))
            return parts[0] if len(parts) == 1 else Joined(joint=joint, parts=parts)
    if set(given) == {"not"}:
        return Inverse(part=read_conditions(given["not"]))
    if _EVENT in given or _SEGMENT in given:
        (part,) = _beside([given])
        return part
    return Unclear(reason=f"it has a condition of unknown form ({_names(given)})")


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    parts = node.parts if isinstance(node, Joined) else (node.part,) if isinstance(node, Inverse) else ()
    for part in parts:
        yield from walk(part)


def _beside(conditions: Iterable[object]) -> Iterator[Node]:
    """The parts of a list: one for each attribute, and one for each other condition."""
    changes: dict[str, Changes] = {}
    for one in conditions:
        event = one.get(_EVENT) if isinstance(one, Mapping) else None
        if isinstance(one, Mapping) and isinstance(event, Mapping) and _is_change(one, event):
            name = event["name"]
            held = changes.get(name) or Changes(name=name, wanted=(), unwanted=())
            changes[name] = _with_match(held, one, event)
        elif isinstance(one, Mapping) and _EVENT in one:
            yield _inverted(one, _performed(one, event))
        elif isinstance(one, Mapping) and _SEGMENT in one:
            yield _inverted(one, _member(one[_SEGMENT]))
        else:
            yield read_conditions(one)
    yield from changes.values()


def _is_change(one: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    known = event.get("type") == CHANGE and isinstance(event.get("name"), str) and _is_timed(one)
    return known and _tests(event) is not None


def _is_timed(one: Mapping[str, Any]) -> bool:
    return all(isinstance(one.get(name) or 0, int) for name in ("times", "within"))


def _with_match(held: Changes, one: Mapping[str, Any], event: Mapping[str, Any]) -> Changes:
    times, within = one.get("times") or 1, one.get("within") or 0
    match = Match(tests=_tests(event) or (), times=times, within=within)
    if one.get("inverse"):
        return Changes(name=held.name, wanted=held.wanted, unwanted=(*held.unwanted, match))
    return Changes(name=held.name, wanted=(*held.wanted, match), unwanted=held.unwanted)


def _tests(event: Mapping[str, Any]) -> tuple[ValueTest, ...] | None:
    """The tests of a change; None if a part of them is not known."""
    filters = event.get("filters") or {"and": []}
    given = filters.get("and") if isinstance(filters, Mapping) and set(filters) == {"and"} else None
    if not isinstance(given, list) or not all(_is_test(one) for one in given):
        return None
    return tuple(
        ValueTest(
            side=one["field"],
            operator=one["operator"],
            value=str(one.get("value") or ""),
            inverse=bool(one.get("inverse")),
        )
        for one in given
    )


def _is_test(one: object) -> bool:
    return (
        isinstance(one, Mapping) and one.get("field") in ("to", "from") and one.get("operator") in _OPERATORS
    )


def _performed(one: Mapping[str, Any], event: object) -> Node:
    known = isinstance(event, Mapping) and isinstance(event.get("name"), str) and _is_timed(one)
    if not isinstance(event, Mapping) or not known:
        return Unclear(reason="it has an event of unknown form")
    if event.get("type") == CHANGE:
        return Unclear(reason=f"it tests the attribute {event['name']} in an unknown way")
    if event.get("type") not in COUNTED:
        return Unclear(reason=f"it has a condition of the unknown type {event.get('type')}")
    return Performed(
        type=event["type"],
        name=event["name"],
        times=one.get("times") or 1,
        within=one.get("within") or 0,
        filtered=bool(event.get("filters")),
    )


def _member(given: object) -> Node:
    if isinstance(given, Mapping) and isinstance(given.get("id"), int):
        return Member(segment_id=given["id"])
    return Unclear(reason="it names a segment in an unknown way")


def _inverted(one: Mapping[str, Any], node: Node) -> Node:
    return Inverse(part=node) if one.get("inverse") else node


def _names(given: Mapping[str, Any]) -> str:
    return ", ".join(sorted(str(name) for name in given)) or "empty"
