"""The rows of a scope are found by their keys, in a few bytes each."""

import random

import pytest

from sources.customerio.extract.held_index import Held, HeldIndex
from sources.customerio.extract.key_hashes import KeyHashes


@pytest.mark.parametrize("pairs", [False, True])
def test_rows_are_found_by_key(pairs: bool) -> None:
    """Fingerprint and time of each held key come back, from any part; other keys are not held."""
    chance = random.Random(9)  # noqa: S311 (a workload)
    keys: list[object] = [
        (number % 7, f"id-{number}") if pairs else f"id-{number}" for number in range(5_000)
    ]
    rows = {
        key: Held(chance.choice([None, 0, -1, 2**63 - 1]), chance.choice([None, 0, 1_700_000_000]))
        for key in chance.sample(keys, 3_000)
    }
    parts, left = [], list(rows)
    while left:
        size = chance.randint(1, 700)
        part, left = left[:size], left[size:]
        parts.append((part, [rows[key].row_hash for key in part], [rows[key].first_seen_at for key in part]))

    index = HeldIndex(parts)

    for _ in range(20):
        asked = chance.sample(keys, 300)
        assert {key: rows[key] for key in asked if key in rows} == index.of(asked)


def test_rows_that_were_not_read_are_found() -> None:
    """A row is unread if it is alive, was there when the reading began, and its key was not read."""
    keys = ["read", "unread", "deleted", "later", "without a time"]
    index, read = HeldIndex([(keys, [1, 2, None, 4, 5], [10, 10, 10, 99, None])]), KeyHashes()
    read.add(["read", "new"])

    found = set(index.unread(read, until=50).tolist())

    assert {hash("unread"), hash("without a time")} == found


def test_nothing_is_held_of_nothing() -> None:
    """An index of no row has none."""
    index = HeldIndex([])
    assert {} == index.of(["a"])
    assert 0 == len(index.unread(KeyHashes(), until=50))
