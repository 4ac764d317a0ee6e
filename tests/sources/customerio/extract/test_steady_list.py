"""A list of several pages is complete once two readings of it were the same."""

from collections.abc import Iterator

from sources.customerio.extract import Batch, ResourceSummary
from sources.customerio.extract.rows import Row
from sources.customerio.extract.steady_list import READINGS, read_steady


def _read(*readings: list[list[Row]]) -> tuple[list[Batch], ResourceSummary, int]:
    """The batches of a list that answers with one reading after the other, and how many were read."""
    left, summary = list(readings), ResourceSummary(resource="optouts")

    def pages() -> Iterator[list[Row]]:
        yield from left.pop(0)

    batches = list(read_steady(pages, summary))
    return batches, summary, len(readings) - len(left)


def test_one_page_is_read_once() -> None:
    """A list of one page is of one instant."""
    batches, summary, asked = _read([[{"id": 1}]])

    assert (1, True, "") == (asked, batches[-1].last, summary.note)


def test_a_list_without_pages_is_complete() -> None:
    """No page at all is an empty list."""
    batches, _, asked = _read([])

    assert (1, [True]) == (asked, [batch.last for batch in batches])


def test_two_equal_readings_are_complete() -> None:
    """The second reading confirms the first one; rows of both are handed over."""
    steady: list[list[Row]] = [[{"id": 1}], [{"id": 2}]]

    batches, summary, asked = _read(steady, steady)

    assert (2, True, "") == (asked, batches[-1].last, summary.note)
    assert [1, 2, 1, 2] == [row["id"] for batch in batches for row in batch.rows]


def test_a_list_that_never_holds_still_shows_no_deletion() -> None:
    """After the last reading no batch is complete, and the summary says so."""
    batches, summary, asked = _read(*([[{"id": number}], [{"id": 0}]] for number in range(READINGS)))

    assert READINGS == asked
    assert not any(batch.last for batch in batches)
    assert "later sync" in summary.note
