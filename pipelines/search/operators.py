"""What a value can be held against, one row an operator.

Texts are compared as they are, but `fuzzy` and `keyword` ignore case. Two words are spelled alike from a
Jaro-Winkler similarity of 0.88 on: a letter too many, too few or swapped in a word of some length.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors import ConfigError
from pipelines.search.fields import Bind, Field, Kind, Value

Holds = Callable[[Value, Kind, Any, Bind], str]

_ALIKE = 0.88
_MOST_VALUES = 10_000
# What is looked for word by word: DuckDB's patterns have a largest size.
_MOST_WORDS = 20
_MOST_LETTERS = 1000
_NO_LETTER = r"[^\p{L}\p{M}\p{N}_]"
_NAMES: Mapping[Kind, str] = {"text": "a text", "number": "a number", "bool": "true or false"}


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator: the kinds of value it takes, whether null or an array of them, and its SQL.

    `turned`: it holds where its SQL does not, so also where there is no value. `words`: it takes some words.
    """

    takes: tuple[Kind, ...]
    holds: Holds
    null: bool = False
    many: bool = False
    turned: bool = False
    words: bool = False


def holds(name: str, field: Field, value: Any, bind: Bind) -> str:
    """The SQL of one condition; true or false, never null.

    Raises:
        ConfigError: the operator does not take such a value, or the field never holds one.
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
        return f"NOT {held}" if operator.turned else held

    if field.kind != "json":
        return test(field.value(bind))
    return f"len(list_filter({field.elements(bind)}, lambda v: {test(Value(sql='v', kind='json'))})) > 0"


def _many(name: str, field: Field, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MOST_VALUES:
        msg = f"{name} on {field.path!r} takes an array, of at most {_MOST_VALUES:,} values."
        raise ConfigError(msg)
    return value


def _checked(name: str, field: Field, value: Any) -> Kind | None:
    """The kind of a value that may stand there; None for null."""
    operator = OPERATORS[name]
    if value is None and operator.null:
        return None
    kind = _kind(value)
    if kind is None or kind not in operator.takes:
        takes = " or ".join([_NAMES[each] for each in operator.takes] + ["null"] * operator.null)
        msg = (
            f"{name} on {field.path!r} takes {takes}{', in an array' * operator.many}; it got something else."
        )
        raise ConfigError(msg)
    if operator.words and not (0 < len(value.split()) <= _MOST_WORDS and len(value) <= _MOST_LETTERS):
        msg = (
            f"{name} on {field.path!r} takes 1 to {_MOST_WORDS} words, of at most {_MOST_LETTERS:,} letters."
        )
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
    """The number as DuckDB takes it: within 64 bits, or as a float."""
    try:
        number = value if isinstance(value, int) and -(2**63) <= value < 2**63 else float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        msg = f"{name} on {field.path!r} was given a number that is beyond all that can be stored."
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
    """The words in their order, with nothing but space or punctuation between and around them."""
    phrase = f"{_NO_LETTER}+".join(re.escape(word) for word in given[0].split())
    pattern = f"(?i)(?:^|{_NO_LETTER}){phrase}(?:$|{_NO_LETTER})"
    return f"regexp_matches({value.as_kind(kind)}, {bind(pattern)})"


def _fuzzy(value: Value, kind: Kind, given: Any, bind: Bind) -> str:
    """Each of the words is spelled like a word of the text."""
    words = given[0].lower().split()
    spelled = f"string_split(replace(lower({value.as_kind(kind)}), chr(10), ' '), ' ')"
    alike = f"lambda w: jaro_winkler_similarity(w, {{}}, {_ALIKE}) > 0"
    tests = [f"len(list_filter({spelled}, {alike.format(bind(word))})) > 0" for word in words]
    return f"({' AND '.join(tests)})"


_SCALARS: tuple[Kind, ...] = ("text", "number", "bool")
_ORDERED: tuple[Kind, ...] = ("text", "number")
_TEXT: tuple[Kind, ...] = ("text",)

OPERATORS: Mapping[str, Operator] = {
    "eq": Operator(takes=_SCALARS, null=True, holds=_compare("=")),
    "neq": Operator(takes=_SCALARS, null=True, turned=True, holds=_compare("=")),
    "gt": Operator(takes=_ORDERED, holds=_compare(">")),
    "gte": Operator(takes=_ORDERED, holds=_compare(">=")),
    "lt": Operator(takes=_ORDERED, holds=_compare("<")),
    "lte": Operator(takes=_ORDERED, holds=_compare("<=")),
    "in": Operator(takes=_SCALARS, null=True, many=True, holds=_among),
    "like": Operator(takes=_TEXT, holds=_compare("LIKE")),
    "fuzzy": Operator(takes=_TEXT, words=True, holds=_fuzzy),
    "keyword": Operator(takes=_TEXT, words=True, holds=_keyword),
}
