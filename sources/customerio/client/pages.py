"""Reads a list page by page, by the paging of its operation.

The last page is the one without `next`, not an empty one: some lists have an empty page in the middle, and
the senders' list has one at its end [live-airbyte]. Some lists have no `next` at their end, and a token past
the end of the messages leads back to their first page [live-estuary]: a token that comes twice, or a page
that begins as the first one did, would make the read endless. Tokens are of one read: none is kept.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sources.customerio.catalogue import Operation
from sources.customerio.client.errors import BadAnswer, EndlessPages

Query = dict[str, object]
"""Query parameters by name."""
Fetch = Callable[[Query], Any]
"""Requests a page by its query and returns its document."""


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Attributes:
        records: The rows; a document without a list is the only row.
        document: The whole answer; empty if the answer is a bare list.
        next: The token, offset or number of the next page; None on the last one.
    """

    records: list[Any] = field(repr=False)
    document: dict[str, Any] = field(repr=False)
    next: str | None = None


def pages(row: Operation, query: Mapping[str, object] | None, fetch: Fetch) -> Iterator[Page]:
    """Iterate over the pages of the list, in order."""
    asked: Query = {name: value for name, value in (query or {}).items() if value is not None}
    if row.page_max is not None and any(parameter.name == "limit" for parameter in row.query):
        asked.setdefault("limit", row.page_max)
    return _READERS[row.paging](row, asked, fetch)


def _single(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    yield _page(row, fetch(query))


def _by_token(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    seen: set[str] = set()
    first: list[Any] = []
    while True:
        page = _page(row, fetch(query))
        if page.next in seen or (first and page.records[:1] == first):
            msg = (
                f"`{row.id}` led back to a page that was already read, after {len(seen)} pages; the read was "
                "stopped and is not complete. Run it again."
            )
            raise EndlessPages(msg, operation=row.id)
        first = first or page.records[:1]
        yield page
        if page.next is None:
            return
        seen.add(page.next)
        query = {**query, "start": page.next}


def _by_offset(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    offset = int(str(query.get("offset") or 0))
    before: list[Any] = []
    while True:
        page = _page(row, fetch(query))
        if page.records and page.records == before:
            msg = f"`{row.id}` answered one page twice; the read was stopped at row {offset}. Run it again."
            raise EndlessPages(msg, operation=row.id)
        offset += len(page.records)
        yield Page(page.records, page.document, str(offset) if page.records else None)
        if not page.records:
            return
        before, query = page.records, {**query, "offset": offset}


def _by_number(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    """Read to `meta.pagination.total`: these lists have no `next` [live-estuary]."""
    before: list[Any] = []
    while True:
        page = _page(row, fetch(query))
        if page.records and page.records == before:
            msg = f"`{row.id}` answered one page twice; the read is not complete. Run it again."
            raise EndlessPages(msg, operation=row.id)
        number = int(str(query.get("page") or 1))
        told = (page.document.get("meta") or {}).get("pagination") or {}
        size = int(told.get("limit") or len(page.records))
        is_last = not page.records or number * size >= int(told.get("total") or 0)
        yield Page(page.records, page.document, None if is_last else str(number + 1))
        if is_last:
            return
        before, query = page.records, {**query, "page": number + 1}


_READERS: dict[str, Callable[[Operation, Query, Fetch], Iterator[Page]]] = {
    "none": _single,
    "start": _by_token,
    "offset": _by_offset,
    "page": _by_number,
}


def _page(row: Operation, document: Any) -> Page:
    if isinstance(document, list):
        return Page(document, {})
    if not isinstance(document, dict):
        raise _bad(row, f"a {type(document).__name__} instead of an object")
    if row.records is None:
        return Page([document], document)
    records = document.get(row.records)
    if records is None:
        # Empty lists come as null, and some keys of an empty answer are left out. A list under another key is
        # an error: taken as empty, it would make every row of the table look deleted.
        others = [key for key, value in document.items() if isinstance(value, list) and key != row.records]
        if row.records not in document and others:
            raise _bad(row, f"no `{row.records}`, but {', '.join(others)}")
        records = []
    if not isinstance(records, list):
        raise _bad(row, f"a {type(records).__name__} as `{row.records}` instead of a list")
    token = document.get("next")
    return Page(records, document, str(token) if token not in (None, "") else None)


def _bad(row: Operation, found: str) -> BadAnswer:
    msg = f"The answer to `{row.id}` holds {found}; Customer.io may have changed it. See {row.docs}"
    return BadAnswer(msg, operation=row.id, status=200)
