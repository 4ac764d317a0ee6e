"""An export's file as DuckDB reads it: columns by place, headers as data.

Headers are the workspace's attributes: any names, in any order, some twice, some different by case alone.
DuckDB's column names ignore case, so here columns are called c0, c1, ...; headers are used as values only.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.errors import FileBroken
from pipelines.warehouse.duckdb_file import in_memory
from pipelines.warehouse.erasures import has_sql, redacted_sql, redacting
from pipelines.warehouse.sql import literal
from sources.customerio.catalogue import PERSON_PATHS, PersonKind
from sources.customerio.client import LONGEST_LINE, UNPACKED, OutOfBounds
from sources.customerio.extract.csv_header import HeaderBroken, read_header
from sources.customerio.extract.csv_rows import blocks
from sources.customerio.extract.erased import NONE_ERASED, Erased

# DuckDB gives up at 2 MB unless told; its buffers hold several lines.
_BUFFER = 4 * LONGEST_LINE

_SCAN_MEMORY_MB = 128
# Of every column DuckDB holds a vector of 32 KiB, and a few more for what is made of it, in each thread.
MEMORY_A_COLUMN_MB = 0.5
_ROWS_AT_ONCE = 20_000
_CUT = "ends in the middle of its gzip stream"
_CELLS_AT_ONCE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class CsvFile:
    """A file on disk, the names of its columns and the end of its lines.

    `person` says how its rows name a person; rows of `erased` people are left out, so many are `left_out`.
    `nuls` is the number of NUL characters in it, which PostgreSQL cannot store: each becomes U+FFFD.
    """

    path: Path
    names: tuple[str, ...]
    gzipped: bool
    line_end: str = "\n"
    person: PersonKind | None = None
    erased: Erased = NONE_ERASED
    left_out: int = 0
    nuls: int = 0

    @property
    def scan(self) -> str:
        """SQL: the rows, as text, in columns c0, c1, ...; an empty cell is an empty text."""
        return self._kept("", self.whole) if self.erased else self.whole

    @property
    def numbered(self) -> str:
        """SQL: the same with the column `number`, a row's place in the file."""
        return self._kept("number, ", f"(SELECT row_number() OVER () AS number, * FROM {self.whole})")

    def _kept(self, before: str, rows: str) -> str:
        """SQL of the rows that name no erased person; others' cells do not either."""
        cells = (f"c{place}" for place in range(len(self.names)))
        select = ", ".join(f"{redacted_sql(self.erased, cell)} AS {cell}" for cell in cells)
        return f"(SELECT {before}{select} FROM {rows} WHERE NOT {self._is_erased})"

    @property
    def _is_erased(self) -> str:
        named = [
            has_sql(self.erased, kind, cell)
            for kind, headers in PERSON_PATHS.get(self.person or "id", {}).items()
            for cell in filter(None, map(self.exactly, headers))
        ]
        return f"({' OR '.join(named) or 'false'})"

    def counted(self) -> "CsvFile":
        """The file with the number of its rows that are left out."""
        if not self.erased:
            return self
        sql = f"SELECT count(*) FROM {self.whole} WHERE {self._is_erased}"
        with scanner(self) as scan:
            ((rows,),) = scan.execute(sql).fetchall()
        return replace(self, left_out=int(rows))

    @property
    def whole(self) -> str:
        """SQL: all rows of the file, as `scan`."""
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(self.names)))
        filled = ", ".join(f"'c{place}'" for place in range(len(self.names)))
        rows = (
            f"read_csv({literal(self.path)}, columns = {{{columns}}}, header = true, "
            f"auto_detect = false, {self._new_line}delim = ',', quote = '\"', escape = '\"', "
            f"force_not_null = [{filled}], "
            f"max_line_size = {LONGEST_LINE}, buffer_size = {_BUFFER}, "
            f"compression = '{'gzip' if self.gzipped else 'none'}')"
        )
        if not self.nuls:
            return rows
        cells = (f"replace(c{place}, chr(0), chr(65533)) AS c{place}" for place in range(len(self.names)))
        return f"(SELECT {', '.join(cells)} FROM {rows})"

    @property
    def _new_line(self) -> str:
        # DuckDB tells the other two apart by itself, also where a file has both.
        return "new_line = '\\r', " if self.line_end == "\r" else ""

    @property
    def row(self) -> str:
        """SQL: every cell by its name, as JSON."""
        return self.json(range(len(self.names)))

    def json(self, places: Sequence[int], *, filled: bool = False) -> str:
        """SQL: the cells of those columns by name, as JSON; with `filled` those that are not empty."""
        cells = ((literal(self.names[place]), f"c{place}") for place in places)
        if not filled:
            return f"json_object({', '.join(f'{name}, {cell}' for name, cell in cells)})"
        # A merge patch leaves out what is null.
        pairs = ", ".join(f"{name}, nullif({cell}, '')" for name, cell in cells)
        return f"json_merge_patch('{{}}', json_object({pairs}))"

    def exactly(self, header: str) -> str | None:
        """SQL: the column of that very header."""
        return f"c{self.names.index(header)}" if header in self.names else None

    def column(self, spellings: Iterable[str]) -> str | None:
        """SQL: the column whose header is one of `spellings`, exactly, or apart from case and spaces."""
        headers = list(self.names)
        plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in headers]
        for spelling in spellings:
            for known in (headers, plain):
                if spelling in known:
                    return f"c{known.index(spelling)}"
        return None


def open_csv(
    path: Path,
    *,
    export_id: int,
    most: int = UNPACKED,
    person: PersonKind | None = None,
    erased: Erased = NONE_ERASED,
) -> CsvFile:
    """Read a file's header; a packed file may hold `most` bytes. The others are as in `CsvFile`.

    Raises:
        FileBroken: there is no header that can be read, or its gzip is cut or holds more than any export.
    """
    try:
        header = read_header(path)
    except HeaderBroken as fault:
        raise broken(export_id, str(fault)) from None
    if not header.names:
        raise broken(export_id, "is empty, not even a header is in it")
    nuls = _nuls(path, export_id, most)
    return CsvFile(
        path=path,
        names=header.names,
        gzipped=header.gzipped,
        line_end=header.line_end,
        person=person,
        erased=erased,
        nuls=nuls,
    )


def _nuls(path: Path, export_id: int, most: int) -> int:
    """The number of NUL characters in a file, all of which is read, and unpacked if it is packed."""
    try:
        return sum(block.count(0) for block in blocks(path, most))
    except OutOfBounds as bound:
        raise broken(export_id, f"holds more than any export may (the bound is {bound})") from None
    except EOFError:
        raise broken(export_id, _CUT) from None
    except zlib.error:
        raise broken(export_id, "is damaged: its gzip stream cannot be unpacked") from None


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
        # Of all its cursors: a time without a zone is UTC, in any zone that this process runs in.
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        redacting(connection, file.erased)
        yield connection


def rows_at_once(file: CsvFile) -> int:
    """Number of rows to hand over at a time: few where they are wide."""
    return min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // len(file.names))


def broken(export_id: int, fault: str) -> FileBroken:
    """The error of a file that cannot be loaded."""
    return FileBroken(f"The file of export {export_id} {fault}.")


def _fault(message: str) -> str | None:
    if "GZIP" in message.upper():
        return _CUT
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
