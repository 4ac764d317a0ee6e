"""Chance that follows from a delivery's number alone: the same delivery always does the same."""

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.columns import Array

_STEP, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def noise(seq: Array, salt: int) -> NDArray[np.int64]:
    """A number from 0 to 2**31 for each delivery, another one for each salt; mixed as splitmix64 does."""
    mixed = seq.astype(np.uint64) + np.uint64(salt) * _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return (mixed >> np.uint64(33)).astype(np.int64)
