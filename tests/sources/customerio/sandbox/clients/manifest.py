"""The published manifest of Airbyte's source for Customer.io: its streams, and the reading that it declares.

A stream without pages is one request. One with pages sends `next` back as `start`, and stops where `next` is
empty or absent; a page has the size that the manifest asks for, if it asks. The children of a parent that is
gone are skipped: 404 is ignored [airbyte].
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx

Row = dict[str, Any]


class Stream(NamedTuple):
    """One stream: its path with a place for the parent's id, the key of its rows, and its pages."""

    name: str
    path: str
    key: str
    pages: bool = False
    size: int | None = None
    parent: str | None = None
    ignored: frozenset[int] = frozenset()


STREAMS = {
    stream.name: stream
    for stream in (
        Stream("campaigns", "campaigns", "campaigns"),
        Stream(
            "campaigns_actions",
            "campaigns/{parent_id}/actions",
            "actions",
            pages=True,
            parent="campaigns",
            ignored=frozenset({404}),
        ),
        Stream("newsletters", "newsletters", "newsletters", pages=True, size=100),
    )
}


def read(api: httpx.Client, stream: Stream) -> Iterator[Row]:
    """All rows of a stream, for each row of its parent."""
    if stream.parent is None:
        yield from partition(api, stream, None)
    else:
        for parent in list(read(api, STREAMS[stream.parent])):
            yield from partition(api, stream, parent["id"])


def partition(api: httpx.Client, stream: Stream, parent_id: object) -> Iterator[Row]:
    """The rows of one parent; none if the answer is one of those that are ignored."""
    query = {"limit": stream.size} if stream.size else {}
    while True:
        response = api.get(f"/v1/{stream.path.format(parent_id=parent_id)}", params=query)
        if response.status_code in stream.ignored:
            return
        page = response.raise_for_status().json()
        yield from page[stream.key]
        if not stream.pages or not page.get("next"):
            return
        query["start"] = page["next"]
