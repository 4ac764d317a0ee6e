"""The truth of a segment's conditions before and after a plan, as SQL with NULL for unknown.

    tree ──> SQL over a row of the table that `workbench` makes, whose columns `Needs` collects

SQL joins true, false and NULL as three-valued logic wants it: `false AND NULL` is false, `true OR NULL` true.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pipelines.push.forecast.attribute import LastChange, attribute_truth, joined_sql, sole_attribute
from pipelines.push.forecast.conditions import Inverse, Joined, Member, Node, Performed, Unclear, walk

T = TypeVar("T")
Phase = Literal["before", "after"]
PHASES: tuple[Phase, Phase] = ("before", "after")
Counted = tuple[str, str, int]
"""A count: type, name, seconds (0 is ever)."""


@dataclass(kw_only=True)
class Needs:
    """The facts that trees ask for; the position of each is the number of its columns."""

    attributes: list[str] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)

    def attribute(self, name: str) -> int:
        """The number of an attribute's columns."""
        return _number(self.attributes, name)

    def collect(self, node: Node) -> None:
        """Add what a tree asks for."""
        for one in walk(node):
            if isinstance(one, Performed):
                _number(self.counted, _counted(one))
            elif isinstance(one, Member):
                _number(self.segments, one.segment_id)
            elif (name := sole_attribute(one)) is not None:
                _number(self.attributes, name)


def truth_columns(trees: Sequence[Node], needs: Needs, now: str) -> list[str]:
    """SQL of three columns for each tree: tN_before, tN_after, and tN_touched, if the plan may change it.

    A person whom the plan creates is in nothing before it. `now` is the Unix seconds of the evaluation.
    """
    columns = []
    for number, tree in enumerate(trees):
        before, after = (_truth(tree, needs, phase, now) for phase in PHASES)
        columns += [
            f"(CASE WHEN NOT fresh THEN {before} ELSE false END) AS t{number}_before",
            f"{after} AS t{number}_after",
            f"{_touched(tree, needs)} AS t{number}_touched",
        ]
    return columns


def _touched(node: Node, needs: Needs) -> str:
    """SQL: the plan may change the truth of a tree for a person."""
    parts = ["fresh"]
    for one in walk(node):
        if isinstance(one, Unclear):
            return "true"
        if isinstance(one, Performed):
            parts.append(f"n{_number(needs.counted, _counted(one))}_most > 0")
        elif isinstance(one, Member):
            number = _number(needs.segments, one.segment_id)
            parts.append(f"m{number}_before IS DISTINCT FROM m{number}_after")
        elif (name := sole_attribute(one)) is not None:
            parts.append(f"coalesce(a{_number(needs.attributes, name)}_changed, true)")
    return joined_sql("or", list(dict.fromkeys(parts)))


def turns_back(node: Node) -> bool:
    """True if doing something often may make a person enter and leave: one count is wanted, another not."""
    signs = set(_signs(node, sign=True))
    return len(signs) > 1


def _signs(node: Node, *, sign: bool) -> list[bool]:
    if isinstance(node, Inverse):
        return _signs(node.part, sign=not sign)
    if isinstance(node, Joined):
        return [one for part in node.parts for one in _signs(part, sign=sign)]
    return [sign] if isinstance(node, Performed) else []


def _truth(node: Node, needs: Needs, phase: Phase, now: str) -> str:
    name = sole_attribute(node)
    if name is not None:
        return f"({attribute_truth(node, _last_change(_number(needs.attributes, name), name, phase, now))})"
    if isinstance(node, Joined):
        return joined_sql(node.joint, [_truth(part, needs, phase, now) for part in _by_attribute(node)])
    if isinstance(node, Inverse):
        return f"(NOT {_truth(node.part, needs, phase, now)})"
    if isinstance(node, Performed):
        return _performed(node, _number(needs.counted, _counted(node)), phase)
    if isinstance(node, Member):
        return f"m{_number(needs.segments, node.segment_id)}_{phase}"
    return "NULL::BOOLEAN"


def _by_attribute(node: Joined) -> list[Node]:
    """The parts, with those of one attribute as one part: together they may be known where one is not."""
    alone: dict[str, list[Node]] = {}
    rest: list[Node] = []
    for part in node.parts:
        name = sole_attribute(part)
        rest.append(part) if name is None else alone.setdefault(name, []).append(part)
    groups = (tuple(parts) for parts in alone.values())
    joined = [parts[0] if len(parts) == 1 else Joined(joint=node.joint, parts=parts) for parts in groups]
    return [*rest, *joined]


def _last_change(number: int, name: str, phase: Phase, now: str) -> LastChange:
    column = f"a{number}"
    if phase == "before":
        return LastChange(name=name, to=f"{column}_before", before="NULL::VARCHAR", at=f"{column}_at",
            changed="false", only="fresh", now=now)  # fmt: skip
    changed = f"{column}_changed"
    return LastChange(
        name=name,
        to=f"{column}_after",
        before=f"(CASE WHEN {changed} THEN {column}_before END)",
        at=f"(CASE WHEN {changed} THEN {now} WHEN NOT {changed} THEN {column}_at END)",
        changed=changed,
        only="fresh",
        now=now,
    )


def _performed(node: Performed, number: int, phase: Phase) -> str:
    """SQL: a person did it often enough; `least` and `most` bound how often, NULL is without bound."""
    column = f"n{number}"
    added = (f" + {column}_least", f" + {column}_most") if phase == "after" else ("", "")
    least = "0" if node.filtered else f"{column}_known{added[0]}"
    return (
        f"(CASE WHEN {least} >= {node.times} THEN true "
        f"WHEN {column}_bound{added[1]} < {node.times} THEN false END)"
    )


def _counted(node: Performed) -> Counted:
    return node.type, node.name, node.within


def _number(known: list[T], wanted: T) -> int:
    """The position of a thing that is asked for, which is added if it is new."""
    if wanted not in known:
        known.append(wanted)
    return known.index(wanted)
