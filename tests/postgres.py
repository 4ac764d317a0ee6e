"""A PostgreSQL server on this machine, in a temporary folder, for the tests that need one."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from pipelines.warehouse.sql import quoted
from sources.customerio.catalogue import RESOURCES, Resource
from sources.customerio.extract.own_columns import columns_of
from sources.customerio.sandbox import Sandbox, Served
from tests.conftest import Warehouse, settings_for


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The URL of a new database; the test is skipped if PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("there is no PostgreSQL; `apt-get install postgresql` brings it")
    # PostgreSQL refuses to run as root, and Debian's package makes a user for it.
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "cluster"

    def run(*command: str) -> None:
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True, timeout=60)

    run(str(programs[-1] / "initdb"), "-D", str(data), "-U", "loader", "-A", "trust", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = str(programs[-1] / "pg_ctl")
    run(control, "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        # The server needs no password, but dlt does not connect without one.
        url = f"postgresql://loader:loader@127.0.0.1:{port}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE workspace")
        yield url.removesuffix("postgres") + "workspace"
    finally:
        run(control, "-D", str(data), "-m", "immediate", "stop")


class InPostgres(Warehouse):
    """A warehouse whose rows are read from a PostgreSQL database."""

    url: str

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query in the database."""
        return query(self.url, sql)

    def rows(self, resource: Resource, *, tombstones: bool = False) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The rows of a table by key, without columns of the project's own; the driver reads JSON."""
        own = set(columns_of(resource)) - set(resource.columns)
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            found = connection.execute(f"SELECT * FROM customerio_raw.{resource.table}").fetchall()
        return {
            tuple(row[column] for column in resource.key): {
                name: value for name, value in row.items() if name not in own and not name.startswith("_dlt_")
            }
            for row in found
            if tombstones or row.get("deleted_at") is None
        }

    def doubles(self) -> list[str]:
        """The tables in which two rows have one key."""
        there = "SELECT tablename FROM pg_tables WHERE schemaname = 'customerio_raw'"
        names = {name for (name,) in self.query(there)}
        return [
            row.table
            for row in RESOURCES
            if row.table in names
            and self.query(
                f"SELECT 1 FROM customerio_raw.{row.table} GROUP BY {', '.join(map(quoted, row.key))} "
                "HAVING count(*) > 1 LIMIT 1"
            )
        ]


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query in a database."""
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()


def given(url: str) -> dict[str, str]:
    """The environment of a command whose warehouse is that database."""
    return {"CIO_ELT_DESTINATION": "postgres", "DESTINATION__POSTGRES__CREDENTIALS": url}


def warehouse_in(url: str, sandbox: Sandbox, served: Served, data: Path) -> InPostgres:
    """The warehouse of a sandbox in that database, written from the data folder `data`."""
    settings = settings_for(sandbox, served, data, cio_elt_destination="postgres")
    made = InPostgres(sandbox, served, settings)
    made.url = url
    return made


@contextmanager
def database() -> Iterator[str]:
    """The URL of a database of its own; its folder is short, for a socket's path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder, cluster(Path(folder)) as url:
        yield url
