"""An export's file as DuckDB reads it: columns by place, headers as data.

Headers are the workspace's attributes: any names, in any order, some twice, some different by case alone.
DuckDB's column names ignore case, so here columns are called c0, c1, ...; headers are used as values only.
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
from pipelines.warehouse.duckdb_file import in_memory
from pipelines.warehouse.sql import literal

GZIP_MAGIC = b"\x1f\x8b"

# A cell may be long, a line has many; DuckDB gives up at 2 MB unless told. Its buffers hold several lines.
_LONGEST_LINE = 8 << 20
_BUFFER = 4 * _LONGEST_LINE

_SCAN_MEMORY_MB = 128
# Of every column DuckDB holds a vector of 32 KiB, and a few more for what is made of it, in each thread.
MEMORY_A_COLUMN_MB = 0.5
_ROWS_AT_ONCE = 20_000
_CELLS_AT_ONCE = 1_000_000

# An attribute's value may be longer than the 128 KiB at which Python's reader gives up.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True, kw_only=True)
class CsvFile:
    """A file on disk and the names of its columns; a header that comes twice gets a number."""

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
        """SQL: the column whose header is one of `spellings`, exactly, or apart from case and spaces."""
        headers = list(self.names)
        plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in headers]
        for spelling in spellings:
            for known in (headers, plain):
                if spelling in known:
                    return f"c{known.index(spelling)}"
        return None


def open_csv(path: Path, *, export_id: int) -> CsvFile:
    """Read a file's header.

    Raises:
        FileBroken: there is no header that can be read.
    """
    with path.open("rb") as raw:
        gzipped = raw.read(2) == GZIP_MAGIC
    opener = gzip.open if gzipped else open
    try:
        # Whole blocks are decoded; faults behind the header are found by the scan.
        with opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            header = next(csv.reader(text, strict=True), [])
        "".join(header).encode()
    except (csv.Error, gzip.BadGzipFile, zlib.error, EOFError, UnicodeEncodeError) as error:
        raise broken(export_id, f"has no header that can be read ({type(error).__name__})") from None
    if not header:
        raise broken(export_id, "is empty, not even a header is in it")
    return CsvFile(path=path, names=tuple(_different(header)), gzipped=gzipped)


@contextmanager
def file_errors(export_id: int) -> Iterator[None]:
    """Turn DuckDB's errors about the file into ours, without the cells that DuckDB shows.

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


@contextmanager
def scanner(file: CsvFile) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own that scans the file, in order and in bounded memory."""
    with in_memory() as connection:
        memory_mb = _SCAN_MEMORY_MB + int(MEMORY_A_COLUMN_MB * len(file.names))
        connection.execute("SET threads = 1")
        connection.execute(f"SET memory_limit = '{memory_mb}MB'")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def rows_at_once(file: CsvFile) -> int:
    """Number of rows to hand over at a time: few where they are wide."""
    return min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // len(file.names))


def broken(export_id: int, fault: str) -> FileBroken:
    """The error of a file that cannot be loaded."""
    return FileBroken(f"The file of export {export_id} {fault}.")


def _fault(message: str) -> str | None:
    if "GZIP" in message.upper():
        return "ends in the middle of its gzip stream"
    line = re.search(r"CSV Error on Line: (\d+)", message)
    if line is None:
        return None
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if cells is not None:
        return f"has {cells[2]} cells in line {line[1]}, its header has {cells[1]}"
    if "unterminated quote" in message:
        return f"ends within a quoted cell that begins in line {line[1]}"
    if "utf-8" in message:
        return f"is not UTF-8 in line {line[1]}"
    return f"is no CSV from line {line[1]} on"


def _different(header: list[str]) -> Iterator[str]:
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
