"""Explains why a document does not fit its schema: the most likely error, its place, and a sentence.

A sentence holds places, types and names of the schema; never a value, which may be personal data.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jsonschema import ValidationError  # type: ignore[import-untyped]

_SHOWN = 20
"""Choices that a message lists at most."""


def most_likely(errors: "list[ValidationError]") -> "ValidationError":
    """The error to show: below an `anyOf`, one of the choice that was most likely meant."""
    error = min(errors, key=_distance)
    return most_likely(_meant(error)) if error.context else error


def pointer_to(error: "ValidationError") -> str:
    """The JSON pointer of the wrong or missing part; empty for the whole document."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path]
    if error.validator == "required":
        steps.append(_lacking(error))
    return "".join(f"/{step}" for step in steps)


def description(error: "ValidationError") -> str:
    """The value's type or size and the expected one, as the end of a sentence."""
    found, right = error.instance, error.validator_value
    if error.validator == "type":
        types = [right] if isinstance(right, str) else right
        return f"it is {_KINDS[type(found)]}, and must be of type {' or '.join(types)}"
    if error.validator == "required":
        others = _instead(error)
        return f"it is missing; other choices need {', '.join(others)}" if others else "it is missing"
    if error.validator == "enum":
        choices = ", ".join(str(choice) for choice in right[:_SHOWN])
        return f"it is none of {choices}{', ...' if len(right) > _SHOWN else ''}"
    sentence = _SIZES.get(error.validator, "it breaks the rule `{rule}`")
    size = len(found) if isinstance(found, list | dict | str) else 0
    return sentence.format(rule=error.validator, size=size, right=right)


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


def _meant(error: "ValidationError") -> "list[ValidationError]":
    """The errors below the choice with the least weight."""
    choices: dict[int, list[ValidationError]] = {}
    for each in error.context:
        choices.setdefault(each.relative_schema_path[0], []).append(each)
    return min(choices.values(), key=_sum)


def _distance(error: "ValidationError") -> tuple[int, int, int]:
    """The weight of an error: a contradicted `enum` counts most, then the number of errors.

    Of equals, the deeper one is nearer.
    """
    if error.context:
        return _sum(_meant(error))
    return int(error.validator == "enum"), 1, -len(error.absolute_path)


def _sum(errors: "list[ValidationError]") -> tuple[int, int, int]:
    distances = [_distance(error) for error in errors]
    contradicted, number, depths = (sum(each) for each in zip(*distances, strict=True))
    return contradicted, number, depths


def _lacking(error: "ValidationError") -> str:
    # The library reports each missing name as an error of its own, with the name in its message alone.
    return str(next(name for name in error.validator_value if name not in error.instance))


def _instead(error: "ValidationError") -> list[str]:
    """The names that other choices require at the same place."""
    if error.parent is None:
        return []
    names = [
        _lacking(each)
        for each in error.parent.context
        if each.validator == "required" and each.absolute_path == error.absolute_path
    ]
    return [name for name in dict.fromkeys(names) if name != _lacking(error)]
