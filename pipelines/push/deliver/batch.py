"""Batches: items packed into requests, as many as fit by bytes and by number, in their order.

The limits are those of `plan.transport`. The bytes are those of the whole body in UTF-8, wrapper and commas
included.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.push.journal.log import Item
from pipelines.push.plan.transport import BATCH_BYTES, BATCH_ITEMS, IMPORT_BYTES, IMPORT_ITEMS


@dataclass(frozen=True)
class Batch:
    """A request: items of consecutive numbers and of one operation."""

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
        """The people and objects that it changes."""
        return frozenset(item.entity for item in self.items)

    @property
    def body(self) -> bytes:
        """The JSON document."""
        head, tail = wrapper(self.operation)
        return head + b",".join(item.body for item in self.items) + tail

    def halves(self) -> tuple["Batch", "Batch"]:
        """The same in two requests."""
        middle = len(self.items) // 2
        return Batch(self.items[:middle]), Batch(self.items[middle:])


def wrapper(operation: str) -> tuple[bytes, bytes]:
    """The bytes before and after the items in a body."""
    return (b'{"batch":[' if operation == "batch" else b'{"ids":['), b"]}"


def pack(
    items: Iterable[Item], *, most_bytes: int | None = None, most_items: int | None = None
) -> Iterator[Batch]:
    """The items in as few batches as their order allows. A single item must fit into one."""
    batch: list[Item] = []
    size = 0
    for item in items:
        usual = (IMPORT_BYTES, IMPORT_ITEMS) if item.operation == "import" else (BATCH_BYTES, BATCH_ITEMS)
        if batch and (
            size + 1 + len(item.body) > (most_bytes or usual[0])
            or len(batch) == (most_items or usual[1])
            or item.operation != batch[0].operation
        ):
            yield Batch(tuple(batch))
            batch = []
        size = size + 1 + len(item.body) if batch else sum(map(len, wrapper(item.operation))) + len(item.body)
        batch.append(item)
    if batch:
        yield Batch(tuple(batch))
