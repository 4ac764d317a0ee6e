"""A known vulnerability fails the audit; a database that cannot be reached does not."""

import json
import re
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.dependencies import LOCK
from tests.dependencies.audit import audit

_FLAW = {
    "schema_version": "1.6.0",
    "id": "PYSEC-2030-1",
    "summary": "A page of a template runs code.",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
        }
    ],
}


class _Database(BaseHTTPRequestHandler):
    """Answers as OSV does, and knows a flaw of one package."""

    asked: list[str]
    flawed: str | None

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = question["package"]["name"]
        self.asked.append(name)
        body = json.dumps({"vulns": [_FLAW]} if name == self.flawed else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _pinned_here() -> set[str]:
    """The packages of the lock whose markers hold on this machine."""
    lines = [line.rstrip(" \\") for line in LOCK.read_text("utf-8").splitlines() if re.match(r"\w", line)]
    found = map(Requirement, lines)
    return {canonicalize_name(one.name) for one in found if one.marker is None or one.marker.evaluate()}


@pytest.fixture
def database() -> Iterator[tuple[type[_Database], str]]:
    """A database of vulnerabilities on this machine, and its URL."""
    kind = type("Known", (_Database,), {"asked": [], "flawed": None})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield kind, f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def test_a_known_vulnerability_fails(
    database: tuple[type[_Database], str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each package of the lock is asked for; the vulnerable one is named with the version that cures it."""
    known, url = database
    assert 0 == audit(url=url)
    assert _pinned_here() == set(known.asked)

    known.flawed = "jinja2"
    capfd.readouterr()
    assert 1 == audit(url=url)
    told = capfd.readouterr().out
    assert "PYSEC-2030-1" in told
    assert "9.9" in told


def test_a_lock_without_hashes_fails(
    database: tuple[type[_Database], str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A line without a hash is refused."""
    (tmp_path / "requirements.lock").write_text("jinja2==3.1.6\n")

    assert 1 == audit(tmp_path / "requirements.lock", database[1])
    assert "hash" in capfd.readouterr().err


def test_a_database_that_cannot_be_reached_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """One sentence says so, and the check goes on."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert 0 == audit(url=f"http://127.0.0.1:{closed.getsockname()[1]}/v1/query")
    told = capfd.readouterr().out
    assert 1 == told.count("\n")
    assert "was not compared with known vulnerabilities" in told
