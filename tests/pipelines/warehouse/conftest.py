"""A DuckDB file of numbers, for tests of the files themselves."""

from pathlib import Path

import duckdb


def write_numbers(file: Path, *new: int) -> None:
    """Add the numbers to the file, which is made if it does not exist."""
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [[number] for number in new])


def numbers(file: Path) -> list[int]:
    """The numbers in the file."""
    with duckdb.connect(file, read_only=True) as connection:
        return [row[0] for row in connection.execute("FROM numbers ORDER BY number").fetchall()]
