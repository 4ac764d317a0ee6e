"""Searches: random ones compared with an evaluation in plain Python, pages, shapes, and bad input."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipelines.search import search
from pipelines.settings import Settings, read_settings
from sources.customerio.catalogue import resource
from sources.customerio.client import ConfigError
from tests.conftest import Warehouse
from tests.pipelines.search.table import (
    KEY,
    TABLE,
    Row,
    in_order,
    matches,
    published,
    random_filter,
    rows,
)

ROWS = rows(seed=1, count=100)
ALIVE = [row for row in ROWS if row["deleted_at"] is None]
SORTS = ("created", "name", "rate", "active", "id", "data.a", "data.b.c", "data", "tags")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a warehouse with one table of random rows."""
    folder = tmp_path_factory.mktemp("warehouse")
    published(folder, ROWS)
    return read_settings(cio_elt_data=folder)


def keys(found: list[Row]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in KEY) for row in found]


def found(settings: Settings, **query: Any) -> list[Row]:
    return search(settings, TABLE, query).data


@pytest.mark.parametrize("seed", range(6))
def test_random_filters_find_what_plain_python_finds(settings: Settings, seed: int) -> None:
    """A filter finds exactly its rows, and its negation finds all the others."""
    chance = random.Random(seed)  # noqa: S311 (examples)
    for turned in (False, True) * 6:
        condition = random_filter(chance)
        wanted = sorted(keys([row for row in ALIVE if matches(row, condition) is not turned]))
        asked = {"not": condition} if turned else condition

        assert wanted == keys(found(settings, query={"filter": asked}, fields=list(KEY))), asked


@pytest.mark.parametrize("seed", range(4))
def test_pages_hold_each_record_once_in_the_order_asked_for(settings: Settings, seed: int) -> None:
    """With ties, missing values, mixed kinds and both directions, pages of any size add up to all records."""
    chance = random.Random(seed)  # noqa: S311 (examples)
    sort = [{path: chance.choice(("asc", "desc"))} for path in chance.sample(SORTS, seed % 4)]
    query = {"filter": {"gte": {"campaign_id": 0}}, "sort": sort}
    pages: list[Row] = []
    cursor = None
    while True:
        document = {"query": query, "limit": chance.randrange(4, 40), "cursor": cursor}
        answer = search(settings, TABLE, document)
        pages += answer.data
        assert answer.has_more == (answer.cursor is not None)
        cursor = answer.cursor
        if cursor is None:
            break

    assert keys(in_order(ALIVE, sort)) == keys(pages), sort


def test_a_full_last_page_has_no_more(settings: Settings) -> None:
    """A page with as many records as the limit, and none after it, is the last one."""
    answer = search(settings, TABLE, {"limit": len(ALIVE)})

    assert (len(ALIVE), False, None) == (len(answer.data), answer.has_more, answer.cursor)
    assert ["data", "meta"] == list(answer.document)
    assert ["has_more", "cursor", "took_ms"] == list(answer.document["meta"])


def test_records_come_whole_and_without_bookkeeping(settings: Settings) -> None:
    """A record has all columns but the project's own ones, JSON as JSON."""
    shown = [name for name in ALIVE[0] if not name.startswith("_")]
    wanted = [{name: row[name] for name in shown} for row in in_order(ALIVE, [])]

    assert json.dumps(wanted) == json.dumps(found(settings))
    assert {"_row_hash"} == set(found(settings, fields=["_row_hash"])[0])


def test_fields_keep_the_shape_of_the_record(settings: Settings) -> None:
    """A path selects a part of the object, in each element of the arrays on its path."""
    wanted = ["data.b.c", "id", 'data."d.e"', "tags", "tags"]
    one = found(settings, fields=wanted)

    def part(data: Any) -> Any:
        if isinstance(data, list):
            return [part(each) for each in data]
        return {"b": c_of(data.get("b")), "d.e": data.get("d.e")} if isinstance(data, dict) else None

    def c_of(value: Any) -> Any:
        if isinstance(value, list):
            return [c_of(each) for each in value]
        return {"c": value.get("c")} if isinstance(value, dict) else None

    assert one == [
        {"data": part(row["data"]), "id": row["id"], "tags": row["tags"]} for row in in_order(ALIVE, [])
    ]
    assert any(row["data"] for row in one)


def test_a_column_beside_its_own_parts_comes_whole(settings: Settings) -> None:
    """A column that is selected both whole and in parts comes whole."""
    assert found(settings, fields=["data"]) == found(settings, fields=["data.a", "data"])


