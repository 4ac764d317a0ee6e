"""Requests packed from items: as many as fit by bytes and by number, in the order in which they come.

A v2 batch has 500 kB at most and its items 32 kB each, whichever kB is meant [track26]; a segment takes 1,000
ids a call. What is counted is the UTF-8 of the whole body, wrapper and commas included.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BATCH_BYTES, BATCH_ITEMS = 490_000, 1_000
IMPORT_BYTES, IMPORT_ITEMS = 20_000_000, 100_000
"""A file had 100 MB at most, says an old page; smaller parts lose less if one fails, and fit into memory."""


@dataclass(frozen=True)
class Item:
    """What is sent for a row: its number in the log, JSON, whom or what it changes, and how."""

    seq: int
    body: bytes
    entity: str
    operation: str = "batch"


@dataclass(frozen=True)
class Packed:
    """A request: items of consecutive numbers."""

    items: tuple[Item, ...]

    @property
    def operation(self) -> str:
        """The operation that takes it."""
        return self.items[0].operation

    @property
    def first(self) -> int:
        """The first number."""
        return self.items[0].seq

    @property
    def last(self) -> int:
        """The last number."""
        return self.items[-1].seq

    @property
    def entities(self) -> frozenset[str]:
        """Whom or what it changes."""
        return frozenset(item.entity for item in self.items)

    @property
    def body(self) -> bytes:
        """The JSON document."""
        head, tail = wrapper(self.operation)
        return head + b",".join(item.body for item in self.items) + tail

    def halves(self) -> tuple["Packed", "Packed"]:
        """The same in two requests."""
        middle = len(self.items) // 2
        return Packed(self.items[:middle]), Packed(self.items[middle:])


def wrapper(operation: str) -> tuple[bytes, bytes]:
    """What stands before and behind the items."""
    return (b'{"batch":[' if operation == "batch" else b'{"ids":['), b"]}"


def packed(
    items: Iterable[Item], *, most_bytes: int | None = None, most_items: int | None = None
) -> Iterator[Packed]:
    """The items in as few requests as their order allows. An item alone may not be larger than a request."""
    batch: list[Item] = []
    size = 0
    for item in items:
        usual = (IMPORT_BYTES, IMPORT_ITEMS) if item.operation == "import" else (BATCH_BYTES, BATCH_ITEMS)
        if batch and (
            size + 1 + len(item.body) > (most_bytes or usual[0])
            or len(batch) == (most_items or usual[1])
            or item.operation != batch[0].operation
        ):
            yield Packed(tuple(batch))
            batch = []
        size = size + 1 + len(item.body) if batch else sum(map(len, wrapper(item.operation))) + len(item.body)
        batch.append(item)
    if batch:
        yield Packed(tuple(batch))
