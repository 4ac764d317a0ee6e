"""One writer, readers never blocked.

DuckDB lets one process write a file and then no other read it. So loads write a private file, and after
each run its copy takes the published file's place in one step: whoever has the old one open keeps reading
the old state, whoever opens it next reads the new one, and nobody sees half a run.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from pipelines.errors import Busy, ConfigError, FileHeld, WarehouseError
from pipelines.notify import Notify, silent
from pipelines.warehouse.failures import file_failure

_LOCK = "writer.lock"


def prepare(folder: Path) -> None:
    """Make the data folder.

    Raises:
        ConfigError: the folder cannot be made or written to, or dlt cannot load from it.
    """
    if "'" in str(folder.resolve()):
        # dlt's statement that loads a Parquet file does not escape its path.
        msg = (
            f"There is an apostrophe in the path of the data folder, {folder.resolve()}, and dlt cannot load "
            "from such a folder. Name another one in CIO_ELT_DATA."
        )
        raise ConfigError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = (
            f"The data folder {folder} cannot be written to ({error.strerror}). Give this user the right to, "
            "or name another folder in CIO_ELT_DATA."
        )
        raise ConfigError(msg) from None


@contextmanager
def writing(folder: Path, *, wait_s: float, notify: Notify = silent) -> Iterator[None]:
    """Be the only writer of the warehouse in `folder`, waiting at most `wait_s` for another to end.

    `notify` is told if there is somebody to wait for.

    Raises:
        ConfigError: the folder cannot be used, see `prepare`.
        Busy: another run is still writing.
    """
    prepare(folder)
    lock = FileLock(folder / _LOCK)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notify(
                f"Another run is writing the warehouse in {folder}; waiting at most {wait_s:,.0f} s for it."
            )
            lock.acquire(timeout=wait_s)
    except Timeout:
        msg = (
            f"Another run is writing the warehouse in {folder} and did not end within {wait_s:,.0f} s. "
            "Wait for it, or give this run a data folder of its own in CIO_ELT_DATA."
        )
        raise Busy(msg) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def reading(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, opened as its readers do.

    Raises:
        WarehouseFailed: it is no DuckDB file, or somebody writes into it.
    """
    try:
        connection = duckdb.connect(published, read_only=True)
    except duckdb.Error as error:
        failure = file_failure(error)
        if isinstance(failure, FileHeld):
            raise failure from None
        msg = f"{published} cannot be read as a DuckDB file. Move it away; `cio-elt sync` publishes it anew."
        raise WarehouseError(msg) from None
    with connection:
        yield connection


def publish(private: Path, published: Path) -> None:
    """Put the private file's present state in place of the published file, in one step.

    Only the writer may call this: nothing may be writing `private` meanwhile.
    """
    with duckdb.connect(private) as connection:
        # What a load left in the log belongs to the file before it is copied.
        connection.execute("CHECKPOINT")
    copy = published.with_suffix(".publishing")
    try:
        shutil.copyfile(private, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        # Somebody may have written into the published file; what they left in its log is not of the new one,
        # and DuckDB refuses to open a file with another's log.
        log_of(published).unlink(missing_ok=True)
        copy.replace(published)
    finally:
        copy.unlink(missing_ok=True)


def log_of(file: Path) -> Path:
    """Where DuckDB keeps what is not in the file yet."""
    return file.with_name(f"{file.name}.wal")
