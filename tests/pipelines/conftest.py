"""The command line as a user runs it: the console script, in its own process; and queries in memory."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pytest

from pipelines.warehouse.queries import Query
from sources.customerio.sandbox import Sandbox, Served

SCRIPT = Path(sys.executable).with_name("cio-elt")
PATIENCE_S = 180.0
VIPS = """
sync: vips
object: person
mode: update_only
model:
  sql: >-
    SELECT identifiers->>'id' AS id, 'gold' AS tier FROM customerio_raw.people
    WHERE identifiers->>'id' <> '' AND deleted_at IS NULL
person: {id: id}
fields: {tier: text}
"""
"""The spec of a push to the people with an id, of the tables of a sync alone."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """The result of a command."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> Any:
        """All of stdout as one JSON document."""
        return json.loads(self.out)


@dataclass
class Shell:
    """A shell with a sandbox's settings in its environment, and a home and a folder of its own."""

    sandbox: Sandbox
    served: Served
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.env["CIO_ELT_DATA"])

    @property
    def published(self) -> Path:
        """The published file."""
        return self.data / "customerio.duckdb"

    def start(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str | None] = MappingProxyType({}),
        *,
        stderr: int = subprocess.PIPE,
        program: Sequence[str | Path] = (SCRIPT,),
    ) -> "subprocess.Popen[str]":
        """Start `cio-elt`, or another `program`, with these arguments.

        `env` changes variables, None removes one.
        """
        changed = {**self.env, **env}
        return subprocess.Popen(
            [*program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=self.folder,
            env={name: value for name, value in changed.items() if value is not None},
        )

    def run(self, *arguments: str, **env: str | None) -> Ran:
        """Run `cio-elt` to its end."""
        began = time.monotonic()
        return ended(self.start(arguments, env), began)

    def wait_for_request(self, operation: str) -> None:
        """Return once the sandbox has taken a request for that operation."""
        deadline = time.monotonic() + PATIENCE_S
        while operation not in self.sandbox.stats.by_operation:
            assert time.monotonic() < deadline, f"no request for {operation}"
            time.sleep(0.02)

    def refused(self, ran: Ran, code: int, *words: str) -> None:
        """The command ended with that code and one paragraph that has those words and no secret."""
        assert "Traceback" not in ran.err, ran.err
        assert code == ran.code, ran.err
        assert 1 == ran.err.count("\n"), ran.err
        assert ran.err.startswith("cio-elt: "), ran.err
        for word in words:
            assert word in ran.err, f"{word!r} is not in: {ran.err}"
        keys = (self.sandbox.app_api_key, self.sandbox.track_site_id, self.sandbox.track_api_key)
        for secret in keys:
            assert secret not in ran.err + ran.out
        if ran.out:
            assert ran.err == f"cio-elt: {ran.document['error']['message']}\n"


def ended(process: "subprocess.Popen[str]", began: float, *, patience_s: float = PATIENCE_S) -> Ran:
    """Wait for the process to end."""
    try:
        out, err = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ran(code=process.returncode, out=out, err=err, seconds=time.monotonic() - began)


def shell_for(sandbox: Sandbox, served: Served, folder: Path) -> Shell:
    """A shell in `folder` whose settings name that sandbox; its home is empty."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(folder),
        "CUSTOMERIO_APP_URL": served.app_url,
        "CUSTOMERIO_TRACK_URL": served.track_url,
        "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
        "CIO_ELT_DATA": str(folder / "data"),
        "CIO_ELT_LIMITS": str(folder / "limits"),
        "CIO_ELT_SPEED": "inf",
    }
    return Shell(sandbox, served, folder, env)


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path) -> Iterator[Shell]:
    """A shell whose settings name a served sandbox."""
    with sandbox.serve() as served:
        yield shell_for(sandbox, served, tmp_path)
    assert [] == list((tmp_path / "home").rglob("*")), "nothing is written at home"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A closed port of this machine."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture
def query() -> Iterator[Query]:
    """Queries of a database in memory, which has nothing."""
    with duckdb.connect() as connection:

        def asked(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        yield asked
