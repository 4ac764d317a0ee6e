"""The truth of tests of one attribute's changes, as SQL with NULL for unknown.

The warehouse has an attribute's value and the time of its last change; the changes before that are unknown.
So what is known of them is the last one: `to` is the value, `from` is the value before the plan if the plan
changes it. An empty attribute never had a value, or had one that was removed: the test is evaluated for both
and is known where both agree.

An attribute that a person never had has no changes; a profile's first values are changes from nothing
(unverified).
"""

from dataclasses import dataclass

from pipelines.push.forecast.conditions import Changes, Inverse, Joined, Match, Node, ValueTest
from pipelines.warehouse.sql import literal

MARGIN_S = 86_400
"""A plan is sent some time after it was made: what leaves a time range in this time counts as unknown."""
_EMAIL = r"\S+@[^\s@]+\.[^\s@]+"


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """The last change of an attribute, as SQL.

    Attributes:
        name: The attribute.
        to: The value; '' if it is not set, NULL if it is not known.
        before: The value before the change; NULL if it is not known.
        at: Unix seconds of the change; NULL if it is not known.
        changed: The plan makes this change; NULL if that is not known.
        only: This is the first change as well: the plan creates the person.
        now: Unix seconds of the evaluation.
    """

    name: str
    to: str
    before: str
    at: str
    changed: str
    only: str
    now: str


def sole_attribute(node: Node) -> str | None:
    """The attribute that all leaves of a tree test; None if there are several, or other leaves."""
    if isinstance(node, Changes):
        return node.name
    parts = node.parts if isinstance(node, Joined) else (node.part,) if isinstance(node, Inverse) else ()
    names = {sole_attribute(part) for part in parts}
    return names.pop() if len(names) == 1 else None


def attribute_truth(node: Node, last: LastChange) -> str:
    """SQL of the truth of a tree whose leaves test that attribute alone."""
    never = _never(node)
    differs = f"CASE WHEN {last.to} <> '' OR {last.changed} THEN NULL ELSE {_sql(not never)} END"
    return (
        f"CASE WHEN {last.only} AND {last.to} = '' THEN {_sql(never)} "
        f"ELSE nullif({_had(node, last)}, {differs}) END"
    )


def _sql(value: bool) -> str:
    return "true" if value else "false"


def joined_sql(joint: str, parts: list[str]) -> str:
    """SQL of parts joined by `and` or `or`."""
    return f"({f' {joint.upper()} '.join(parts)})"


def _never(node: Node) -> bool:
    """The truth for a person who never had the attribute."""
    if isinstance(node, Joined):
        return (all if node.joint == "and" else any)(_never(part) for part in node.parts)
    if isinstance(node, Inverse):
        return not _never(node.part)
    return isinstance(node, Changes) and not node.wanted


def _had(node: Node, last: LastChange) -> str:
    """SQL of the truth for a person whose attribute changed at least once."""
    if isinstance(node, Joined):
        return joined_sql(node.joint, [_had(part, last) for part in node.parts])
    if isinstance(node, Inverse):
        return f"(NOT {_had(node.part, last)})"
    return _holds(node, last) if isinstance(node, Changes) else "NULL::BOOLEAN"


def _holds(node: Changes, last: LastChange) -> str:
    if not node.wanted:
        return _never_unwanted(node, last)
    matched = [_matches(match, last) for match in node.wanted]
    absent = joined_sql("or", [_absent(match, last) for match in node.wanted])
    none = joined_sql("and", [f"NOT {one}" for one in matched])
    blocked = joined_sql("or", [_blocks(match, last) for match in node.unwanted] or ["false"])
    always = _sql(all(_is_followed(match, node.unwanted) for match in node.wanted))
    return (
        f"(CASE WHEN {absent} THEN false WHEN {joined_sql('and', matched)} THEN true "
        f"WHEN {last.only} THEN {joined_sql('and', matched)} "
        f"WHEN {none} AND ({blocked} OR {always}) THEN false END)"
    )


def _never_unwanted(node: Changes, last: LastChange) -> str:
    """SQL: no change ever matched. Only the last one is known, so this is seldom known to be true."""
    blocked = joined_sql("or", [_blocks(match, last) for match in node.unwanted])
    quiet = joined_sql(
        "and",
        [
            f"({_absent(match, last)} OR ({last.only} AND NOT {_tests_sql(match, last)}))"
            for match in node.unwanted
        ],
    )
    return f"(CASE WHEN {blocked} THEN false WHEN {quiet} THEN true END)"


def _matches(match: Match, last: LastChange) -> str:
    """SQL: the last change is one that matches, and it is enough."""
    tests = _tests_sql(match, last)
    if match.times > 1:
        return f"(CASE WHEN NOT {tests} THEN false END)"
    if not match.within:
        return tests
    since = f"{last.now} - {match.within}"
    recent = f"WHEN {last.at} > {since} + {MARGIN_S} OR {last.changed} THEN {tests}"
    return f"(CASE WHEN {last.at} <= {since} THEN false {recent} WHEN NOT {tests} THEN false END)"


def _blocks(match: Match, last: LastChange) -> str:
    """SQL: the last change matches, and so no wanted one came after it."""
    return "false" if match.times > 1 else f"coalesce({_matches(match, last)}, false)"


def _absent(match: Match, last: LastChange) -> str:
    """SQL: there cannot be as many changes as it takes."""
    old = f"coalesce({last.at} <= {last.now} - {match.within}, false)" if match.within else "false"
    return f"({old} OR {last.only})" if match.times > 1 else old


def _is_followed(match: Match, unwanted: tuple[Match, ...]) -> bool:
    """True if each change after a matching one is unwanted, since it is a change from the wanted value."""
    wanted = set(match.tests)
    return any(
        one.times <= 1
        and not one.within
        and all(test.side == "from" for test in one.tests)
        and {_swapped(test) for test in one.tests} <= wanted
        for one in unwanted
    )


def _swapped(test: ValueTest) -> ValueTest:
    return ValueTest(side="to", operator=test.operator, value=test.value, inverse=test.inverse)


def _tests_sql(match: Match, last: LastChange) -> str:
    return joined_sql("and", [_test_sql(test, last) for test in match.tests] or ["true"])


def _test_sql(test: ValueTest, last: LastChange) -> str:
    value = last.to if test.side == "to" else last.before
    found = _OPERATORS[test.operator](value, test.value, last.name)
    return f"(NOT {found})" if test.inverse else found


def _equals(value: str, wanted: str, name: str) -> str:
    if name == "email":
        return f"(lower({value}) = {literal(wanted.lower())})"
    if not _is_number(wanted):
        return f"({value} = {literal(wanted)})"
    # The text that Customer.io makes of a number is not known: 5 and 5.0 may be equal or not.
    alike = f"TRY_CAST({value} AS DOUBLE) = TRY_CAST({literal(wanted)} AS DOUBLE)"
    unclear = f"WHEN {value} IS NULL OR {alike} THEN NULL"
    return f"(CASE WHEN {value} = {literal(wanted)} THEN true {unclear} ELSE false END)"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_OPERATORS = {
    "exists": lambda value, _wanted, _name: f"({value} <> '')",
    "email_valid": lambda value, _wanted, _name: f"regexp_full_match({value}, {literal(_EMAIL)})",
    "eq": _equals,
}
