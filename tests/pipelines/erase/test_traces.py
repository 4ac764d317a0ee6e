"""Traces are found in every kind of file that a data folder has."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.erase.traces import RecordedTraces, Traces, traced_files
from sources.customerio.extract.erased import Erased, digest, words_of

EMAIL = "jane.doe@example.com"


def _plain(file: Path, text: str) -> None:
    file.write_text(text)


def _packed(file: Path, text: str) -> None:
    file.write_bytes(gzip.compress(text.encode()))


def _table(file: Path, text: str) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT ? AS c FROM range(5000)", [text])


def _deleted(file: Path, text: str) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("PRAGMA force_compression = 'uncompressed'")
        connection.execute("CREATE TABLE t AS SELECT ? || hash(i) AS c, i FROM range(5000) AS n(i)", [text])
        # Blocks at the end of a file would be cut off.
        connection.execute("CHECKPOINT; CREATE TABLE u AS SELECT hash(i) AS c FROM range(500_000) AS n(i)")
        connection.execute("CHECKPOINT; DROP TABLE t; CHECKPOINT")


def _parquet(file: Path, text: str) -> None:
    pq.write_table(pa.table({"c": [text]}), file, compression="zstd")


def _sqlite(file: Path, text: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (c TEXT)")
        connection.execute("INSERT INTO t VALUES (?)", (f'{{"filter":"{text}"}}',))
        connection.commit()


FILES = {
    "a.json": _plain,
    "rows.jsonl.gz": _packed,
    "load.duckdb": _table,
    "freed.duckdb": _deleted,
    "rows.parquet": _parquet,
    "tickets.sqlite": _sqlite,
}


@pytest.mark.parametrize("name", FILES)
def test_a_trace_is_found_in_each_kind_of_file(tmp_path: Path, name: str) -> None:
    """Plain or packed, in a table or in a block that a dropped table has left."""
    (tmp_path / "inner").mkdir()
    FILES[name](tmp_path / "inner" / name, EMAIL.upper() if name != "freed.duckdb" else EMAIL)
    FILES[name](tmp_path / f"other-{name}", "mary.doe@example.com")

    traces = Traces([EMAIL], [EMAIL])

    assert [tmp_path / "inner" / name] == traced_files(traces, tmp_path)
    assert [] == traced_files(Traces([]), tmp_path)


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".duckdb")])
def test_a_trace_is_found_by_the_hashes_of_a_record(tmp_path: Path, name: str) -> None:
    """So an erasure is resumed that knows no identifier any more; databases it compares by their columns."""
    key = b"k" * 32
    erased = Erased(key, {digest(key, "word", word) for word in words_of("email", EMAIL)})
    FILES[name](tmp_path / name, f"to {EMAIL.upper()}")
    FILES[name](tmp_path / f"other-{name}", "mary.doe@example.com")

    assert [tmp_path / name] == traced_files(RecordedTraces(erased), tmp_path)


def test_an_address_within_a_longer_one_is_no_trace(tmp_path: Path) -> None:
    """In a file's bytes it looks alike; the tables say that it is another person's."""
    _table(tmp_path / "load.duckdb", f"mary.{EMAIL}")

    assert [] == traced_files(Traces([EMAIL], [EMAIL]), tmp_path)


def test_the_demo_within_a_data_folder_is_another_one(tmp_path: Path) -> None:
    """Its people are invented, and it has an erasure of its own."""
    (tmp_path / "demo").mkdir()
    _plain(tmp_path / "demo" / "a.json", EMAIL)

    assert [] == traced_files(Traces([EMAIL], [EMAIL]), tmp_path)
