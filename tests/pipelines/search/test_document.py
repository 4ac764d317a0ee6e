"""The grammar of search documents: its operators, its defaults, and the messages for other shapes."""

from typing import Any

import pytest

from pipelines.errors import ConfigError
from pipelines.search.document import Filter, Search, parse
from pipelines.search.limits import DEFAULT_LIMIT
from pipelines.search.operators import OPERATORS


def test_the_grammar_has_every_operator() -> None:
    """The keys of a filter are the operators, and the words that join filters."""
    keys = {field.alias or name for name, field in Filter.model_fields.items()}

    assert {*OPERATORS, "and", "or", "not"} == keys


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"query": None, "limit": None, "cursor": None, "fields": None, "include_deleted": None},
        {"query": {"filter": {}, "sort": None}},
        {"query": {"filter": None, "sort": []}},
    ],
)
def test_null_means_left_out(document: dict[str, Any]) -> None:
    """Without a filter, sort, limit or fields the search has its defaults."""
    found = parse(document)

    assert (DEFAULT_LIMIT, None, None, False) == (
        found.limit,
        found.cursor,
        found.fields,
        found.include_deleted,
    )
    assert (None, []) == (found.query.filter, found.query.sort)
    assert Search() == found


def test_a_filter_is_a_tree() -> None:
    """A node has a word, and either parts or a comparison; null is a value that can be compared with."""
    document = {"and": [{"not": {"in": {"id": ["a", "b"]}}}, {"eq": {"name": None}}]}
    query = parse({"query": {"filter": document, "sort": [{"created": "desc"}, {"id": "asc"}]}}).query

    assert query.filter is not None
    negated, equal = query.filter.parts
    (within,) = negated.parts
    assert ["and", "not", "in", "eq"] == [node.word for node in (query.filter, negated, within, equal)]
    assert ([], []) == (within.parts, equal.parts)
    assert (("id", ["a", "b"]), ("name", None)) == (within.comparison, equal.comparison)
    assert [2, 1] == list(query.filter.condition_depths())
    assert [("created", True), ("id", False)] == [(sort.path, sort.descending) for sort in query.sort]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, ("The search is null", "object with any of query, limit")),
        ({"query": []}, ("query is an array", "filter, sort")),
        ({"query": {"filter": "x"}}, ("filter is a text", "one key")),
        ({"query": {"filter": {"or": [None]}}}, ("filter.or[0] is null", "one key")),
        ({"query": {"filter": {"not": []}}}, ("filter.not is an array", "one key")),
        ({"query": {"filter": {"lt": {}}}}, ("filter.lt is an object with 0 keys", '{"lt": {"name": ...}}')),
        ({"query": {"sort": [{"id": "asc"}, {}]}}, ("sort[1] must be", '"asc" or "desc"')),
        ({"limit": 1.5}, ("limit must be a whole number",)),
        ({"cursor": 3}, ("cursor is a number", "text")),
    ],
)
def test_the_message_names_the_place_and_the_right_shape(document: Any, words: tuple[str, ...]) -> None:
    """Users read `filter.or[0]`, the type that was found there, and the right one."""
    with pytest.raises(ConfigError) as refused:
        parse(document)

    for word in words:
        assert word in str(refused.value), str(refused.value)
