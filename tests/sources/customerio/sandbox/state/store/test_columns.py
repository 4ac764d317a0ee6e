"""Columns that grow together."""

import numpy as np
import pytest

from sources.customerio.sandbox.state.store.columns import Columns


@pytest.fixture
def columns() -> Columns:
    """A plain column and a matrix, with the rows 1, 2 and 3."""
    made = Columns(number=("<i8", 1), pair=("<i8", 2))
    made.extend(_rows(1, 2, 3))
    return made


def _rows(*numbers: int) -> dict[str, np.ndarray]:
    return {"number": np.array(numbers), "pair": np.array([(n, -n) for n in numbers])}


def test_rows_are_spliced_and_inserted(columns: Columns) -> None:
    """`splice` puts rows before one position, `insert` before one for each; every column moves alike."""
    columns.splice(1, _rows(7, 8))
    columns.insert(np.array([0, 5]), _rows(5, 9))

    assert columns["number"].tolist() == [5, 1, 7, 8, 2, 3, 9]
    assert columns["pair"].tolist() == [[n, -n] for n in columns["number"].tolist()]
    assert len(columns) == 7


def test_rows_are_dropped_by_mask_from_a_start(columns: Columns) -> None:
    """`keep` drops the rows whose mask is false, and none before its start."""
    columns.keep(np.array([False, True]), start=1)

    assert columns["number"].tolist() == [1, 3]
    assert columns["pair"].tolist() == [[1, -1], [3, -3]]
