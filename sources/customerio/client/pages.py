"""Reads a list page by page, by the paging of its operation.

The last page is the one without `next`, not an empty one: some lists have an empty page in the middle, and
the senders' list has one at its end [live-airbyte]. Some lists have no `next` at their end, and a token past
the end of the messages leads back to their first page [live-estuary]: a token that comes twice, or a page
that was read before, would make the read endless. An empty page that leads to itself, asked twice, is an end.
Tokens are of one read: none is kept.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sources.customerio.catalogue import Operation
from sources.customerio.client.bounds import HELD_LIST, MB
from sources.customerio.client.errors import BadAnswer, EndlessPages, TooLarge
from sources.customerio.client.response import list_of, unexpected

# Rows to ask for where no largest page is documented; another connector asks every list for them [singer].
_LARGE_PAGE = 1_000

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
        weight: Bytes that the page takes in memory, by estimate.
    """

    records: list[Any] = field(repr=False)
    document: dict[str, Any] = field(repr=False)
    next: str | None = None
    weight: int = 0


def pages(row: Operation, query: Mapping[str, object] | None, fetch: Fetch) -> Iterator[Page]:
    """Iterate over the pages of the list, in order."""
    asked: Query = {name: value for name, value in (query or {}).items() if value is not None}
    if any(parameter.name == "limit" for parameter in row.query):
        asked.setdefault("limit", row.page_max or _LARGE_PAGE)
    return _READERS[row.paging](row, asked, fetch)


def _single(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    """Read a list that has one page; one that leads on is not complete, and how to go on is unknown."""
    page = _page(row, fetch(query))
    if page.next is not None and row.records is not None:
        raise unexpected(
            row, f"a `next` beside {len(page.records):,} rows of `{row.records}`, a list of one page"
        )
    yield page


def _by_token(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    # As hashes: a token may be as long as an answer.
    tokens: set[int] = set()
    contents: set[int] = set()
    first: list[Any] = []
    while True:
        page = _page(row, fetch(query))
        if not page.records and page.next is not None and page.next == query.get("start"):
            # Asked again, a page that was empty for a moment has its rows; at the end of a list it has none.
            page = _page(row, fetch(query))
            if not page.records and page.next == query["start"]:
                page = Page(page.records, page.document)
        content = hash(msgspec.json.encode([len(page.records), page.records[:1], page.records[-1:]]))
        is_read = page.records and (page.records[:1] == first or content in contents)
        if hash(page.next) in tokens or is_read:
            msg = (
                f"`{row.id}` led back to a page that was already read, after {len(tokens)} pages; the read "
                "was stopped and is not complete. Run it again."
            )
            raise EndlessPages(msg, operation=row.id)
        first = first or page.records[:1]
        yield page
        if page.next is None:
            return
        tokens.add(hash(page.next))
        contents.add(content)
        query = {**query, "start": page.next}


def _by_offset(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    """Read by offset, each page from the last row of the page before.

    If that row is another one, rows were added or removed above it, and the list is read from its beginning:
    rows may come again, and none is left out.
    """
    for _ in range(_READINGS):
        if (yield from _one_reading(row, query, fetch)):
            return
    msg = (
        f"The rows of `{row.id}` moved each of {_READINGS} times that it was read, so it is not known to be "
        "complete. Run it again."
    )
    raise BadAnswer(msg, operation=row.id, status=200)


_READINGS = 4
"""Readings of one list by offset, at most."""


def _one_reading(row: Operation, query: Query, fetch: Fetch) -> Generator[Page, None, bool]:
    """Read the list once; returns False if its rows moved meanwhile."""
    offset = int(str(query.get("offset") or 0))
    before: list[Any] = []
    while True:
        page = _page(row, fetch({**query, "offset": offset - 1} if before else query))
        if len(before) > 1 and page.records == before:
            msg = f"`{row.id}` answered one page twice; the read was stopped at row {offset}. Run it again."
            raise EndlessPages(msg, operation=row.id)
        if before and page.records[:1] != before[-1:]:
            return False
        records = page.records[1:] if before else page.records
        offset += len(records)
        yield Page(records, page.document, str(offset) if records else None)
        if not records:
            return True
        before = page.records


def _by_number(row: Operation, query: Query, fetch: Fetch) -> Iterator[Page]:
    """Read to `meta.pagination.total`: these lists have no `next` [live-estuary]."""
    before: list[Any] = []
    read = 0
    while True:
        page = _page(row, fetch(query))
        if page.records and page.records == before:
            msg = f"`{row.id}` answered one page twice; the read is not complete. Run it again."
            raise EndlessPages(msg, operation=row.id)
        number = int(str(query.get("page") or 1))
        read += len(page.records)
        total, size = _told(row, page)
        if not page.records and read < total:
            raise unexpected(row, f"{read:,} rows, an empty page behind them, and a total of {total:,}")
        is_last = not page.records or number * size >= total
        yield Page(page.records, page.document, None if is_last else str(number + 1))
        if is_last:
            return
        before, query = page.records, {**query, "page": number + 1}


def _told(row: Operation, page: Page) -> tuple[int, int]:
    """The rows of the whole list and those of a page, as `meta.pagination` tells them.

    Raises:
        BadAnswer: A page has rows, and no number of all rows: more may follow.
    """
    meta = page.document.get("meta")
    told = meta.get("pagination") if isinstance(meta, dict) else None
    numbers = told if isinstance(told, dict) else {}
    total, size = numbers.get("total"), numbers.get("limit") or len(page.records)
    if total is None and not page.records:
        return 0, 0
    if not isinstance(total, int) or not isinstance(size, int):
        raise unexpected(row, f"{len(page.records):,} rows of `{row.records}` and no number of all rows")
    return total, size


_READERS: dict[str, Callable[[Operation, Query, Fetch], Iterator[Page]]] = {
    "none": _single,
    "start": _by_token,
    "offset": _by_offset,
    "page": _by_number,
}


def _page(row: Operation, document: Any) -> Page:
    """The page of an answer that has the list that was asked for.

    An answer without it is no empty list: taken as one, it would make every row of the table look deleted.
    """
    if row.records is None:
        if isinstance(document, list):
            return Page(document, {})
        if not isinstance(document, dict):
            raise unexpected(row, f"a {type(document).__name__} instead of an object")
        return Page([document], document)
    records = list_of(row, document, row.records)
    token = document.get("next")
    if token in (None, ""):
        return Page(records, document)
    if isinstance(token, bool) or not isinstance(token, str | int):
        raise unexpected(row, f"a {type(token).__name__} as `next` instead of a token")
    return Page(records, document, str(token))


def records_of(row: Operation, pages: Iterable[Page]) -> list[Any]:
    """All records of a list that is kept whole.

    Raises:
        TooLarge: They would take more memory than such a list may.
    """
    records: list[Any] = []
    weight = 0
    for page in pages:
        weight += page.weight
        if weight > HELD_LIST:
            msg = (
                f"`{row.id}` has more than {len(records):,} records, some {HELD_LIST // MB} MB in memory: "
                "far more than such a list has. Something between here and Customer.io may have answered in "
                "its place."
            )
            raise TooLarge(msg, operation=row.id)
        records += page.records
    return records
