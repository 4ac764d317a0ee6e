"""Reads a whole list that may change between its pages.

Pages go by position: when a row above leaves the list, the rows below move up, and one of them stands on no
page that was read. So a list of several pages is read again until two readings in a row are the same; only
then does a row that is missing count as deleted. A list of one page is the same instant as a whole.
"""

from collections.abc import Callable, Iterator

import orjson
from xxhash import xxh3_128_intdigest

from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_summary import ResourceSummary

READINGS = 4
"""Readings of one list in one run, at most."""
_UNSTEADY = "the list changed each time it was read; rows that were deleted are noted by a later sync."


def read_steady(pages: Callable[[], Iterator[list[Row]]], summary: ResourceSummary) -> Iterator[Batch]:
    """The batches of a list's rows; `pages` reads it once, page by page.

    The last batch is complete if two readings were the same, or the list has one page. If no two were, no row
    counts as deleted, and the summary has a note.
    """
    before: list[int] = []
    for _ in range(READINGS):
        reading: list[int] = []
        for rows in pages():
            reading.append(_fingerprint(rows))
            yield Batch(rows=rows)
        if len(reading) <= 1 or reading == before:
            yield Batch(rows=(), last=True)
            return
        before = reading
    summary.note = _UNSTEADY


def _fingerprint(rows: list[Row]) -> int:
    return xxh3_128_intdigest(orjson.dumps(rows))
