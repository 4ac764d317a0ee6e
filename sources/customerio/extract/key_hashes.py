"""The keys that a run has written, as 64-bit hashes in sorted arrays: 8 bytes a key, whatever its length."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.int64]
"""Hashes of keys, one each."""


class KeyHashes:
    """A set that is added to in batches.

    Among five million keys, two have one hash once in a million runs; the second row then waits for the next
    reading. Each array is more than twice as long as the next one: there are few, and a key moves seldom.
    """

    def __init__(self) -> None:
        self._arrays: list[Hashes] = []

    def __bool__(self) -> bool:
        """True if it has a key."""
        return bool(self._arrays)

    def add(self, keys: Sequence[Any]) -> None:
        """Add the keys."""
        if not keys:
            return
        newest = hashes_of(keys)
        newest.sort()
        while self._arrays and len(self._arrays[-1]) <= 2 * len(newest):
            newest = np.concatenate([self._arrays.pop(), newest])
            newest.sort(kind="stable")
        self._arrays.append(newest)

    def known(self, keys: Sequence[Any]) -> list[Any]:
        """Those of the keys that were added before."""
        if not keys or not self._arrays:
            return []
        return [keys[place] for place in np.flatnonzero(self.has(hashes_of(keys))).tolist()]

    def has(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """True for each hash of a key that was added before."""
        # In order, neighbours are found near one another.
        order = np.argsort(hashes)
        in_order = hashes[order]
        found = np.zeros(len(hashes), dtype=bool)
        for array in self._arrays:
            places = np.searchsorted(array, in_order)
            places[places == len(array)] = 0
            found[order] |= array[places] == in_order
        return found


def hashes_of(keys: Sequence[Any]) -> Hashes:
    """The hash of each key."""
    return np.fromiter(map(hash, keys), dtype=np.int64, count=len(keys))
