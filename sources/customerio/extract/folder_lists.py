"""The reader of lists whose rows lie in folders: Design Studio and assets.

A list is read whole, because only so are deleted rows found. Design Studio's lists can be narrowed to rows
that were updated after a second, itself not included [live-estuary]. That saves requests once a list has more
than a page, of up to 10,000 rows: such a list is read from its watermark on, and whole once a day.

    whole, of one page     -> whole in the next sync too
    whole, of more pages   -> from the watermark on, until the whole list is a day old

A list without a folder has the rows of all folders, as Customer.io's library says [sdk node], or those of
the root alone: that was not seen live. If one row of it lies in a folder, it has all; if none does, each
folder is asked for its own.
"""

from collections.abc import Iterator
from typing import Any

from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.catalogue.resource import DAY
from sources.customerio.client import NotFound
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import Options, RunContext
from sources.customerio.extract.steady_list import read_steady

_PARENT, _UPDATED_AFTER = "parent_folder_id", "updated_after"


def folder_lists(run: RunContext, row: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read the list whole, or a long one from its watermark on."""
    began = run.now()
    if not _is_whole_due(row, run.options, state, began):
        list_ = _FolderList(run, row, is_tree=state["is_tree"])
        # The bound is exclusive: rows of the watermark's own second come again.
        for rows in list_.pages({_UPDATED_AFTER: state["watermark"] - run.options.overlap_s - 1}):
            yield Batch(rows=rows)
        state["watermark"] = min(max(list_.newest, state["watermark"]), began)
        return
    list_, is_complete = _FolderList(run, row), False
    for batch in read_steady(lambda: list_.pages({}), run.summary_of(row.table)):
        is_complete = batch.last
        yield batch
    if is_complete:
        watermark = min(list_.newest, began)
        state.update(watermark=watermark, whole_at=began, is_long=list_.is_long, is_tree=list_.is_tree)


def _is_whole_due(row: Resource, options: Options, state: dict[str, Any], now: int) -> bool:
    """Checks if the list must be read whole: it has no filter, is short, or was read whole a day ago."""
    has_filter = any(parameter.name == _UPDATED_AFTER for parameter in operation(row.operation).query)
    if options.full or not has_filter or not state.get("is_long"):
        return True
    return bool(now - state["whole_at"] >= DAY)


class _FolderList:
    """Reads one list with the rows of all folders.

    `is_tree`: the list without a folder has the rows of all folders.
    `is_long`: a list that was read had more than one page.
    `newest`: the newest cursor of the rows that were read, in Unix seconds.
    """

    def __init__(
        self, run: RunContext, row: Resource, *, is_tree: bool = False, counted_for: str | None = None
    ) -> None:
        self._run = run
        self._row = row
        self._client = run.client_for(counted_for or row.table)
        self.is_tree = is_tree
        self.is_long = False
        self.newest = 0

    def pages(self, query: Row) -> Iterator[list[Row]]:
        """The rows of the list, page by page; a row may come twice."""
        found: list[Row] = []
        for rows in self._pages(query):
            self.is_tree |= any(row.get(_PARENT) for row in rows)
            found += rows
            yield rows
        if self.is_tree:
            return
        if self._row.folders == self._row.table and not query:
            yield from self._below(found)
            return
        for folder in self._folders():
            yield from self._pages({**query, _PARENT: folder["id"]})

    def _below(self, folders: list[Row]) -> Iterator[list[Row]]:
        """The folders in folders, level by level."""
        known = {folder["id"] for folder in folders}
        while folders:
            level, folders = folders, []
            for folder in level:
                for rows in self._pages({_PARENT: folder["id"]}):
                    folders += (row for row in rows if row["id"] not in known)
                    known.update(row["id"] for row in rows)
                    yield rows

    def _folders(self) -> list[Row]:
        """All folders, read once a run."""
        row = resource(str(self._row.folders))
        list_ = _FolderList(self._run, row, counted_for=self._row.table)
        return self._run.shared((row.table, None), lambda: [one for rows in list_.pages({}) for one in rows])

    def _pages(self, query: Row) -> Iterator[list[Row]]:
        try:
            for page in self._client.pages(self._row.operation, query=query):
                self.is_long |= page.next is not None
                times = [row.get(str(self._row.cursor)) for row in page.records]
                self.newest = max([self.newest, *(at for at in times if isinstance(at, int))])
                yield page.records
        except NotFound:
            # The folder was deleted after it was listed.
            return
