"""Opens DuckDB files: the published one for readers, the private one for its writer.

Every DuckDB connection to a warehouse is opened here, so that a damaged or locked file gets one message.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipelines.errors import FileHeld, WarehouseError
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.memory import DUCKDB_MB
from pipelines.warehouse.sql import literal, quoted
from sources.permissions import PRIVATE_FILE

_WORTH_BYTES = 64 * 1024 * 1024
"""Fewer bytes of free blocks are copied as quickly as they are removed."""

OLDEST_READER = (1, 2, 0)
"""The oldest DuckDB that can read the files that `create` makes."""

# Parts of a table's description that did not change may otherwise stay where they are, which DuckDB 1.2 and
# 1.3 cannot follow: they do not open the file then.
READABLE_BY_OLDER = {"experimental_metadata_reuse": False}
"""DuckDB's setting under which every writer of a warehouse's file must work."""

_WORTH_BYTES = 64 * 1024 * 1024
"""Fewer bytes of free blocks are copied as quickly as they are removed."""


def open_file(file: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to the file; the caller closes it. Only the writer opens a file without `read_only`.

    Raises:
        duckdb.Error: the file is damaged, or another process has it open for writing.
    """
    connection = duckdb.connect(file, read_only=read_only)
    if not read_only:
        for name, value in READABLE_BY_OLDER.items():
            connection.execute(f"SET GLOBAL {name} = {value}")
    return connection


def in_memory() -> duckdb.DuckDBPyConnection:
    """A connection to an empty database in memory; the caller closes it."""
    return duckdb.connect()


def create(file: Path) -> None:
    """Make an empty file that DuckDB since `OLDEST_READER` can read, also when a newer one has written it.

    Without a version, DuckDB makes files for itself and later ones alone. A file keeps its version, and so do
    its copies.
    """
    version = ".".join(map(str, OLDEST_READER))
    with in_memory() as connection:
        connection.execute(f"ATTACH {literal(file)} AS made (STORAGE_VERSION 'v{version}')")
    file.chmod(PRIVATE_FILE)


def oldest_reader(file: Path) -> tuple[int, ...]:
    """The oldest DuckDB that can read the file; for files that other programs made too.

    Raises:
        FileHeld, WarehouseError: the file cannot be read; see `reading`.
    """
    with reading(file) as connection:
        ((version,),) = connection.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()
    return tuple(map(int, version.strip("v+").split(".")))


@contextmanager
def reading(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file read-only for the length of the block.

    Raises:
        FileHeld: another process has the file open for writing.
        WarehouseError: the file is not a DuckDB file that can be read.
    """
    with _damaged(
        f"{published} cannot be read as a DuckDB file. Move it away; `cio-elt sync` publishes it anew."
    ):
        connection = open_file(published, read_only=True)
    with connection:
        yield connection


def check_writable(file: Path) -> None:
    """Open the private file for writing, and close it.

    Raises:
        FileHeld: another process has the file open.
        WarehouseError: the file is not a DuckDB file that can be read.
    """
    with _damaged(
        f"{file} is not a DuckDB file that can be read. Move it away and run this again: "
        "what customerio.duckdb beside it holds is kept, and what is missing is read from Customer.io."
    ):
        open_file(file).close()


@contextmanager
def _damaged(message: str) -> Iterator[None]:
    """Raise a WarehouseError with the message if a file cannot be opened, unless another process holds it."""
    try:
        yield
    except duckdb.Error as error:
        failure = file_failure(error)
        raise (failure if isinstance(failure, FileHeld) else WarehouseError(message)) from None


def checkpoint(file: Path) -> None:
    """Move the contents of DuckDB's write-ahead log into the file, so that a copy of the file is complete."""
    with open_file(file) as connection:
        _checkpoint(connection)


def compact(file: Path, *, always: bool = False) -> None:
    """As `checkpoint`; the file is then written anew, in one step, if half of its blocks or more are free.

    With `always` it is written anew in any case. A file keeps the blocks of rows and tables that went, for
    rows to come, and every copy of it has them too.
    Only the file's writer may do this, while no program has the file open.
    """
    with open_file(file) as connection:
        _checkpoint(connection)
        ((name, block_bytes, used, free),) = connection.execute(
            "SELECT database_name, block_size, used_blocks, free_blocks FROM pragma_database_size() "
            "WHERE database_name = current_database()"
        ).fetchall()
        if not always and (free < used or free * block_bytes < _WORTH_BYTES):
            return
        new = file.with_suffix(".compacting")
        try:
            _copy_into(connection, name, new)
            new.chmod(file.stat().st_mode)
            sync_to_disk(new)
        except BaseException:
            remove(new)
            raise
    new.replace(file)


def _copy_into(connection: duckdb.DuckDBPyConnection, name: str, new: Path) -> None:
    remove(new)
    create(new)
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"ATTACH {literal(new)} AS compacted")
    connection.execute(f"COPY FROM DATABASE {quoted(name)} TO compacted; DETACH compacted")


def remove(file: Path) -> None:
    """Delete a file that is no longer needed, and its log; they may be missing."""
    for each in (file, log_of(file)):
        each.unlink(missing_ok=True)


def sync_to_disk(file: Path) -> None:
    """Wait until the disk has the file: a power failure after its replacement would leave it empty else."""
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _checkpoint(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"SET memory_limit = '{DUCKDB_MB}MB'; CHECKPOINT")


def drop_schema(file: Path, schema: str) -> None:
    """Remove a schema and its tables from the file, which needs no log then."""
    with open_file(file) as connection:
        connection.execute(f"SET memory_limit = '{DUCKDB_MB}MB'")
        connection.execute(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE; CHECKPOINT")


def log_of(file: Path) -> Path:
    """The path of DuckDB's write-ahead log of that file."""
    return file.with_name(f"{file.name}.wal")
