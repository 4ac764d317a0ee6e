"""Words are found in tables and in bytes as a plain search finds them."""

import random

import duckdb
import pytest

from pipelines.erase.words import Words

SEED = 11
WORDS = ["jane.doe@example.com", "user-7", "chloë+x@a.example", "jane.doe\\u0040example.com", "0300aabb"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("To jane.doe@example.com.", True),
        ("mary.jane.doe@example.com", False),
        ("jane.doe@example.community", False),
        ('{"id":"user-7"}', True),
        ("user-77", False),
        ("user-7", True),
        ("'USER-7'", True),
        ("Chloë+X@a.example", True),
        ('{"e":"jane.doe\\u0040example.com"}', True),
        ("", False),
        ("x" * 5, False),
    ],
)
def test_a_cell_with_a_word_is_found_among_others(text: str, found: bool) -> None:
    """Whole words in any case, wherever the cell lies; parts of longer words are none."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (c VARCHAR)")
        cells = ["user-", "7", "jane.doe@", None, text, "example.com", "user-6 user-8"]
        connection.executemany("INSERT INTO t VALUES (?)", [[cell] for cell in cells])

        assert ([4] if found else []) == list(Words(WORDS).cells(connection, "t", "c"))


def test_many_words_are_found_as_one_by_one() -> None:
    """Of random texts of words, those are found that a plain search of each word finds."""
    draw = random.Random(SEED)  # noqa: S311 (texts of a test)
    words = [f"{draw.choice(['ann', 'bo', 'person'])}{draw.randrange(500)}@x.example" for _ in range(200)]
    words += [f"user-{draw.randrange(2_000)}" for _ in range(200)]
    pool = [*words, *(f"user-{number}" for number in range(2_000)), "person1@x.example", "a", "{}"]
    texts = [" ".join(draw.choices(pool, k=3)) for _ in range(3_000)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS c", [texts])
        found = set(Words(words).cells(connection, "t", "c"))

    assert {place for place, text in enumerate(texts) if set(words) & set(text.split())} == found


def test_strings_are_found_side_by_side_and_across_blocks() -> None:
    """In bytes, a word has no signs around it; one that lies on the end of a block is in the next one."""
    block = b"\0\1xxJANE.doe@example.comuser-78\xff"

    assert {"jane.doe@example.com", "user-7"} == Words(WORDS).strings_in([b"", block])
    assert set() == Words([]).strings_in([block])
