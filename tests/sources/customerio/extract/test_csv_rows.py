"""The rows of a file are read in bounded memory, packed or not."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.customerio.client import MB, Oversized
from sources.customerio.extract.csv_rows import blocks, csv_rows, opened

TEXT = 'id,note\r\n1,"two\nlines, and ""quotes"""\r\n\r\n2,\u00e9\r\n'
ROWS = [["id", "note"], ["1", 'two\nlines, and "quotes"'], ["2", "\u00e9"]]


@pytest.mark.parametrize("packed", [False, True])
def test_rows_of_a_file(tmp_path: Path, packed: bool) -> None:
    """Quoted lines stay together, empty lines are no rows, and a byte order mark is no part of a name."""
    content = TEXT.encode("utf-8-sig")
    (file := tmp_path / "file.csv").write_bytes(gzip.compress(content) if packed else content)
    with opened(file) as text:
        assert list(csv_rows(text)) == ROWS


class _Endless(io.RawIOBase):
    """A text that is repeated for ever."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill the target with whole texts."""
        times = max(1, len(target) // len(self._text))
        target[: times * len(self._text)] = self._text * times
        return times * len(self._text)


@pytest.mark.parametrize("text", [b"a", b"a,", b'"x\n",'], ids=["a cell", "cells", "lines within quotes"])
def test_a_row_without_end_is_refused(text: bytes) -> None:
    """A row that goes on for ever, in one line or in many, is given up within its bound."""
    endless = io.TextIOWrapper(io.BufferedReader(_Endless(text)), encoding="utf-8", newline="")
    with pytest.raises(Oversized, match="8 MB in a row"):
        list(csv_rows(endless))


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """16 KB of gzip that hold 16 MB are given up at the bound."""
    (file := tmp_path / "file.csv").write_bytes(gzip.compress(b"\n" * 16 * MB))

    def sizes() -> Iterator[int]:
        return (len(block) for block in blocks(file, 8 * MB))

    with pytest.raises(Oversized, match="8 MB"):
        sum(sizes())
