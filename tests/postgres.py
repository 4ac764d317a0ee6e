"""A PostgreSQL server on this machine, in a temporary folder, for the tests that need one."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


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
