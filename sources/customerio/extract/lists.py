"""Readers of whole lists: a resource's own, its children parent by parent, a segment's members.

None of these lists has a time filter, none names what was deleted, and a child changes without its
parent [live-airbyte]; so they are read whole, and what is missing from a complete reading is gone.
"""

from collections.abc import Iterator
from typing import Any

from sources.customerio.catalogue import Resource, operation
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.reading import Reading, records
from sources.customerio.extract.rows import Row

_EVER = 2**62


def lists(reading: Reading, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read a list, page by page if it has pages."""
    yield Batch(rows=reading.list_of(resource.table, resource.table), last=True)


def children(reading: Reading, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read the rows below every parent; a parent that vanished meanwhile has none."""
    client = reading.watched(resource.table)
    parent_id = operation(resource.operation).path_parameters[0].name
    parents = [row["id"] for row in reading.list_of(_parent(resource), resource.table)]
    reading.tally(resource.table).expect(len(parents))

    def below(parent: int) -> list[Row]:
        rows = records(client, resource.operation, {parent_id: parent})
        return [{**row, parent_id: parent, "id": str(row["id"])} for row in rows]

    for rows in reading.each(below, parents):
        yield Batch(rows=rows)
    yield Batch(rows=(), last=True)


def memberships(reading: Reading, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read every segment's members, each segment a scope of its own.

    While a segment is being built its list is stale or incomplete (section 5.9 of Customer.io's facts:
    `state` other than `finished`), so nobody is taken to have joined or left it.
    """
    client = reading.watched(resource.table)
    segments = reading.list_of(_parent(resource), resource.table)
    listed = sorted(int(row["id"]) for row in segments)
    finished = [int(row["id"]) for row in segments if row.get("state") == "finished"]
    reading.tally(resource.table).expect(len(finished))

    def read(segment: int) -> Batch:
        rows = records(client, resource.operation, {"segment_id": segment})
        members = [{"segment_id": segment, **row} for row in rows]
        return Batch(rows=members, scope=_segments(segment, segment), last=True)

    yield from reading.each(read, finished)
    # Between the listed segments lie the ids of deleted ones: their members are gone with them.
    for low, high in zip([-1, *listed], [*listed, _EVER], strict=True):
        if high - low > 1:
            yield Batch(rows=(), scope=_segments(low + 1, high - 1), last=True)


def _segments(low: int, high: int) -> Scope:
    return Scope(column="segment_id", low=low, high=high)


def _parent(resource: Resource) -> str:
    if resource.parent is None:
        msg = f"{resource.table} is read parent by parent, and its row in RESOURCES names no parent"
        raise AssertionError(msg)
    return resource.parent
