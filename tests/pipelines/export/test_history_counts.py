"""Counts by period tell that a time is empty if all its periods were counted."""

import pytest

from pipelines.export.history_counts import Counts
from sources.customerio.extract import Window


@pytest.mark.parametrize(
    ("start", "end", "is_empty"),
    [
        (10, 19, True),
        (10, 20, False),
        (15, 18, True),
        (19, 25, False),
        (29, 29, False),
        (30, 99, True),
        (9, 12, False),
        (0, 5, False),
    ],
)
def test_a_time_is_empty_if_its_periods_are(start: int, end: int, is_empty: bool) -> None:
    """A period that the time touches counts as a whole; time before the first period is not known."""
    counts = Counts(starts=(10, 20, 30), numbers=(0, 4, 0))
    assert is_empty == counts.is_empty(Window(start=start, end=end))


def test_without_periods_nothing_is_known() -> None:
    """Nothing is called empty."""
    assert not Counts(starts=(), numbers=()).is_empty(Window(start=0, end=1))
