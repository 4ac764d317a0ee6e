"""A search as its user wrote it, checked for shape; what its table has is checked later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines.errors import ConfigError
from pipelines.search.operators import OPERATORS
from pipelines.search.suggestions import near

DEFAULT_LIMIT: Final = 1000
MOST: Final = 100_000
"""Records that one answer may hold; they are in memory at once. A cursor leads to more."""
_DEEPEST = 50
_LONGEST_SORT = 10
_CONDITIONS = 1000


@dataclass(frozen=True, kw_only=True)
class Condition:
    """An operator, the path of a field, and the value that it is held against."""

    operator: str
    path: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Group:
    """Conditions joined by `and` or `or`; with `not`, the only one of them turned round."""

    word: str
    parts: tuple["Group | Condition", ...]


Filter = Group | Condition


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A field to sort by; where it is missing, a record comes last either way."""

    path: str
    descending: bool


@dataclass(frozen=True, kw_only=True)
class Query:
    """A search. Without `fields`, records are whole; `include_deleted` brings tombstones too."""

    filter: Filter | None = None
    sort: tuple[Sort, ...] = ()
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    fields: tuple[str, ...] | None = None
    include_deleted: bool = False


def parsed(document: object) -> Query:
    """The search that a JSON document describes.

    Raises:
        ConfigError: it has another shape; the message names the place.
    """
    top = _object(document, "The search", ("query", *_TOP))
    query = _object(top.get("query", {}), "query", ("filter", "sort"))
    filtering, sort = query.get("filter"), query.get("sort")
    return Query(
        filter=None if filtering in (None, {}) else _filter(filtering, "filter", _Budget()),
        sort=() if sort is None else _sort(sort),
        **{name: read(top[name], name) for name, read in _TOP.items() if top.get(name) is not None},
    )


class _Budget:
    """How many conditions there may still be: DuckDB plans thousands of them for minutes."""

    left = _CONDITIONS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            msg = f"The filter has more than {_CONDITIONS} conditions. `in` holds many values in one."
            raise ConfigError(msg)


def _filter(value: object, place: str, budget: _Budget, depth: int = 0) -> Filter:
    if not isinstance(value, Mapping) or len(value) != 1:
        found = f"an object with {len(value)} keys" if isinstance(value, Mapping) else _kind(value)
        msg = (
            f"{place} is {found}; it must be an object with one key, such as "
            '{"eq": {"state": "draft"}}. Join several conditions with {"and": [...]}.'
        )
        raise ConfigError(msg)
    if depth > _DEEPEST:
        msg = f"The filter is nested more than {_DEEPEST} levels deep. Write it flatter."
        raise ConfigError(msg)
    ((word, inner),) = value.items()
    place = f"{place}.{word}"
    if word in ("and", "or"):
        parts = _array(inner, place)
        if not parts:
            msg = f"{place} is an empty array. Put conditions in, or leave it out."
            raise ConfigError(msg)
        return Group(
            word=word,
            parts=tuple(_filter(part, f"{place}[{i}]", budget, depth + 1) for i, part in enumerate(parts)),
        )
    if word == "not":
        return Group(word=word, parts=(_filter(inner, place, budget, depth + 1),))
    return _condition(word, inner, place, budget)


def _condition(word: str, inner: object, place: str, budget: _Budget) -> Condition:
    if word not in OPERATORS:
        msg = f"There is no operator {word!r} (at {place}).{near(word, (*OPERATORS, 'and', 'or', 'not'))}"
        raise ConfigError(msg)
    if not isinstance(inner, Mapping) or len(inner) != 1:
        found = f"an object with {len(inner)} fields" if isinstance(inner, Mapping) else _kind(inner)
        msg = (
            f"{place} is {found}; it must name one field and its value, such as "
            f'{{"{word}": {{"name": ...}}}}. '
            'Join several conditions with {"and": [...]}.'
        )
        raise ConfigError(msg)
    budget.spend()
    ((path, value),) = inner.items()
    return Condition(operator=word, path=path, value=value)


def _sort(value: object) -> tuple[Sort, ...]:
    items = _array(value, "sort")
    if len(items) > _LONGEST_SORT:
        msg = f"sort has {len(items)} fields; {_LONGEST_SORT} are the most."
        raise ConfigError(msg)
    sorts = []
    for place, item in enumerate(items):
        pairs = list(item.items()) if isinstance(item, Mapping) else []
        if len(pairs) != 1 or pairs[0][1] not in ("asc", "desc"):
            msg = (
                f'sort[{place}] must be an object of one field and "asc" or "desc", '
                'such as {"created": "desc"}.'
            )
            raise ConfigError(msg)
        sorts.append(Sort(path=pairs[0][0], descending=pairs[0][1] == "desc"))
    return tuple(sorts)


def _limit(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        msg = f"{place} must be a whole number from 1 to {MOST:,}; meta.cursor leads to what is left."
        raise ConfigError(msg)
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        msg = f"{place} is {_kind(value)}; it must be a text."
        raise ConfigError(msg)
    return value


def _fields(value: object, place: str) -> tuple[str, ...]:
    names = tuple(_text(name, f"{place}[{i}]") for i, name in enumerate(_array(value, place)))
    if not names:
        msg = f"{place} is an empty array. Name a field, or leave it out for all."
        raise ConfigError(msg)
    return names


def _flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        msg = f"{place} is {_kind(value)}; it must be true or false."
        raise ConfigError(msg)
    return value


_TOP: Mapping[str, Callable[[object, str], Any]] = {
    "limit": _limit,
    "cursor": _text,
    "fields": _fields,
    "include_deleted": _flag,
}


def _object(value: object, place: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"{place} is {_kind(value)}; it must be an object with any of {', '.join(names)}."
        raise ConfigError(msg)
    unknown = next((name for name in value if name not in names), None)
    if unknown is not None:
        inside = "; it belongs in query" if unknown in ("filter", "sort") else ""
        msg = f"{place} has a key {unknown!r}, unknown there{inside}. It may have {', '.join(names)}."
        raise ConfigError(msg)
    return value


def _array(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        msg = f"{place} is {_kind(value)}; it must be an array."
        raise ConfigError(msg)
    return value


def _kind(value: object) -> str:
    """What JSON calls a value of that type; the value itself may be somebody's data."""
    return {
        dict: "an object",
        list: "an array",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }.get(type(value), f"a {type(value).__name__}")
