"""The warehouse that people are erased from: a DuckDB file, or a PostgreSQL server by a copy of its tables.

Both are searched by the same SQL, of DuckDB. Of a server, the texts of all rows are copied into a DuckDB in
memory, which spills into the data folder; what is deleted and replaced there is so in the server's tables, in
the one transaction that read them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from pipelines.erase.journal import republish
from pipelines.erase.subject import Table
from pipelines.erase.tables import Original
from pipelines.errors import ConfigError, WarehouseError
from pipelines.push.journal.database import Journal
from pipelines.settings import Settings
from pipelines.warehouse.destinations import POSTGRES
from pipelines.warehouse.duckdb_file import compact, in_memory, log_of, open_file
from pipelines.warehouse.pipeline import DATASET, configure
from pipelines.warehouse.publish import publish_warehouse
from pipelines.warehouse.queries import no_warehouse
from pipelines.warehouse.server import connected
from pipelines.warehouse.sql import OWN, literal, quoted

_MEMORY = "1GB"
_STAGING = f"{DATASET}_staging"
_ROWS_AT_ONCE = 20_000
_PLACE = "cio_elt_place"
_KINDS = {
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "json": "JSON",
    "jsonb": "JSON",
    "bigint": "BIGINT",
}
"""DuckDB's type of PostgreSQL's, of the columns that may have a person in them."""
_WRITE_AHEAD = (
    "The server's write-ahead log has the deleted rows until it recycles those segments; archives of it, "
    "backups and logs of statements have them as long as they are kept."
)
_OTHER_SCHEMAS = (
    f"Only the schema {DATASET} was searched: what was made of its tables in others is to be made anew."
)
_STATISTICS = (
    "The server's statistics of columns (pg_catalog.pg_statistic) may have single values of the deleted "
    "rows, and this user may not rewrite them: let the database's owner run VACUUM FULL pg_statistic."
)


class Place(Protocol):
    """A warehouse from which people are erased."""

    original: Original | None
    """The tables that those of `opened` are copies of; None if they are none."""

    def opened(self) -> Any:
        """A context with a connection to a DuckDB that has the tables; its changes are to be committed."""

    def end(self, *, everything: bool) -> tuple[list[str], list[str]]:
        """Rewrite what was deleted from, `everything` after an erasure that was killed.

        Returns places that still have rows of the people, and notes about what this cannot reach.
        """


@contextmanager
def place_of(settings: Settings, journal: Journal | None, *, wait_s: float) -> Iterator[Place]:
    """The warehouse of these settings, whose writer's lock is held; a file may have a copy of `journal`.

    Raises:
        ConfigError: there is none yet.
    """
    if settings.publishes:
        yield _File(settings, journal)
        return
    configure(settings.cio_elt_data)
    with connected(settings) as client, _spilling(in_memory(), settings) as copy:
        server = _Server(settings, client.native_connection, copy, wait_s)
        server.copy_tables()
        yield server


def check_place(settings: Settings) -> None:
    """Check that this warehouse is one that people can be erased from.

    Raises:
        ConfigError: it is on a server of another kind, or there is no file yet.
    """
    if settings.publishes:
        if not (settings.load_file.exists() or settings.published_file.exists()):
            raise no_warehouse(settings)
    elif settings.cio_elt_destination != POSTGRES:
        msg = (
            f"`cio-elt erase` erases from DuckDB files and PostgreSQL, and CIO_ELT_DESTINATION is "
            f"{settings.cio_elt_destination!r}. Delete the people's rows on that server with its own SQL, "
            "in every table that has a column cio_id, customer_id, email or recipient. Nothing was erased."
        )
        raise ConfigError(msg)


@contextmanager
def _spilling(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    with connection:
        connection.execute(
            f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false; "
            f"SET temp_directory = {literal(settings.load_file.with_suffix('.tmp'))}; "
            "SET enable_progress_bar = false"
        )
        yield connection


class _File:
    """The private DuckDB file and its published copy."""

    original: Original | None = None

    def __init__(self, settings: Settings, journal: Journal | None) -> None:
        self._settings = settings
        self._journal = journal

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with _spilling(open_file(self._settings.load_file), self._settings) as connection:
            yield connection

    def end(self, *, everything: bool) -> tuple[list[str], list[str]]:  # noqa: ARG002 (a file is rewritten whole)
        settings = self._settings
        if self._journal is not None:
            republish(settings, self._journal)
        compact(settings.load_file, always=True)
        publish_warehouse(settings)
        log_of(settings.load_file).unlink(missing_ok=True)
        return [], []


class _Server:
    """The raw tables of a PostgreSQL server; rows are known by their place in it (ctid)."""

    def __init__(
        self, settings: Settings, connection: Any, copy: duckdb.DuckDBPyConnection, wait_s: float
    ) -> None:
        self.original: Original | None = self
        self._settings = settings
        self._server = connection
        self._copy = copy
        self._kinds: dict[tuple[str, str], str] = {}
        self._changed: set[str] = set()
        self._wait_ms = max(int(wait_s * 1000), 1)

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self._copy

    def copy_tables(self) -> None:
        """Copy the texts of all raw tables, of one moment; other writers wait until the end."""
        self._run(f"SET lock_timeout = {self._wait_ms}")
        self._server.set_session(isolation_level="REPEATABLE READ", autocommit=False)
        self._copy.execute(f"CREATE SCHEMA {DATASET}")
        if not (tables := self._tables(DATASET)):
            raise no_warehouse(self._settings)
        self._run("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE".format(", ".join(map(_sql, tables))))
        for table in tables:
            self._copy_table(table)

    def delete(self, table: Table, places: Sequence[int]) -> None:
        """Delete rows of the server's table."""
        self._changed.add(table.name)
        given = [there for _, there in self._places(table, places)]
        self._run(f"DELETE FROM {table.sql} WHERE ctid = ANY(%s::text[]::tid[])", (given,))

    def replace(self, table: Table, column: str, texts: Mapping[int, str]) -> None:
        """Write texts into the server's table."""
        self._changed.add(table.name)
        kind = self._kinds[table.name, column]
        # A row that is updated gets another place, and another column of it may be next.
        for place, there in self._places(table, list(texts)):
            ((moved,),) = self._run(
                f"UPDATE {table.sql} SET {quoted(column)} = %s::text::{kind} WHERE ctid = %s::tid "
                "RETURNING ctid::text",
                (texts[place], there),
            )
            self._copy.execute(
                f"UPDATE {table.sql} SET {_PLACE} = ? WHERE rowid = ?", [_number(moved), place]
            )

    def end(self, *, everything: bool) -> tuple[list[str], list[str]]:
        self._server.commit()
        self._server.set_session(isolation_level="READ COMMITTED", autocommit=True)
        staged = self._tables(_STAGING)
        if staged:
            names = ", ".join(f"{quoted(_STAGING)}.{quoted(name)}" for name in staged)
            self._run(f"TRUNCATE {names}")
        changed = sorted(self._tables(DATASET) if everything else self._changed)
        for table in changed:
            self._rewrite(table)
        notes = [_WRITE_AHEAD, _OTHER_SCHEMAS]
        if changed and not self._rewrite_statistics():
            notes.append(_STATISTICS)
        # Without the right to, the server frees the old files at its own next checkpoint.
        with suppress(Exception):
            self._run("CHECKPOINT")
        left = [
            f"{DATASET}.{table} on the server ({dead:,} deleted rows that another transaction still sees)"
            for table in changed
            if (dead := self._dead_rows(table))
        ]
        return left, notes

    def _tables(self, schema: str) -> list[str]:
        found = self._run(
            "SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = "
            "(SELECT oid FROM pg_namespace WHERE nspname = %s) AND NOT starts_with(c.relname, %s) ORDER BY 1",
            (schema, OWN),
        )
        return [name for (name,) in found]

    def _copy_table(self, table: str) -> None:
        found = self._run(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = %s "
            "AND table_name = %s ORDER BY ordinal_position",
            (DATASET, table),
        )
        columns = {name: kind for name, kind in found if kind in _KINDS}
        self._kinds |= {(table, name): kind for name, kind in columns.items()}
        made = ", ".join(f"{quoted(name)} {_KINDS[kind]}" for name, kind in columns.items())
        self._copy.execute(f"CREATE TABLE {_sql(table)} ({_PLACE} BIGINT{made and ', ' + made})")
        cells = ", ".join(["ctid::text", *map(quoted, columns)])
        types = [pa.int64(), *(pa.int64() if kind == "bigint" else pa.string() for kind in columns.values())]
        with self._server.cursor(name="cio_elt_erase") as rows:
            rows.execute(f"SELECT {cells} FROM {_sql(table)}")
            while batch := rows.fetchmany(_ROWS_AT_ONCE):
                (places, *texts) = zip(*batch, strict=True)
                arrays = [
                    pa.array(values, kind)
                    for values, kind in zip([list(map(_number, places)), *texts], types, strict=True)
                ]
                read = pa.Table.from_arrays(arrays, names=[_PLACE, *columns])
                self._copy.register("erase_read", read)
                self._copy.execute(f"INSERT INTO {_sql(table)} FROM erase_read")
                self._copy.unregister("erase_read")

    def _places(self, table: Table, places: Sequence[int]) -> list[tuple[int, str]]:
        """The places of copies, each with that of its row on the server."""
        self._copy.register("erase_asked", pa.table({"place": pa.array(places, pa.int64())}))
        found = self._copy.execute(
            f"SELECT rowid, {_PLACE} FROM {table.sql} SEMI JOIN erase_asked ON rowid = place"
        ).fetchall()
        self._copy.unregister("erase_asked")
        return [(place, f"({there >> 16},{there & 0xFFFF})") for place, there in found]

    def _rewrite(self, table: str) -> None:
        """Write the table anew without deleted rows, and its statistics."""
        import psycopg2

        try:
            self._run(f"VACUUM (FULL) {_sql(table)}")
            self._run(f"VACUUM (ANALYZE) {_sql(table)}")
        except psycopg2.OperationalError as error:
            msg = (
                f"The people's rows are deleted, but {DATASET}.{table} could not be written anew without "
                f"them ({str(error).splitlines()[0]}). End the sessions that read it, and run this again."
            )
            raise WarehouseError(msg) from None

    def _rewrite_statistics(self) -> bool:
        """Rewrite the statistics, which have single values of columns; False if the user may not."""
        file = "SELECT pg_relation_filenode('pg_catalog.pg_statistic')"
        before = self._run(file)
        with suppress(Exception):
            self._run("VACUUM (FULL) pg_catalog.pg_statistic")
        return self._run(file) != before

    def _dead_rows(self, table: str) -> int:
        self._run("SELECT pg_stat_clear_snapshot()")
        found = self._run(
            "SELECT n_dead_tup FROM pg_stat_all_tables WHERE relid = %s::regclass", (_sql(table),)
        )
        return int(found[0][0] or 0) if found else 0

    def _run(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._server.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


def _sql(table: str) -> str:
    return f"{quoted(DATASET)}.{quoted(table)}"


def _number(place: str) -> int:
    """The place of a row as a number: its page, then its item there."""
    page, item = place.strip("()").split(",")
    return int(page) << 16 | int(item)
