"""The header of a CSV file: read within bounds, every column with a name of its own."""

import csv
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources.customerio.extract.csv_rows import blocks, is_gzipped

LONGEST = 4 << 20
"""Bytes of a header line at most, after unpacking: ten thousand columns have some 200 KB."""


class HeaderBroken(Exception):
    """A file without a header that can be read; the message completes "the file ..."."""


class PageInstead(HeaderBroken):
    """An error of a store or a proxy's page came in place of the file."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The names of a file's columns, the characters that end its lines, and if it is gzipped.

    A name that comes twice gets a number, so that no cell is lost.
    """

    names: tuple[str, ...]
    line_end: str
    gzipped: bool


def read_header(path: Path) -> Header:
    """Read a file's header.

    Raises:
        HeaderBroken: there is none, it has no end within `LONGEST` bytes, or it cannot be read.
        PageInstead: the file begins with "<", with which no attribute's name begins.
    """
    begin = bytearray()
    try:
        for block in blocks(path):
            begin += block
            if len(begin) >= LONGEST:
                del begin[LONGEST:]
                break
        # Whole blocks are decoded; faults behind the header are found when its rows are read.
        text = io.StringIO(begin.decode("utf-8-sig", "surrogateescape"), newline="")
        header = next(csv.reader(text, strict=True), [])
        "".join(header).encode()
    except (csv.Error, zlib.error, EOFError, UnicodeEncodeError) as error:
        cut = ", in the middle of its gzip stream" if isinstance(error, EOFError) else ""
        fault = f"has no header that can be read ({type(error).__name__}{cut})"
        raise HeaderBroken(_ENDLESS if len(begin) == LONGEST else fault) from None
    if begin.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise PageInstead(_PAGE)
    if len(begin) == LONGEST and text.tell() == len(text.getvalue()):
        raise HeaderBroken(_ENDLESS)
    return Header(names=tuple(different(header)), line_end=_line_end(text), gzipped=is_gzipped(path))


_PAGE = "is a page (HTML or XML), which something between here and its store sent"
_ENDLESS = f"has a header without an end within {LONGEST >> 20} MB"


def _line_end(text: io.StringIO) -> str:
    """The characters that end the first line."""
    line = text.getvalue()[: text.tell()]
    return next((end for end in ("\r\n", "\n", "\r") if line.endswith(end)), "\n")


def different(header: list[str]) -> Iterator[str]:
    """The headers; one that came before gets a number."""
    headers = set(header)
    given: set[str] = set()
    for name in header:
        unique, number = name, 1
        while unique in given or (number > 1 and unique in headers):
            number += 1
            unique = f"{name} ({number})"
        given.add(unique)
        yield unique
