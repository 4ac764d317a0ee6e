"""One reading of a list: its pages, its time and the size of its last page, against the bounds."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sources.customerio.catalogue import Operation
from sources.customerio.client.bounds import PAGE_RATIO, Bounds
from sources.customerio.client.errors import EndlessPages, TooLarge
from sources.customerio.client.large_answers import values_of
from sources.customerio.client.pages import Query

_VALUE = 60
"""Bytes of memory of a decoded value or key, beside its text."""


class Reading:
    """Counts what a list has cost. `weight` is the memory of the last page in bytes, by estimate."""

    def __init__(self, row: Operation, bounds: Bounds) -> None:
        self._row = row
        self._bounds = bounds
        self._pages = 0
        self._seconds = 0.0
        self.weight = 0

    @contextmanager
    def page(self) -> Iterator[None]:
        """Count one more page, and the time of the block.

        Raises:
            EndlessPages: The list has had all pages, or all the time, that one may have.
        """
        bounds = self._bounds
        if self._pages >= bounds.list_pages or self._seconds >= bounds.list_s:
            msg = (
                f"`{self._row.id}` had no end after {self._pages:,} pages in {self._seconds:,.0f} s, far "
                "more than any list has; the read was stopped and is not complete. Something between here "
                "and Customer.io may have answered in its place."
            )
            raise EndlessPages(msg, operation=self._row.id)
        self._pages += 1
        began = monotonic()
        try:
            yield
        finally:
            self._seconds += monotonic() - began

    def noted(self, body: bytes, document: Any, asked: Query) -> Any:
        """The document of a page, once its size is noted.

        Raises:
            TooLarge: It has many times the records that were asked for.
        """
        self.weight = len(body) + _VALUE * values_of(body)
        records = document.get(self._row.records) if isinstance(document, dict) else None
        most = int(str(asked.get("limit") or 0)) * PAGE_RATIO
        if most and isinstance(records, list) and len(records) > most:
            msg = (
                f"`{self._row.id}` was asked for {asked['limit']} records and answered {len(records):,}; "
                "something between here and Customer.io may have answered in its place."
            )
            raise TooLarge(msg, operation=self._row.id, status=200)
        return document
