"""The operators of conditions, one row each: the values that they take, and their SQL.

Texts are compared case-sensitively, except by `fuzzy` and `keyword`. Two words count as similar from a
Jaro-Winkler similarity of 0.88 on: one letter added, missing or swapped in a word of some length.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors import ConfigError
from pipelines.search.fields import Bind, Field, Kind, Value
from pipelines.search.limits import MAX_PHRASE, MAX_VALUES, MAX_WORDS

Holds = Callable[[Value, Kind, Any, Bind], str]

_SIMILARITY = 0.88
_NO_LETTER = r"[^\p{L}\p{M}\p{N}_]"
_NAMES: Mapping[Kind, str] = {"text": "a text", "number": "a number", "bool": "true or false"}


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator.

    Attributes:
        takes: The kinds of value that it takes.
        holds: Makes its SQL.
        null: It takes null too.
        many: It takes an array of values.
        negated: It is true where its SQL is false, so also where there is no value.
        words: Its value is some words.
    """

    takes: tuple[Kind, ...]
    holds: Holds
    null: bool = False
    many: bool = False
    negated: bool = False
    words: bool = False


def holds(name: str, field: Field, value: Any, bind: Bind) -> str:
    """The SQL of one condition; it is true or false, never null.

    Raises:
        ConfigError: the operator does not take a value of this kind, or the field never has one.
    """
    operator = OPERATORS[name]
    wanted = _many(name, field, value) if operator.many else [value]
    by_kind: dict[Kind | None, list[Any]] = {}
    for each in wanted:
        kind = _checked(name, field, each)
        by_kind.setdefault(kind, []).append(_number(name, field, each) if kind == "number" else each)

    def test(tested: Value) -> str:
        tests = [
            tested.missing if kind is None else operator.holds(tested, kind, values, bind)
            for kind, values in by_kind.items()
        ]
        held = f"coalesce({' OR '.join(tests)}, false)" if tests else "false"
        return f"NOT {held}" if operator.negated else held

    if field.kind != "json":
        return test(field.value(bind))
    return f"len(list_filter({field.elements(bind)}, lambda v: {test(Value(sql='v', kind='json'))})) > 0"


def _many(name: str, field: Field, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_VALUES:
        msg = f"{name} on {field.path!r} takes an array, of at most {MAX_VALUES:,} values."
        raise ConfigError(msg)
    return value


def _checked(name: str, field: Field, value: Any) -> Kind | None:
    """The kind of a value that the operator and the field take; None for null."""
    operator = OPERATORS[name]
    if value is None and operator.null:
        return None
    kind = _kind(value)
    if kind is None or kind not in operator.takes:
        takes = " or ".join([_NAMES[each] for each in operator.takes] + ["null"] * operator.null)
        takes += ", in an array" * operator.many
        msg = f"{name} on {field.path!r} takes {takes}; it was given another type."
        raise ConfigError(msg)
    if operator.words and not (0 < len(value.split()) <= MAX_WORDS and len(value) <= MAX_PHRASE):
        msg = f"{name} on {field.path!r} takes 1 to {MAX_WORDS} words, of at most {MAX_PHRASE:,} letters."
        raise ConfigError(msg)
    if field.kind not in ("json", kind):
        msg = (
            f"{field.path!r} holds {_NAMES[field.kind]} or nothing, and {name} was given {_NAMES[kind]}. "
            "Times are Unix seconds; ids are texts or numbers as Customer.io has them."
        )
        raise ConfigError(msg)
    return kind


def _kind(value: Any) -> Kind | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None


def _number(name: str, field: Field, value: float) -> float:
    """The number as an integer of 64 bits, or else as a float: DuckDB takes no other."""
    try:
        number = value if isinstance(value, int) and -(2**63) <= value < 2**63 else float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        msg = f"{name} on {field.path!r} was given a number beyond the range of 64-bit floats."
        raise ConfigError(msg)
    return number


def _compare(sign: str) -> Holds:
    def compared(value: Value, kind: Kind, given: Any, bind: Bind) -> str:
        return f"{value.as_kind(kind)} {sign} {bind(given[0])}"

    return compared


def _among(value: Value, kind: Kind, given: Any, bind: Bind) -> str:
    if value.kind == "json":
        return f"list_contains({bind(given)}, {value.as_kind(kind)})"
    # A subquery becomes a hash join; but DuckDB takes none within the lambda that walks JSON's arrays.
    return f"{value.as_kind(kind)} IN (SELECT unnest({bind(given)}))"


def _keyword(value: Value, kind: Kind, given: Any, bind: Bind) -> str:
    """The words in their order, with only spaces or punctuation between and around them."""
    phrase = f"{_NO_LETTER}+".join(re.escape(word) for word in given[0].split())
    pattern = f"(?i)(?:^|{_NO_LETTER}){phrase}(?:$|{_NO_LETTER})"
    return f"regexp_matches({value.as_kind(kind)}, {bind(pattern)})"


def _fuzzy(value: Value, kind: Kind, given: Any, bind: Bind) -> str:
    """Each of the words is similar to a word of the text."""
    words = given[0].lower().split()
    spelled = f"string_split(replace(lower({value.as_kind(kind)}), chr(10), ' '), ' ')"
    alike = f"lambda w: jaro_winkler_similarity(w, {{}}, {_SIMILARITY}) > 0"
    tests = [f"len(list_filter({spelled}, {alike.format(bind(word))})) > 0" for word in words]
    return f"({' AND '.join(tests)})"


_SCALARS: tuple[Kind, ...] = ("text", "number", "bool")
_ORDERED: tuple[Kind, ...] = ("text", "number")
_TEXT: tuple[Kind, ...] = ("text",)

OPERATORS: Mapping[str, Operator] = {
    "eq": Operator(takes=_SCALARS, null=True, holds=_compare("=")),
    "neq": Operator(takes=_SCALARS, null=True, negated=True, holds=_compare("=")),
    "gt": Operator(takes=_ORDERED, holds=_compare(">")),
    "gte": Operator(takes=_ORDERED, holds=_compare(">=")),
    "lt": Operator(takes=_ORDERED, holds=_compare("<")),
    "lte": Operator(takes=_ORDERED, holds=_compare("<=")),
    "in": Operator(takes=_SCALARS, null=True, many=True, holds=_among),
    "like": Operator(takes=_TEXT, holds=_compare("LIKE")),
    "fuzzy": Operator(takes=_TEXT, words=True, holds=_fuzzy),
    "keyword": Operator(takes=_TEXT, words=True, holds=_keyword),
}
