"""Batches are as full as the limits allow, to the byte, for every text."""

from itertools import pairwise

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.push.deliver.batch import pack, wrapper
from pipelines.push.journal.log import Item
from pipelines.push.plan.transport import BATCH_BYTES, BATCH_ITEMS

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


def _items(texts: list[str], operation: str = "batch") -> list[Item]:
    return [Item(seq, orjson.dumps(text), str(seq), operation) for seq, text in enumerate(texts, 1)]


@settings(max_examples=300, deadline=None)
@given(st.lists(_TEXTS, max_size=60), st.integers(260, 900), st.integers(1, 20))
def test_nothing_is_lost_repeated_or_too_large(texts: list[str], most_bytes: int, most_items: int) -> None:
    """Every item is in exactly one request, in order, and no request is over a limit."""
    items = _items(texts)
    requests = list(pack(items, most_bytes=most_bytes, most_items=most_items))
    assert texts == [text for each in requests for text in orjson.loads(each.body)["batch"]]
    assert [item.seq for item in items] == [item.seq for each in requests for item in each.items]
    assert all(len(each.body) <= most_bytes and 1 <= len(each.items) <= most_items for each in requests)
    for each, following in pairwise(requests):
        full = len(each.items) == most_items
        assert full or len(each.body) + 1 + len(following.items[0].body) > most_bytes, "there was room"


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.integers(-3, 3), st.sampled_from(["a", "é", "€", "😀"]))
def test_the_last_byte_counts(count: int, off: int, letter: str) -> None:
    """A request of exactly the limit leaves as one; one byte more makes two."""
    items = _items([letter * 30] * count)
    size = sum(map(len, wrapper("batch"))) + sum(len(item.body) for item in items) + count - 1
    requests = list(pack(items, most_bytes=size + off))
    assert (1 if off >= 0 or count == 1 else 2) == len(requests)


def test_real_limits() -> None:
    """At the real limits: 1,000 small items a request, and 490,000 bytes of large ones, none over 500 kB."""
    small = list(pack(_items(["x"] * 2_500)))
    assert [BATCH_ITEMS, BATCH_ITEMS, 500] == [len(each.items) for each in small]
    large = list(pack(_items(["y" * 30_998] * 100)))
    assert max(len(each.body) for each in large) <= BATCH_BYTES < 500_000
    assert 100 == sum(len(each.items) for each in large)
    assert {15} == {len(each.items) for each in large[:-1]}


def test_operations_are_not_mixed() -> None:
    """Adding and removing members are requests of their own."""
    items = [*_items(["a", "b"], "add_to_segment"), *_items(["c"], "remove_from_segment")]
    assert [b'{"ids":["a","b"]}', b'{"ids":["c"]}'] == [each.body for each in pack(items)]


@settings(max_examples=50, deadline=None)
@given(st.lists(_TEXTS, min_size=2, max_size=30))
def test_halves_are_the_whole(texts: list[str]) -> None:
    """Two halves have what the whole had, in order."""
    (whole,) = pack(_items(texts))
    left, right = whole.halves()
    assert whole.items == left.items + right.items
    assert left.items
    assert right.items
