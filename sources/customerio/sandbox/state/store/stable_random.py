"""Pseudo-random numbers that depend on a delivery's `seq` alone, the same at each request."""

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.columns import Array

_STEP, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def stable_random(seq: Array, salt: int) -> NDArray[np.int64]:
    """One number below 2**31 for each `seq`, another one for each salt; mixed as by splitmix64."""
    mixed = seq.astype(np.uint64) + np.uint64(salt) * _STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return (mixed >> np.uint64(33)).astype(np.int64)
