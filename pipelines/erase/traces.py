"""Looks for traces of people in files: in their bytes, in what gzip packed, in tables of DuckDB and Parquet.

A trace is a word as which an identifier may stand in a text. Bytes of a DuckDB file are searched as well as
its tables: a table's texts may be packed, and a free block keeps what was in it. One that was packed shows
nothing, which is why an erasure writes these files anew.
"""

import gzip
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

import duckdb

from pipelines.erase.subject import tables_of
from pipelines.erase.words import Words
from pipelines.warehouse.duckdb_file import in_memory, open_file
from pipelines.warehouse.sql import literal, quoted
from sources.customerio.extract.erased import EDGES, PLAIN, SHORTEST, Erased

_SIGN = PLAIN.encode()
_WORD = re.compile(rb"(?:" + _SIGN + rb"|\\+u[0-9a-fA-F]{4}){%d,400}" % SHORTEST)
_PLAIN_WORD = re.compile(_SIGN + rb"{%d,400}" % SHORTEST)
_BLOCK, _OVERLAP = 16 * 1024 * 1024, 1024
_ROWS_AT_ONCE = 10_000
_OTHER_FOLDERS = ("demo",)
"""Data folders of their own within a data folder: a sandbox's people are invented."""


class Suspects(Protocol):
    """A search for people in files."""

    def in_path(self, path: Path) -> bool:
        """Checks if a file, or a file of a folder, has a trace."""


class RecordedTraces:
    """A search for people of whom only the hashes of a record are known, in files that are no database."""

    def __init__(self, erased: Erased) -> None:
        self._erased = erased

    def in_path(self, path: Path) -> bool:
        """Checks if a file, or a file of a folder, has a trace."""
        if path.is_dir():
            return any(self.in_path(each) for each in path.rglob("*") if each.is_file())
        return any(map(self._erased.is_in, _texts(path)))


class Traces:
    """A search for words of people, in lower case; those of `sure` are found as a part of other bytes too."""

    def __init__(self, words: Collection[str], sure: Collection[str] = ()) -> None:
        self._words = Words(words)
        self._bytes = frozenset(word.encode() for word in words)
        self._sure = Words(sure)

    def in_path(self, path: Path) -> bool:
        """Checks if a file, or a file of a folder, has a trace."""
        if path.is_dir():
            return any(self.in_path(each) for each in path.rglob("*") if each.is_file())
        if not self._bytes:
            return False
        match path.suffix:
            case ".duckdb":
                return self._in_database(path)
            case ".wal":
                return bool(self._sure.strings_in(_blocks(path)))
            case ".parquet":
                return self._in_parquet(path)
        return any(self._in_block(block) for block in _blocks(path))

    def _in_block(self, block: bytes) -> bool:
        edges, words = EDGES.encode(), _WORD if b"\\u" in block else _PLAIN_WORD
        if any(found.strip(edges).lower() in self._bytes for found in words.findall(block)):
            return True
        return words is _WORD and any(
            found.strip(edges).lower() in self._bytes for found in _PLAIN_WORD.findall(block)
        )

    def _in_database(self, path: Path) -> bool:
        strings = self._sure.strings_in(_blocks(path))
        try:
            connection = open_file(path, read_only=True)
        except duckdb.Error:
            # Another program has it open, or it is no DuckDB file: its bytes say what they can.
            return bool(strings)
        with connection:
            columns = [(table.sql, column) for table in tables_of(connection) for column in table.texts]
            return any(self._in_column(connection, *each) for each in columns) or any(
                # Another person's address may end with this one's.
                not any(_is_part(connection, *each, word) for each in columns)
                for word in strings
            )

    def _in_parquet(self, path: Path) -> bool:
        with in_memory() as connection:
            connection.execute(
                f"CREATE VIEW rows AS SELECT file_row_number AS rowid, * "
                f"FROM read_parquet({literal(path)}, file_row_number = true)"
            )
            columns = connection.execute("DESCRIBE rows").fetchall()
            return any(
                self._in_column(connection, "rows", name)
                for name, kind, *_ in columns
                if kind in ("VARCHAR", "JSON")
            )

    def _in_column(self, connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> bool:
        return next(self._words.cells(connection, rows, column), None) is not None


def traced_files(suspects: Suspects, data: Path) -> list[Path]:
    """The files of a data folder with a trace in them."""
    files = (path for path in sorted(data.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return [
        path
        for path in files
        if path.relative_to(data).parts[0] not in _OTHER_FOLDERS and suspects.in_path(path)
    ]


def _texts(path: Path) -> Iterator[str]:
    """The texts of a file that is no database."""
    if path.suffix == ".parquet":
        with in_memory() as connection:
            rows = connection.sql(f"SELECT r::VARCHAR AS text FROM read_parquet({literal(path)}) AS r")
            for batch in rows.to_arrow_reader(_ROWS_AT_ONCE):
                yield from batch.column(0).to_pylist()
    elif path.suffix not in (".duckdb", ".wal"):
        for block in _blocks(path):
            yield block.decode(errors="replace")


def _is_part(connection: duckdb.DuckDBPyConnection, rows: str, column: str, word: str) -> bool:
    sql = f"SELECT 1 FROM {rows} WHERE contains(lower({quoted(column)}::VARCHAR), ?) LIMIT 1"
    return bool(connection.execute(sql, [word]).fetchall())


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked if they are packed, in blocks that overlap."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        before = b""
        while block := file.read(_BLOCK):
            yield before + block
            before = block[-_OVERLAP:]
