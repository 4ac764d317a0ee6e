"""The rows of an export's file, read line by line in bounded memory, packed or not."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sources.customerio.client import LONGEST_LINE, MB, UNPACKED, Oversized, inflated

GZIP_MAGIC = b"\x1f\x8b"
_BLOCK = 256 * 1024

# An attribute's value may be longer than the 128 KiB at which Python's reader gives up.
csv.field_size_limit(LONGEST_LINE)


def is_gzipped(path: Path) -> bool:
    """True if the file begins as gzip does; stored files may be packed without saying so."""
    with path.open("rb") as raw:
        return raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def blocks(path: Path, most: int = UNPACKED) -> Iterator[bytes]:
    """The file's bytes, unpacked, in blocks of 1 MB at most.

    Raises:
        Oversized: it holds more than `most` bytes.
        EOFError, zlib.error: it is cut or damaged.
    """
    with path.open("rb") as raw:
        packed = iter(lambda: raw.read(_BLOCK), b"")
        yield from inflated(packed, most) if is_gzipped(path) else packed


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file as text.

    Raises:
        Oversized, EOFError, zlib.error, UnicodeDecodeError: while it is read, as `blocks`.
    """
    with io.BufferedReader(joined(blocks(path)), MB) as whole:
        yield io.TextIOWrapper(whole, encoding="utf-8-sig", newline="")


def csv_rows(text: TextIO) -> Iterator[list[str]]:
    """The rows of a CSV file, its header first; lines without a cell are left out, NUL becomes U+FFFD.

    Raises:
        Oversized: a row has no end within `LONGEST_LINE` characters.
        csv.Error: a cell has none.
    """
    size = 0

    def lines() -> Iterable[str]:
        nonlocal size
        while line := text.readline(LONGEST_LINE):
            size += len(line)
            if size >= LONGEST_LINE:
                msg = f"{LONGEST_LINE // MB} MB in a row"
                raise Oversized(msg)
            yield line.replace("\0", "\ufffd") if "\0" in line else line

    for cells in csv.reader(lines()):
        size = 0
        if cells:
            yield cells


def joined(parts: Iterator[bytes]) -> io.RawIOBase:
    """Blocks of bytes as one file."""
    return _Joined(parts)


class _Joined(io.RawIOBase):
    """Blocks as one file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill `target` as far as one block goes; 0 at the end."""
        while not self._rest:
            block = next(self._parts, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
