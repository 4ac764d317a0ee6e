"""Growable numpy columns of one length, so that a million rows need no million dicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Columns:
    """Named numpy arrays that grow together; views are valid until the next change."""

    def __init__(self, **dtypes: tuple[str, int]) -> None:
        """Take each column's dtype and its width (1 is a plain column, more is a matrix)."""
        self._size = 0
        self._arrays: dict[str, Array] = {
            name: np.zeros(0 if width == 1 else (0, width), dtype=dtype)
            for name, (dtype, width) in dtypes.items()
        }

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name][: self._size]

    def extend(self, rows: Mapping[str, Array]) -> None:
        """Append rows; every column must be given."""
        count = len(next(iter(rows.values())))
        self._reserve(self._size + count)
        for name, array in self._arrays.items():
            array[self._size : self._size + count] = rows[name]
        self._size += count

    def insert(self, positions: Array, rows: Mapping[str, Array]) -> None:
        """Insert rows before the given positions, as `numpy.insert` does."""
        for name in self._arrays:
            self._arrays[name] = np.insert(self[name], positions, rows[name], axis=0)
        self._size += len(positions)

    def splice(self, position: int, rows: Mapping[str, Array]) -> None:
        """Insert rows before one position; only the rows after it move."""
        count, size = len(next(iter(rows.values()))), self._size
        self._reserve(size + count)
        for name, array in self._arrays.items():
            array[position + count : size + count] = array[position:size].copy()
            array[position : position + count] = rows[name]
        self._size += count

    def keep(self, mask: Array, start: int = 0) -> None:
        """Drop the rows from `start` on for which `mask` is false."""
        kept = int(np.count_nonzero(mask))
        for array in self._arrays.values():
            array[start : start + kept] = array[start : self._size][mask]
        self._size = start + kept

    def _reserve(self, size: int) -> None:
        for name, array in self._arrays.items():
            if len(array) < size:
                grown = np.zeros((max(size, len(array) * 3 // 2 + 64), *array.shape[1:]), dtype=array.dtype)
                grown[: self._size] = array[: self._size]
                self._arrays[name] = grown

    @property
    def nbytes(self) -> int:
        """The memory of the columns, in bytes."""
        return sum(array.nbytes for array in self._arrays.values())
