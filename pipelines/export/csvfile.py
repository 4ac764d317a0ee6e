"""An export's file as DuckDB reads it: columns by place, headers as data.

Headers are the workspace's attributes: any names, in any order, some twice, some different by case alone.
DuckDB's columns know no case, so here they are called c0, c1, ...; names are used for nothing but values.
"""

import csv
import gzip
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import FileBroken
from pipelines.warehouse.sql import literal

GZIP_MAGIC = b"\x1f\x8b"

# A cell may be long, a line has many; DuckDB gives up at 2 MB unless told. Its buffers hold several lines.
_LONGEST_LINE = 8 << 20
_BUFFER = 4 * _LONGEST_LINE

# An attribute's value may be longer than the 128 KiB at which Python's reader gives up.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True, kw_only=True)
class CsvFile:
    """A file on disk and the names of its columns, made different where a header comes twice."""

    path: Path
    names: tuple[str, ...]
    gzipped: bool

    @property
    def scan(self) -> str:
        """SQL: all rows, as text, in columns c0, c1, ...; an empty cell is an empty text."""
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(self.names)))
        filled = ", ".join(f"'c{place}'" for place in range(len(self.names)))
        return (
            f"read_csv({literal(self.path)}, columns = {{{columns}}}, header = true, "
            f"auto_detect = false, delim = ',', quote = '\"', escape = '\"', force_not_null = [{filled}], "
            f"max_line_size = {_LONGEST_LINE}, buffer_size = {_BUFFER}, "
            f"compression = '{'gzip' if self.gzipped else 'none'}')"
        )

    @property
    def row(self) -> str:
        """SQL: every cell by its name, as JSON."""
        return self.json(range(len(self.names)))

    def json(self, places: Iterable[int]) -> str:
        """SQL: the cells of those columns by name, as JSON."""
        return f"json_object({', '.join(f'{literal(self.names[place])}, c{place}' for place in places)})"

    def column(self, spellings: Iterable[str]) -> str | None:
        """SQL: the column whose header is one of `spellings`, as written or but for case and spaces."""
        headers = list(self.names)
        plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in headers]
        for spelling in spellings:
            for known in (headers, plain):
                if spelling in known:
                    return f"c{known.index(spelling)}"
        return None


def opened(path: Path, *, export_id: int) -> CsvFile:
    """The file, once its header is read.

    Raises:
        FileBroken: there is no header that can be read.
    """
    with path.open("rb") as raw:
        gzipped = raw.read(2) == GZIP_MAGIC
    opener = gzip.open if gzipped else open
    try:
        # Decoded are whole blocks, and what is wrong behind the header is for the scan to tell.
        with opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            header = next(csv.reader(text, strict=True), [])
        "".join(header).encode()
    except (csv.Error, gzip.BadGzipFile, zlib.error, EOFError, UnicodeEncodeError) as error:
        raise broken(export_id, f"has no header that can be read ({type(error).__name__})") from None
    if not header:
        raise broken(export_id, "is empty, not even a header is in it")
    return CsvFile(path=path, names=tuple(_different(header)), gzipped=gzipped)


@contextmanager
def reading(export_id: int) -> Iterator[None]:
    """Tell what DuckDB finds wrong with the file, without the cells that it shows.

    Raises:
        FileBroken: a line has too many or too few cells, a quote never ends, it is no UTF-8, gzip is cut.
    """
    try:
        yield
    except duckdb.Error as error:
        fault = _fault(str(error))
        if fault is None:
            raise
        raise broken(export_id, fault) from None


def broken(export_id: int, fault: str) -> FileBroken:
    """The error of a file that cannot be loaded."""
    return FileBroken(f"The file of export {export_id} {fault}.")


def _fault(said: str) -> str | None:
    if "GZIP" in said.upper():
        return "ends in the middle of its gzip stream"
    line = re.search(r"CSV Error on Line: (\d+)", said)
    if line is None:
        return None
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said)
    if cells is not None:
        return f"has {cells[2]} cells in line {line[1]}, its header has {cells[1]}"
    if "unterminated quote" in said:
        return f"ends within a quoted cell that begins in line {line[1]}"
    if "utf-8" in said:
        return f"is not UTF-8 in line {line[1]}"
    return f"is no CSV from line {line[1]} on"


def _different(header: list[str]) -> Iterator[str]:
    """The headers; one that was there before gets a number."""
    seen: set[str] = set(header)
    met: set[str] = set()
    for name in header:
        unique, number = name, 1
        while unique in met or (number > 1 and unique in seen):
            number += 1
            unique = f"{name} ({number})"
        met.add(unique)
        yield unique
