"""A published table of random rows, and what a search over it should find, worked out row by row."""

import json
import random
import re
from collections.abc import Callable, Iterator
from functools import cache, cmp_to_key
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
Compare = Callable[[Any, Any], bool]

TABLE = "campaign_actions"
KEY = ("campaign_id", "id")
TYPES = {
    "campaign_id": "BIGINT",
    "id": "VARCHAR",
    "name": "VARCHAR",
    "created": "BIGINT",
    "rate": "DOUBLE",
    "active": "BOOLEAN",
    "tags": "JSON",
    "data": "JSON",
    "deleted_at": "BIGINT",
    "_row_hash": "BIGINT",
}
TEXTS = (
    "Welcome series",
    "welcome",
    "Wellcome, friend!",
    "100% off",
    "under_score",
    "O'Brien",
    'say "hi"',
    "überschrift Ñandú",
    "line\nbreak",
    "नमस्ते दुनिया",
    "'; DROP TABLE x; --",
    "a[1].b",
    "",
    "C++ news",
    "true",
    "5",
)
NUMBERS = (-3, 0, 1, 2, 5, 1_700_000_000, 0.5, -2.25)
PATHS = ("tags", "data", "data.a", "data.b.c", 'data."d.e"', "data.list", "data.list.x", "data.a/b~")
COLUMNS = {"name": TEXTS, "id": TEXTS, "created": NUMBERS, "rate": NUMBERS, "active": (True, False)}


def rows(seed: int, count: int) -> list[Row]:
    """Random rows: half of them with ties, nulls, arrays within objects and objects within arrays."""
    chance = random.Random(seed)  # noqa: S311 (examples)
    return [_row(chance, number) for number in range(count)]


def _row(chance: random.Random, number: int) -> Row:
    return {
        "campaign_id": number % 4,
        "id": f"{number // 4}",
        "name": chance.choice((None, *TEXTS)),
        "created": chance.choice((None, -3, 0, 1, 2, 5, 1_700_000_000)),
        "rate": chance.choice((None, *map(float, NUMBERS))),
        "active": chance.choice((None, True, False)),
        "tags": chance.choice((None, [chance.choice(TEXTS) for _ in range(chance.randrange(4))])),
        "data": _json(chance, 0),
        "deleted_at": chance.choice((None, None, None, 7)),
        "_row_hash": number,
    }


