"""The sandbox's clock."""

import pytest

from sources.customerio.sandbox import Clock


def test_a_frozen_clock_moves_by_advance_alone() -> None:
    """It goes forward by `advance`, back by `rewind`, and refuses a negative move."""
    clock = Clock(1_000)

    assert [clock.now(), clock.advance(90.5), clock.now()] == [1_000, 1_090, 1_090]
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
    clock.rewind()
    assert clock.now() == 1_000