def test_deleted_records_come_when_asked_for(settings: Settings) -> None:
    """Tombstones are left out, unless include_deleted says otherwise."""
    everything = found(settings, include_deleted=True)

    assert sorted(keys(ROWS)) == keys(everything)
    assert sorted(keys(ALIVE)) == keys(found(settings))


def test_text_never_becomes_sql(settings: Settings) -> None:
    """Quotes and statements in values and paths are compared as text, and match nothing."""
    evil = "x') OR 1=1; DROP TABLE campaign_actions; --"

    assert [] == found(settings, query={"filter": {"eq": {"name": evil}}})
    assert [] == found(settings, query={"filter": {"eq": {f"data.{evil.replace('.', '')}": 1}}})
    with pytest.raises(ConfigError, match="has no field"):
        found(settings, query={"sort": [{f'id" {evil}': "asc"}]})


BAD: list[tuple[Any, tuple[str, ...]]] = [
    ([], ("The search is an array", "object")),
    ({"filter": {}}, ("'filter'", "belongs in query")),
    ({"query": {"where": {}}}, ("query has a key 'where'", "filter, sort")),
    ({"query": {"filter": {"eq": {"nam": "x"}}}}, ("no field 'nam'", "Did you mean name")),
    ({"query": {"filter": {"eq": {"Name": "x"}}}}, ("no field 'Name'", "Did you mean name")),
    ({"query": {"filter": {"eq": {"name.first": "x"}}}}, ("'name.first'", "not a JSON column")),
    ({"query": {"filter": {"eq": {"data..a": "x"}}}}, ("'data..a'", "not a path")),
    ({"query": {"filter": {"equ": {"name": "x"}}}}, ("no operator 'equ'", "Did you mean eq")),
    ({"query": {"filter": {"eq": {"name": "x", "id": "y"}}}}, ("filter.eq", "2 keys", '"and"')),
    ({"query": {"filter": {"eq": {"name": "x"}, "lt": {"created": 1}}}}, ("2 keys", '"and"')),
    ({"query": {"filter": {"and": {}}}}, ("filter.and is an object", "array")),
    ({"query": {"filter": {"or": []}}}, ("filter.or is an empty array",)),
    ({"query": {"filter": {"and": [{"not": {"eq": []}}]}}}, ("filter.and[0].not.eq is an array",)),
    ({"query": {"filter": {"gt": {"created": "2026-01-01"}}}}, ("'created' holds a number", "Unix seconds")),
    ({"query": {"filter": {"eq": {"id": 5}}}}, ("'id' holds a text", "given a number")),
    ({"query": {"filter": {"eq": {"active": 1}}}}, ("'active' holds true or false", "given a number")),
    ({"query": {"filter": {"lt": {"data.a": True}}}}, ("lt on 'data.a' takes a text or a number",)),
    ({"query": {"filter": {"gt": {"created": None}}}}, ("gt on 'created' takes",)),
    ({"query": {"filter": {"like": {"created": 5}}}}, ("like on 'created' takes a text",)),
    ({"query": {"filter": {"like": {"created": "5"}}}}, ("'created' holds a number",)),
    ({"query": {"filter": {"keyword": {"name": " "}}}}, ("keyword on 'name' takes 1 to 20 words",)),
    ({"query": {"filter": {"fuzzy": {"name": "x " * 21}}}}, ("fuzzy on 'name' takes 1 to 20 words",)),
    ({"query": {"filter": {"keyword": {"name": "x" * 1001}}}}, ("1,000 letters",)),
    ({"query": {"filter": {"in": {"name": "x"}}}}, ("in on 'name' takes an array",)),
    ({"query": {"filter": {"in": {"name": [["x"]]}}}}, ("in on 'name' takes", "in an array")),
    ({"query": {"filter": {"eq": {"name": {"a": 1}}}}}, ("eq on 'name' takes", "null")),
    ({"query": {"filter": {"eq": {"created": float("nan")}}}}, ("beyond",)),
    ({"query": {"filter": {"eq": {"created": 10**400}}}}, ("beyond",)),
    ({"query": {"filter": {"eq": {"name": "\ud800"}}}}, ("UTF-8",)),
    ({"query": {"sort": {"created": "asc"}}}, ("sort is an object", "array")),
    ({"query": {"sort": [{"created": "up"}]}}, ("sort[0]", '"asc" or "desc"')),
    ({"query": {"sort": [{"creatd": "asc"}]}}, ("no field 'creatd'", "created")),
    ({"query": {"sort": [{"id": "asc"}] * 11}}, ("11 items", "10")),
    ({"limit": 0}, ("limit", "1 to 100,000")),
    ({"limit": True}, ("limit", "whole number")),
    ({"limit": 10**6}, ("limit", "100,000")),
    ({"fields": []}, ("fields is an empty array",)),
    ({"fields": ["id", 3]}, ("fields[1] is a number",)),
    ({"fields": ["bogus"]}, ("no field 'bogus'", "There are campaign_id")),
    ({"include_deleted": "yes"}, ("include_deleted is a text",)),
    ({"cursor": "bm8="}, ("cursor does not belong",)),
    ({"cursor": "ü"}, ("cursor does not belong",)),
]


