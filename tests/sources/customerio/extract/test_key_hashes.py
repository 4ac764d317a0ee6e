"""The keys of a run are known again, in a few bytes each."""

import random

from sources.customerio.extract.key_hashes import KeyHashes


def test_keys_are_known_once_they_were_added() -> None:
    """Texts, numbers and pairs are found in any batch after the one that added them, and in no other."""
    chance = random.Random(4)  # noqa: S311 (a workload)
    keys: list[object] = [*(f"id-{number}" for number in range(3_000)), *range(3_000), (1, "a"), (2, "a")]
    chance.shuffle(keys)
    hashes, added = KeyHashes(), set[object]()
    assert not hashes
    while keys:
        size = chance.randint(1, 400)
        batch, keys = keys[:size], keys[size:]
        probe = [
            *chance.sample(batch, min(3, len(batch))),
            *chance.sample(sorted(added, key=str), min(9, len(added))),
        ]
        assert [key for key in probe if key in added] == hashes.known(probe)
        hashes.add(batch)
        added.update(batch)
    assert hashes
    assert len(hashes._arrays) < 16, "few arrays, so that looking a key up is cheap"


def test_nothing_is_known_of_nothing() -> None:
    """Empty batches add nothing and find nothing."""
    hashes = KeyHashes()
    hashes.add([])
    assert [] == hashes.known(["a"])
    hashes.add(["a"])
    assert [] == hashes.known([])
