"""Rows of erased people are left out, and their identifiers are replaced in the rows of others."""

import json

import msgspec
import orjson
import pytest

from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract import Batch
from sources.customerio.extract.erased import (
    ERASED,
    NONE_ERASED,
    Erased,
    IdentifierKind,
    digest,
    redacted_json,
    words_of,
)
from sources.customerio.extract.rows import Row, Rows, typed

KEY = b"k" * 32
MESSAGES = resource("messages")


def erased(*identifiers: tuple[IdentifierKind, str]) -> Erased:
    """Erased people with these identifiers."""
    hashes = {digest(KEY, kind, value) for kind, value in identifiers}
    return Erased(
        KEY,
        hashes | {digest(KEY, "word", word) for kind, value in identifiers for word in words_of(kind, value)},
    )


JANE = erased(("email", "jane+é@example.com"), ("id", "00058"), ("cio_id", "0300aabb"))


@pytest.mark.parametrize(
    "text",
    [
        "Recipient jane+é@example.com. refused",
        "<JANE+É@EXAMPLE.COM>",
        "mailto:jane+é@example.com?subject=x",
        "https://x.example/?a=1&e=jane%2B%C3%A9%40example.com#top",
        json.dumps({"to": "jane+é@example.com"}),
        json.dumps({"to": "jane+é@example.com"}).replace("+", "\\u002b").replace("@", "\\u0040"),
        json.dumps(json.dumps({"to": "jane+é@example.com"}, ensure_ascii=False), ensure_ascii=False),
        '{"person":"0300aabb"}',
        "cio_0300aabb",
    ],
)
def test_an_identifier_is_found_as_it_is_spelled(text: str) -> None:
    """Case, escapes of JSON and of URLs, and signs around it make no difference."""
    assert ERASED in JANE.redacted(text)


@pytest.mark.parametrize("text", ["mary.jane+é@example.com", "jane@example.com", "00058", "0300aabbc", ""])
def test_other_words_stay(text: str) -> None:
    """A longer address, a part of one, and an id of digits alone are other words."""
    assert text == JANE.redacted(text)


@pytest.mark.parametrize("kind", ["id", "email"])
def test_an_id_that_is_too_common_is_no_word(kind: IdentifierKind) -> None:
    """Digits, letters and short texts are no words; an address is one in any case."""
    assert [] == [value for value in ("1234567", "london", "a1", "") if words_of("id", value)]
    assert words_of("id", "user-3")
    assert words_of("email", "a@b.c")
    assert not words_of(kind, "12")


def test_json_stays_json() -> None:
    """Also where an identifier is a number or a name of a member."""
    people = erased(("id", "a-12"), ("cio_id", "12345678"))
    text = '{"a": 12345678, "12345678": [1, "12345678"], "b": 1.5}'

    found = redacted_json(text, people.redacted)

    assert {"a": ERASED, ERASED: [1, ERASED], "b": 1.5} == orjson.loads(found)


def test_rows_of_these_people_are_left_out_and_others_do_not_name_them() -> None:
    """By each identifying column; a row of another keeps all but the identifier."""
    named: list[Row] = [
        {"id": "1", "customer_identifiers": {"cio_id": "0300aabb"}},
        {"id": "2", "customer_id": "00058"},
        {"id": "3", "recipient": "Jane+É@example.com"},
    ]
    other: Row = {
        "id": "4",
        "recipient": "mary@example.com",
        "failure_message": "jane+é@example.com refused",
        "metrics": {"note": "jane+é@example.com"},
    }
    read: tuple[Rows, ...] = ([*named, other], typed(MESSAGES, [*named, other]))
    for rows in read:
        batch, left_out = JANE.without(MESSAGES, Batch(rows=rows))

        assert 3 == left_out
        (kept,) = typed(MESSAGES, batch.rows)
        assert "mary@example.com" == kept["recipient"]
        assert f"{ERASED} refused" == kept["failure_message"]
        assert {"note": ERASED} == msgspec.json.decode(bytes(kept["metrics"]))


def test_nobody_costs_nothing() -> None:
    """Without records, a batch stays what it is."""
    batch = Batch(rows=[{"id": "1"}])

    assert (batch, 0) == NONE_ERASED.without(MESSAGES, batch)
    assert not NONE_ERASED


def test_the_catalogue_says_whose_rows_a_table_has() -> None:
    """Each column that names a person is one of its table; a table with a `cio_id` has such columns."""
    assert [] == [row.table for row in RESOURCES if not row.person.keys() <= row.columns.keys()]
    people = {"cio_id", "customer_id", "customer_identifiers", "recipient"}
    contents = {"campaign_actions", "broadcast_actions", "newsletter_contents", "transactional_contents"}
    unnamed = {row.table for row in RESOURCES if people & row.columns.keys() and not row.person}
    assert contents == unnamed, "a content's recipient is a template"
