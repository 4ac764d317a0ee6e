"""Messages for a search document of the wrong shape: the place, what stands there, and what is right.

pydantic reports a place as a tuple, such as ("query", "filter", "and", 0, "eq"); users read
`filter.and[0].eq`. The right shape depends on the place alone, so each kind of place has one message.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from pipelines.search.limits import MAX_CONDITIONS, MAX_DEPTH, MAX_LIMIT, MAX_SORT
from pipelines.search.operators import OPERATORS
from sources.suggestions import did_you_mean_or_all

Place = Sequence[int | str]

TOO_DEEP: Final = f"The filter is nested more than {MAX_DEPTH} levels deep. Write it flatter."
TOO_MANY: Final = f"The filter has more than {MAX_CONDITIONS} conditions. `in` takes many values in one."

# Double braces: these are templates.
_JOIN = 'Join several conditions with {{"and": [...]}}.'
_KEYS = {
    "search": ("query", "limit", "cursor", "fields", "include_deleted"),
    "query": ("filter", "sort"),
    "filter": (*OPERATORS, "and", "or", "not"),
}
_MESSAGES = {
    "search": f"The search is {{found}}; it must be an object with any of {', '.join(_KEYS['search'])}.",
    "query": f"query is {{found}}; it must be an object with any of {', '.join(_KEYS['query'])}.",
    "filter": "{place} is {found}; it must be an object with one key, such as "
    f'{{{{"eq": {{{{"state": "draft"}}}}}}}}. {_JOIN}',
    "parts": "{place} is {found}; it must be an array of at least one condition.",
    "comparison": '{place} is {found}; it must name one field and its value, such as {{"{word}": {{"name": '
    "...}}}}. " + _JOIN,
    "sort": f"sort is {{found}}; it must be an array of at most {MAX_SORT} objects.",
    "direction": '{place} must be an object of one field and "asc" or "desc", such as {{"created": "desc"}}.',
    "limit": f"limit must be a whole number from 1 to {MAX_LIMIT:,}; meta.cursor leads to further records.",
    "cursor": "cursor is {found}; it must be a text.",
    "fields": "fields is {found}; it must be an array of at least one field. Leave it out for all fields.",
    "field": "{place} is {found}; it must be a text.",
    "include_deleted": "include_deleted is {found}; it must be true or false.",
}


def describe(error: ValidationError) -> str:
    """The message for the first error of a search document."""
    first = error.errors(include_url=False)[0]
    place, given = first["loc"], first["input"]
    if first["type"].startswith("recursion"):
        return TOO_DEEP
    if first["type"] == "extra_forbidden":
        return _unknown_key(place)
    kind = _kind_of(place)
    if kind == "direction":
        place = place[:3]
    sized = first["type"] in ("too_short", "too_long", "one_key")
    return _MESSAGES[kind].format(
        place=_written(place), word=place[-1] if place else "", found=_found(given, sized=sized)
    )


def _kind_of(place: Place) -> str:
    """The kind of a place: a key of `_MESSAGES`."""
    match tuple(place):
        case ():
            return "search"
        case ("query", "sort", _, *_):
            return "direction"
        case ("query", "filter") | (*_, "not") | (*_, "and" | "or", int()):
            return "filter"
        case (*_, "and" | "or"):
            return "parts"
        case ("query", "filter", *_):
            return "comparison"
        case ("fields", int()):
            return "field"
        case _:
            return str(place[-1])


def _unknown_key(place: Place) -> str:
    *outer, name = place
    kind = _kind_of(outer)
    if kind == "filter":
        hint = did_you_mean_or_all(str(name), _KEYS[kind])
        return f"There is no operator {name!r} (at {_written(place)}).{hint}"
    inside = "; it belongs in query" if kind == "search" and name in _KEYS["query"] else ""
    return (
        f"{_written(outer)} has a key {name!r}, unknown there{inside}. It may have {', '.join(_KEYS[kind])}."
    )


def _written(place: Place) -> str:
    """The place as users read it: `filter.and[0].eq`."""
    if not place:
        return "The search"
    names = place[1:] if place[0] == "query" and len(place) > 1 else place
    return "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names).removeprefix(".")


def _found(value: object, *, sized: bool) -> str:
    """The JSON type of the value, with its size if that is wrong; the value itself may be personal data."""
    if sized and isinstance(value, dict):
        return f"an object with {len(value)} keys"
    if sized and isinstance(value, list):
        return f"an array of {len(value)} items" if value else "an empty array"
    return {
        dict: "an object",
        list: "an array",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }.get(type(value), f"a {type(value).__name__}")
