"""A DuckDB file of numbers, for tests of the files themselves, and a program that holds a file."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.postgres import database

HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def write_numbers(file: Path, *new: int) -> None:
    """Add the numbers to the file, which is made if it does not exist."""
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [[number] for number in new])


def numbers(file: Path) -> list[int]:
    """The numbers in the file."""
    with duckdb.connect(file, read_only=True) as connection:
        return [row[0] for row in connection.execute("FROM numbers ORDER BY number").fetchall()]


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Let another process have the file open for writing during the block."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert "held\n" == holder.stdout.readline()
    try:
        yield
    finally:
        holder.communicate()


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A PostgreSQL database of its own, whose URL dlt is given in this process too."""
    with database() as made:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", made)
        yield made
