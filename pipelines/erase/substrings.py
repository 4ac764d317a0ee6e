"""Finds which of many short byte strings a file has, in one pass.

A word cannot be told in bytes of a DuckDB block: its cells stand side by side.

pairs of bytes that some string has at its places 0, 2, 4 and 6 ──> its first 8 bytes ──> the whole string
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

import numpy as np

SHORTEST_STRING = 8
"""The fewest bytes of a string that is looked for."""
_PLACES = (0, 2, 4, 6)


class Substrings:
    """The strings to look for, in lower case; those of fewer than `SHORTEST_STRING` bytes are left out."""

    def __init__(self, strings: Collection[bytes]) -> None:
        self._by_start: dict[bytes, list[bytes]] = defaultdict(list)
        for each in strings:
            if len(each) >= SHORTEST_STRING:
                self._by_start[each[:SHORTEST_STRING]].append(each)
        starts = np.frombuffer(b"".join(self._by_start), np.uint8).reshape(-1, SHORTEST_STRING)
        self._starts = np.sort(starts.copy().view(np.uint64).ravel())
        self._pairs = []
        for place in _PLACES:
            known = np.zeros(1 << 16, bool)
            known[starts[:, place].astype(np.uint16) | (starts[:, place + 1].astype(np.uint16) << 8)] = True
            self._pairs.append(known)

    def found_in(self, blocks: Iterable[bytes]) -> set[bytes]:
        """The strings that are in one of the blocks, in any case."""
        found: set[bytes] = set()
        if self._by_start:
            for block in blocks:
                found.update(self._found(block.lower()))
        return found

    def _found(self, block: bytes) -> Iterable[bytes]:
        if len(block) < SHORTEST_STRING:
            return
        signs = np.frombuffer(block, np.uint8)
        # Two bytes from each place on, without a copy.
        pairs = np.ndarray(len(block) - 1, "<u2", block, strides=(1,))
        first, *others = zip(_PLACES, self._pairs, strict=True)
        places = np.flatnonzero(first[1][pairs[: len(block) - SHORTEST_STRING + 1]])
        for place, known in others:
            places = places[known[pairs[places + place]]]
        starts = signs[places[:, None] + np.arange(SHORTEST_STRING)].view(np.uint64).ravel()
        for place in places[np.isin(starts, self._starts)].tolist():
            for each in self._by_start[block[place : place + SHORTEST_STRING]]:
                if block.startswith(each, place):
                    yield each
