"""Rows over time, and the requests of windows over them."""

import pytest

from pipelines.ingest.forecast.histogram import Histogram, page_count
from sources.customerio.extract import Window

EVEN = Histogram([(0, 1000, 1000.0), (1000, 3000, 1000.0)])


def test_rows_of_a_window_are_its_share_of_the_cells() -> None:
    """Cells count whole where a window has them, by their share where it cuts them, and not outside."""
    assert pytest.approx(1500.0) == EVEN.rows(Window(start=0, end=1999))
    assert pytest.approx(250.0) == EVEN.rows(Window(start=750, end=999))
    assert pytest.approx(0.0) == EVEN.rows(Window(start=3000, end=9000))
    assert pytest.approx(2000.0) == EVEN.rows(Window(start=-500, end=9000))


def test_the_newest_rows_reach_down_to_a_second() -> None:
    """In the sparser half a page reaches twice as far as in the denser one."""
    assert 2800 == EVEN.oldest(Window(start=0, end=2999), 100)
    assert 900 == EVEN.oldest(Window(start=0, end=999), 100)
    assert 500 == EVEN.oldest(Window(start=500, end=999), 10_000)


def test_cells_that_overlap_add_up() -> None:
    """A burst stands on top of what comes evenly."""
    rows = Histogram([(0, 1000, 1000.0), (500, 510, 90.0)])

    assert pytest.approx(100.0) == rows.rows(Window(start=500, end=509))
    assert pytest.approx(1090.0) == rows.rows(Window(start=0, end=999))


def test_a_gap_between_cells_has_no_rows() -> None:
    """Time between two cells is empty."""
    rows = Histogram([(0, 10, 5.0), (20, 30, 5.0)])

    assert pytest.approx(0.0) == rows.rows(Window(start=10, end=19))
    assert pytest.approx(10.0) == rows.rows(Window(start=0, end=29))


def test_a_window_of_a_page_is_one_request() -> None:
    """Windows whose rows fit into a page take a request each, empty ones too."""
    windows = [Window(start=start, end=start + 99) for start in (0, 100, 5000)]

    assert 3 == page_count(windows, EVEN, 100)


def test_longer_windows_are_read_in_parts() -> None:
    """A window of twenty pages takes twenty requests, and a few for pages that are partly filled."""
    whole = Window(start=0, end=2999)

    assert 20 <= page_count([whole], EVEN, 100) <= 30


def test_a_second_with_more_than_a_page_ends() -> None:
    """Rows that all lie within one second take a bounded number of requests."""
    burst = Histogram([(100, 101, 5000.0)])

    assert page_count([Window(start=0, end=200)], burst, 100) < 100
