"""What is wrong with a document that does not fit its schema: which fault to tell, its place, and in words.

A sentence has places, kinds and names that the schema knows; never a value, which may be somebody's data.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonschema import ValidationError  # type: ignore[import-untyped]

_SHOWN = 20
"""Choices that a message lists at most."""


def likeliest(faults: "list[ValidationError]") -> "ValidationError":
    """The fault to tell: where there were choices, one of the choice that was most likely meant."""
    fault = min(faults, key=_distance)
    return likeliest(_meant(fault)) if fault.context else fault


def place(fault: "ValidationError") -> str:
    """The JSON pointer of what is wrong or missing; empty for the whole document."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in fault.absolute_path]
    if fault.validator == "required":
        steps.append(_lacking(fault))
    return "".join(f"/{step}" for step in steps)


def told(fault: "ValidationError") -> str:
    """What was found and what would be right, as the end of a sentence."""
    found, right = fault.instance, fault.validator_value
    if fault.validator == "type":
        types = [right] if isinstance(right, str) else right
        return f"it is {_KINDS[type(found)]}, and must be of type {' or '.join(types)}"
    if fault.validator == "required":
        others = _instead(fault)
        return f"it is missing; other choices need {', '.join(others)}" if others else "it is missing"
    if fault.validator == "enum":
        choices = ", ".join(str(choice) for choice in right[:_SHOWN])
        return f"it is none of {choices}{', ...' if len(right) > _SHOWN else ''}"
    sentence = _SIZES.get(fault.validator, "it breaks the rule `{rule}`")
    size = len(found) if isinstance(found, list | dict | str) else 0
    return sentence.format(rule=fault.validator, size=size, right=right)


_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}
_SIZES: Mapping[str, str] = {
    "maxItems": "it has {size:,} items, and may have {right:,}",
    "minItems": "it has {size:,} items, and needs {right:,}",
    "maxLength": "it is {size:,} characters long, and may be {right:,}",
    "maxProperties": "it has {size:,} properties, and may have {right:,}",
}


def _meant(fault: "ValidationError") -> "list[ValidationError]":
    """The faults under that choice which the document is nearest to."""
    choices: dict[int, list[ValidationError]] = {}
    for each in fault.context:
        choices.setdefault(each.relative_schema_path[0], []).append(each)
    return min(choices.values(), key=_sum)


def _distance(fault: "ValidationError") -> tuple[int, int, int]:
    """How far off a fault is: what a document says of its own kind counts most, then how much is wrong.

    Of equals, the deeper one is nearer.
    """
    if fault.context:
        return _sum(_meant(fault))
    return int(fault.validator == "enum"), 1, -len(fault.absolute_path)


def _sum(faults: "list[ValidationError]") -> tuple[int, int, int]:
    distances = [_distance(fault) for fault in faults]
    contradicted, number, depths = (sum(each) for each in zip(*distances, strict=True))
    return contradicted, number, depths


def _lacking(fault: "ValidationError") -> str:
    # The library makes one fault of each missing name, and keeps the name in its message alone.
    return str(next(name for name in fault.validator_value if name not in fault.instance))


def _instead(fault: "ValidationError") -> list[str]:
    """What is missing at the same place for the other choices, if there are any."""
    if fault.parent is None:
        return []
    names = [
        _lacking(each)
        for each in fault.parent.context
        if each.validator == "required" and each.absolute_path == fault.absolute_path
    ]
    return [name for name in dict.fromkeys(names) if name != _lacking(fault)]
