"""Finds thousands of words in gigabytes of bytes and of texts in tables, in one pass each.

    first bytes of the words, at each place at once ──> whole words there, by hash ──> each cell that is left

A word stands between spaces, quotes, brackets and the like. In the bytes of a DuckDB file it has no such
neighbours, for its cells stand side by side: there a string of bytes is looked for.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.warehouse.sql import quoted
from sources.customerio.extract.erased import EDGES, SHORTEST, WORD

_WORD = re.compile(WORD)
_LONG = 12
"""Words of so many bytes are told by that many, for addresses have their first bytes in common."""
_CELLS_AT_ONCE = 100_000
_MOST_EDGES = 4
"""Signs that do not count at the end of a word, at most."""

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


def _signs(wanted: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """For each byte, if it is such a sign of ASCII."""
    return np.array([code < 128 and wanted(chr(code)) for code in range(256)])


_IS_BORDER = _signs(lambda sign: not _WORD.fullmatch(sign))
_IS_EDGE = _signs(lambda sign: sign in EDGES)
_BACKSLASH = ord("\\")


def _hash(strings: Bytes) -> npt.NDArray[np.uint64]:
    """A number for each row of bytes; two rows hardly ever have the same."""
    powers = (pow(0x9E3779B97F4A7C15, power + 1, 1 << 64) for power in range(strings.shape[1]))
    hashes = (strings.astype(np.uint64) * np.array(list(powers), np.uint64)).sum(axis=1, dtype=np.uint64)
    return np.asarray(hashes, np.uint64)


def _rows(strings: Collection[bytes], length: int | None = None) -> Bytes:
    """Strings of one length as rows of bytes."""
    joined: Bytes = np.frombuffer(b"".join(strings), np.uint8)
    return joined.reshape(len(strings), length or len(joined) // max(len(strings), 1))


class Words:
    """The words to look for, in lower case."""

    def __init__(self, words: Collection[str]) -> None:
        self.all = frozenset(words)
        strings = [word.encode() for word in self.all]
        self._long = _Starts([each for each in strings if len(each) >= _LONG], _LONG)
        self._short = _Starts([each for each in strings if SHORTEST <= len(each) < _LONG], SHORTEST)
        by_length: dict[int, list[bytes]] = defaultdict(list)
        for each in strings:
            by_length[len(each)].append(each)
        self._hashes = {length: np.unique(_hash(_rows(each))) for length, each in by_length.items()}

    def are_in(self, text: str) -> bool:
        """Checks if a text in lower case has one of the words."""
        return any(word.strip(EDGES) in self.all for word in _WORD.findall(text))

    def strings_in(self, blocks: Iterable[bytes]) -> set[str]:
        """The words that are in one of the blocks as a string of bytes, in any case of ASCII letters."""
        found: set[str] = set()
        for block in blocks:
            lower = block.lower()
            signs: Bytes = np.frombuffer(lower, np.uint8)
            for starts in (self._long, self._short):
                found.update(starts.whole(lower, starts.places(signs)))
        return found

    def cells(self, connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> Iterator[int]:
        """The ids (`rowid`) of rows of a table whose cell of that column has one of the words."""
        name = f"{quoted(column)}::VARCHAR"
        query = f"SELECT rowid, lower({name}) AS text FROM {rows} WHERE strlen({name}) >= {SHORTEST}"
        for batch in connection.sql(query).to_arrow_reader(_CELLS_AT_ONCE):
            places, texts = batch.columns
            yield from (places[index].as_py() for index in self._indexes(texts))

    def _indexes(self, texts: Any) -> Iterator[int]:
        """The places in an Arrow array of the texts that have one of the words."""
        _, offsets, data = texts.cast(pa.large_string()).buffers()
        ends: Numbers = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
        signs: Bytes = np.frombuffer(data, np.uint8)[: ends[-1]]
        found = np.unique(np.concatenate([self._long.places(signs), self._short.places(signs)]))
        if not len(found):
            return
        indexes = np.searchsorted(ends, found, "right") - 1
        for index in np.unique(indexes[self._may_be_words(signs, found, ends[indexes + 1])]).tolist():
            if self.are_in(bytes(signs[ends[index] : ends[index + 1]]).decode()):
                yield index

    def _may_be_words(self, signs: Bytes, begins: Numbers, cell_ends: Numbers) -> Numbers:
        """Which of the words that begin there are among those to look for; one with an escape may be."""
        borders = np.append(np.flatnonzero(_IS_BORDER[signs]), len(signs))
        ends = np.minimum(borders[np.searchsorted(borders, begins)], cell_ends)
        escaped = np.append(signs, 0)[ends] == _BACKSLASH
        for _ in range(_MOST_EDGES):
            ends = ends - _IS_EDGE[signs[ends - 1]]
        lengths = ends - begins
        known = escaped & (ends < cell_ends)
        for length, hashes in self._hashes.items():
            places = np.flatnonzero(lengths == length)
            if len(places):
                known[places] |= np.isin(_hash(signs[begins[places][:, None] + np.arange(length)]), hashes)
        return np.flatnonzero(known)


class _Starts:
    """The first `length` bytes, an even number, of some strings."""

    def __init__(self, strings: Collection[bytes], length: int) -> None:
        self._length = length
        self._by_start: dict[bytes, list[bytes]] = defaultdict(list)
        for each in strings:
            self._by_start[each[:length]].append(each)
        starts = _rows(self._by_start, length)
        self._hashes = np.unique(_hash(starts))
        self._pairs = []
        for place in range(0, length, 2):
            known = np.zeros(1 << 16, bool)
            known[starts[:, place].astype(np.uint16) | (starts[:, place + 1].astype(np.uint16) << 8)] = True
            self._pairs.append(known)

    def places(self, signs: Bytes) -> Numbers:
        """The places of bytes at which one of the strings may begin."""
        room = len(signs) - self._length + 1
        if room <= 0 or not self._by_start:
            return np.empty(0, np.int64)
        # Two bytes from each place on, without a copy.
        pairs = np.ndarray(len(signs) - 1, "<u2", signs.data, strides=(1,))
        places = np.flatnonzero(self._pairs[0][pairs[:room]])
        for number, known in enumerate(self._pairs[1:], start=1):
            places = places[known[pairs[places + 2 * number]]]
        if not len(places):
            return places
        return places[np.isin(_hash(signs[places[:, None] + np.arange(self._length)]), self._hashes)]

    def whole(self, block: bytes, places: Numbers) -> Iterator[str]:
        """The strings that are at those places."""
        for place in places.tolist():
            for each in self._by_start.get(block[place : place + self._length], ()):
                if block.startswith(each, place):
                    yield each.decode()