def _json(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(7 if depth < 4 else 4)
    if kind == 0:
        return None
    if kind == 1:
        return chance.choice(TEXTS)
    if kind == 2:
        return chance.choice(NUMBERS)
    if kind == 3:
        return chance.choice((True, False))
    if kind == 4:
        return [_json(chance, depth + 1) for _ in range(chance.randrange(3))]
    keys = ("a", "b", "c", "d.e", "list", "x", "a/b~", "0")
    return {key: _json(chance, depth + 1) for key in chance.sample(keys, 5)}


def published(folder: Path, made: list[Row]) -> None:
    """Write the rows where a sync would have published them."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TYPES.items())
    with duckdb.connect(folder / "customerio.duckdb") as connection:
        connection.execute("CREATE SCHEMA customerio_raw")
        connection.execute(f"CREATE TABLE customerio_raw.{TABLE} ({columns})")
        connection.executemany(
            f"INSERT INTO customerio_raw.{TABLE} VALUES ({', '.join('?' * len(TYPES))})",
            [[_cell(name, row[name]) for name in TYPES] for row in made],
        )


def _cell(name: str, value: Any) -> Any:
    return json.dumps(value) if TYPES[name] == "JSON" and value is not None else value


def random_filter(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """A filter that the language takes."""
    if depth < 3 and chance.random() < 0.4:
        word = chance.choice(("and", "or", "not"))
        parts = [random_filter(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
        return {word: parts[0] if word == "not" else parts}
    path = chance.choice((*COLUMNS, *PATHS))
    pool: tuple[Any, ...] = COLUMNS.get(path, (*TEXTS, *NUMBERS, True, False))
    value = chance.choice(pool)
    operators = ["eq", "neq"]
    if not isinstance(value, bool):
        operators += ["gt", "gte", "lt", "lte"]
    if isinstance(value, str):
        value = chance.choice((value, f"%{value[1:4]}%", value.replace("e", "_"), value.upper(), value[1:]))
        operators += ["like", *(["fuzzy", "keyword"] if value.split() else [])]
    if chance.random() < 0.1:
        return {chance.choice(("eq", "neq")): {path: None}}
    if chance.random() < 0.15:
        return {"in": {path: [chance.choice((None, *pool)) for _ in range(chance.randrange(4))]}}
    return {chance.choice(operators): {path: value}}


def matches(row: Row, condition: dict[str, Any]) -> bool:
    """True if the row matches the filter."""
    ((word, inner),) = condition.items()
    if word == "and":
        return all(matches(row, part) for part in inner)
    if word == "or":
        return any(matches(row, part) for part in inner)
    if word == "not":
        return not matches(row, inner)
    ((path, wanted),) = inner.items()
    return any(_holds(word, value, wanted) for value in _values(row, path))


def _keys(path: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|([^".]+)', path)]


def _values(row: Row, path: str) -> list[Any]:
    column, *keys = _keys(path)
    values = list(_spread([row[column]]))
    for key in keys:
        values = list(_spread([value.get(key) if isinstance(value, dict) else None for value in values]))
    return values


def _spread(values: list[Any]) -> Iterator[Any]:
    for value in values:
        yield from value if isinstance(value, list) else [value]


def _holds(word: str, value: Any, wanted: Any) -> bool:
    if word == "in":
        return any(_holds("eq", value, each) for each in wanted)
    if word == "neq":
        return not _holds("eq", value, wanted)
    if wanted is None or value is None:
        return value is wanted
    return _kind(value) == _kind(wanted) and _COMPARE[word](value, wanted)


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _like(value: str, pattern: str) -> bool:
    parts = [".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern]
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _keyword(value: str, words: str) -> bool:
    """Somewhere the words stand, with no letter or digit just before, just after, and some gap between."""
    gap = "".join({letter for text in TEXTS for letter in text if not _in_word(letter)})
    phrase = f"[{re.escape(gap)}]+".join(map(re.escape, words.lower().split()))
    found = re.finditer(f"(?=({phrase}))", value.lower())
    return any(_alone(value, match.start(1), match.end(1)) for match in found)


def _in_word(letter: str) -> bool:
    # Marks of Devanagari are part of a word, and Python's \w lacks them.
    return letter.isalnum() or letter == "_" or "\u0900" <= letter <= "\u094f"


def _alone(value: str, start: int, end: int) -> bool:
    before, after = value[:start][-1:], value[end:][:1]
    return not (before and _in_word(before)) and not (after and _in_word(after))


@cache
def _similarity(one: str, other: str) -> float:
    ((found,),) = duckdb.execute("SELECT jaro_winkler_similarity(?, ?)", [one, other]).fetchall()
    return float(found)


def _fuzzy(value: str, words: str) -> bool:
    wanted = words.lower().split()
    there = re.split("[ \n]", value.lower())
    return all(any(_similarity(w, t) >= 0.88 for t in there) for w in wanted)


_COMPARE: dict[str, Compare] = {
    "eq": lambda value, wanted: bool(value == wanted),
    "gt": lambda value, wanted: bool(value > wanted),
    "gte": lambda value, wanted: bool(value >= wanted),
    "lt": lambda value, wanted: bool(value < wanted),
    "lte": lambda value, wanted: bool(value <= wanted),
    "like": _like,
    "keyword": _keyword,
    "fuzzy": _fuzzy,
}


def in_order(made: list[Row], sort: list[dict[str, str]]) -> list[Row]:
    """The rows in the order of that sort, then of the key; what is missing comes last either way."""
    whole = [*sort, *({name: "asc"} for name in KEY)]

    def compare(one: Row, other: Row) -> int:
        for item in whole:
            ((path, direction),) = item.items()
            for a, b in zip(_comparable(one, path), _comparable(other, path), strict=True):
                if a == b:
                    continue
                if a is None or b is None:
                    return 1 if a is None else -1
                return (1 if a > b else -1) * (1 if direction == "asc" else -1)
        return 0

    return sorted(made, key=cmp_to_key(compare))


def _comparable(row: Row, path: str) -> tuple[Any, ...]:
    column, *keys = _keys(path)
    value = row[column]
    if TYPES[column] != "JSON":
        return (value,)
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value, None)
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    return (None, text)