@pytest.mark.parametrize(("document", "words"), BAD, ids=lambda value: str(value)[:50])
def test_an_invalid_search_is_refused_with_the_place(
    settings: Settings, document: Any, words: tuple[str, ...]
) -> None:
    """The message names the place, the value's type there, and the right shape."""
    with pytest.raises(ConfigError) as refused:
        search(settings, TABLE, document)

    for word in words:
        assert word in str(refused.value), str(refused.value)


def test_oversized_filters_are_refused(settings: Settings) -> None:
    """The depth and the number of conditions are limited."""
    deep: Any = {"eq": {"name": "x"}}
    for _ in range(60):
        deep = {"not": deep}
    deepest: Any = {"eq": {"name": "x"}}
    for _ in range(900):
        deepest = {"not": deepest}
    for condition, word in (
        (deep, "nested"),
        (deepest, "nested"),
        ({"or": [{"eq": {"name": "x"}}] * 1001}, "conditions"),
    ):
        with pytest.raises(ConfigError, match=word):
            found(settings, query={"filter": condition})


def test_the_longest_phrase_is_accepted(settings: Settings) -> None:
    """Twenty words of a thousand letters make a pattern that DuckDB accepts."""
    for operator in ("keyword", "fuzzy"):
        phrase = " ".join(["ü" * 49] * 20)
        assert [] == found(settings, query={"filter": {operator: {"name": phrase}}})


def test_the_largest_filters_are_accepted(settings: Settings) -> None:
    """The largest number of values, of conditions and of levels gives the right records."""
    many = list(range(-10_000, 0))
    wide = {"or": [{"eq": {"created": number}} for number in many[-1000:]]}
    deep: Any = {"eq": {"created": -3}}
    for _ in range(50):
        deep = {"not": deep}
    wanted = sorted(keys([row for row in ALIVE if row["created"] == -3]))

    for condition in (wide, deep, {"in": {"created": many}}):
        assert wanted == keys(found(settings, query={"filter": condition}))


def test_a_cursor_belongs_to_its_search(settings: Settings) -> None:
    """A cursor is refused for another filter, sort or include_deleted, and when it was changed."""
    query = {"filter": {"gte": {"campaign_id": 0}}, "sort": [{"created": "desc"}]}
    cursor = search(settings, TABLE, {"query": query, "limit": 3}).cursor
    assert cursor is not None
    others: list[dict[str, Any]] = [
        {"query": {**query, "sort": [{"created": "asc"}]}, "cursor": cursor},
        {"query": {"sort": query["sort"]}, "cursor": cursor},
        {"query": query, "include_deleted": True, "cursor": cursor},
        {"query": query, "cursor": cursor[:-8] + "AAAAAAA="},
    ]
    for document in others:
        with pytest.raises(ConfigError, match="cursor does not belong"):
            search(settings, TABLE, document)

    assert found(settings, query=query, cursor=cursor, limit=50, fields=["id"])


def test_a_missing_table_is_named_with_the_next_step(settings: Settings, tmp_path: Path) -> None:
    """A wrong name, a table without a sync, a folder without a warehouse, and a server."""
    refusals = [
        (settings, "campains", "Did you mean campaigns"),
        (settings, "campaigns", "cio-elt sync campaigns"),
        (read_settings(cio_elt_data=tmp_path), TABLE, "no warehouse"),
        (read_settings(cio_elt_destination="postgres"), TABLE, "in SQL"),
    ]
    for place, table, words in refusals:
        with pytest.raises(ConfigError, match=words):
            search(place, table, {})


def test_a_synced_record_is_found_as_customerio_has_it(warehouse: Warehouse) -> None:
    """After a sync, a search by id returns the campaign with the same JSON as in the workspace."""
    warehouse.sync("campaigns")
    truth = warehouse.truth(resource("campaigns"))
    names = ["id", "name", "tags", "actions"]
    wanted: list[Row] = [{name: row.get(name) for name in names} for _, row in sorted(truth.items())]
    action = wanted[0]["actions"][0]["id"]

    assert wanted == search(warehouse.settings, "campaigns", {"fields": names}).data
    query = {"filter": {"eq": {"actions.id": action}}}
    answer = search(warehouse.settings, "campaigns", {"query": query, "fields": names})
    assert wanted[:1] == answer.data
