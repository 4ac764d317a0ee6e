"""Runs the model of a push once: its rows become a table in memory.

The published warehouse is attached read-only, so a model can read what analysts read, and write nothing.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.errors import ConfigError, ModelFailed, WarehouseError
from pipelines.push.journal.database import FILE as JOURNAL
from pipelines.push.journal.database import SPILL
from pipelines.push.spec.loader import model_file
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import literal, quoted

ROWS = "push_rows"
"""The table of the model's rows."""
MEMORY = "550MB"
CATALOGUE = "customerio"
"""The name of the attached warehouse, as DuckDB names its file: marts are `customerio.person_360`."""
_LOGS = ("", ".wal", ".wal.checkpoint", ".wal.recovery")
"""The suffixes of a DuckDB file and of its logs."""
_OF_COLUMN = re.compile(r"casting from source column (\w+)")


@contextmanager
def planning_database(settings: Settings, *, may_lack: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database with the published warehouse attached as `CATALOGUE`, if there is one.

    Raises:
        ConfigError: the warehouse is on a server, and no `may_lack` says that its rows are not needed.
        WarehouseError: the published file cannot be read.
    """
    if not (settings.publishes or may_lack):
        raise _on_server(settings)
    spill = settings.cio_elt_data / SPILL
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(spill)}) as connection:
        # A timestamp without a zone is taken as UTC, and one with a zone must not depend on the machine's.
        connection.execute("SET timezone = 'UTC'")
        # stdout is the command's.
        connection.execute("SET enable_progress_bar = false")
        # A file beside a server is one of before, which no sync renews.
        if settings.publishes and settings.published_file.exists():
            try:
                connection.execute(f"ATTACH {literal(settings.published_file)} AS {CATALOGUE} (READ_ONLY)")
            except duckdb.Error as error:
                raise file_failure(error) from None
            connection.execute(f"USE {CATALOGUE}")
        # The journal is attached after the model has run; DuckDB keeps its log in files beside it.
        journal = settings.cio_elt_data / JOURNAL
        connection.execute("SET allowed_paths = ?", [[f"{journal}{suffix}" for suffix in _LOGS]])
        yield connection


def _on_server(settings: Settings) -> ConfigError:
    msg = (
        f"A push reads the DuckDB file, and the warehouse is in {settings.cio_elt_destination}. Nothing was "
        "sent. Sync into DuckDB with a data folder of its own (CIO_ELT_DATA), and push from there."
    )
    return ConfigError(msg)


def run_model(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, folder: Path, *, rows: bool = True
) -> dict[str, str]:
    """Create the table of the model's rows; returns its columns with their SQL types.

    Without `rows` the table stays empty.

    Raises:
        ModelFailed: the model is no single SELECT, or DuckDB cannot run it.
    """
    select = select_of(connection, spec, folder)
    if not spec.model.external:
        _close(connection)
    limit = "" if rows else " LIMIT 0"
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {ROWS} AS SELECT * FROM (\n{select}\n){limit}")
    except duckdb.IOException as error:
        raise file_failure(error) from None
    except duckdb.Error as error:
        raise _failed(spec, error) from None
    return _columns(connection)


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Let no statement of this database read a file or a server that is not attached yet."""
    ((is_locked,),) = connection.execute("SELECT current_setting('lock_configuration')").fetchall()
    if not is_locked:
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")


def take_rows(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> dict[str, str]:
    """Create the same table from given rows; returns its columns with their SQL types."""
    make_table(connection, ROWS, rows)
    return _columns(connection)


def make_table(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Create a temporary table of given rows, or replace it."""
    connection.register("push_given", rows)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM push_given")
    connection.unregister("push_given")


def warehouse_tables(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The names of the raw tables of the attached warehouse; none without one."""
    found = connection.execute(
        f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{CATALOGUE}' AND schema_name = ?",
        [DATASET],
    )
    return frozenset(name for (name,) in found.fetchall())


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    found = connection.execute(f"DESCRIBE {ROWS}").fetchall()
    return {str(name): str(sql_type) for name, sql_type, *_ in found}


def select_of(connection: duckdb.DuckDBPyConnection, spec: PushSpec, folder: Path) -> str:
    """The SELECT of the model.

    Raises:
        ModelFailed: it is something else.
    """
    model = spec.model
    if model.dbt is not None:
        schema, _, name = model.dbt.rpartition(".")
        return f"SELECT * FROM {quoted(schema or CATALOGUE)}.{quoted(name)}"
    text = model_file(spec, folder).read_text() if model.file is not None else str(model.sql)
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise _failed(spec, error) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        msg = f"{spec.sync}: a model is one SELECT, and nothing else; this one is something else."
        raise ModelFailed(msg)
    return _without_end(statements[0].query)


def _without_end(text: str) -> str:
    """A statement without the semicolons at its end, and the comments around them."""
    # Places of tokens are bytes.
    left = text.encode()
    for start, kind in reversed(duckdb.tokenize(text)):
        if kind != duckdb.token_type.comment and left[start : start + 1] != b";":
            break
        left = left[:start]
    return left.decode()


_COMPUTED = {
    "Division by zero": "divides by zero. Guard the divisor, as in a // nullif(b, 0), or write TRY(...).",
    "Out of Range Error": "computes a number that its type cannot hold. Use a larger one, or write TRY(...).",
}
"""Errors of values that the model computes, by a part of DuckDB's message."""


def _failed(spec: PushSpec, error: duckdb.Error) -> ModelFailed:
    if isinstance(error, duckdb.PermissionException):
        msg = (
            f"{spec.sync}: the model reads a file or a server beside the warehouse. Write `external: true` "
            "below `model` in its declaration if it may."
        )
        return ModelFailed(msg)
    if isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        # DuckDB's message repeats the value that it could not read, which may be personal data.
        if computed := next((words for part, words in _COMPUTED.items() if part in str(error)), None):
            return ModelFailed(f"{spec.sync}: the model {computed}")
        column = _OF_COLUMN.search(str(error))
        where = f"a value of {column[1]}" if column else "a value"
        msg = (
            f"{spec.sync}: the model has {where} that DuckDB cannot read as the requested type "
            f"({type(error).__name__}). Run the model in DuckDB to see it, and use TRY_CAST or the like."
        )
        return ModelFailed(msg)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(line for line in lines if not line.startswith(("LINE ", "^")))
    if not isinstance(error, duckdb.ProgrammingError | duckdb.NotSupportedError):
        msg = f"{spec.sync}: the model could not be run: {text[:300]}"
        raise WarehouseError(msg) from None
    msg = f"{spec.sync}: DuckDB cannot run the model. It says: {text[:400]}"
    return ModelFailed(msg)
