"""A server that cannot be used ends a command with one sentence and 2, without the password."""

from pathlib import Path

import psycopg
import pytest

from sources.customerio.sandbox import Sandbox
from tests.pipelines.conftest import Shell, shell_for
from tests.postgres import given

pytestmark = pytest.mark.proof

COMMANDS = (
    ("sync", "segments"),
    ("backfill", "messages", "--from", "2026-09-01"),
    ("export", "people"),
    ("status",),
    ("search", "people", "--query", "{}"),
    ("erase", "--email", "a@example.com"),
    ("check",),
)
SECRET = "hunter2secret"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_server_answers(shell: Shell, closed_port: int, command: tuple[str, ...]) -> None:
    """The sentence has the host and the setting."""
    shell.env |= given(f"postgresql://loader:{SECRET}@127.0.0.1:{closed_port}/workspace")

    ran = shell.run(*command)

    words = ("DESTINATION__POSTGRES__CREDENTIALS", "Connection refused") if command[0] != "search" else ()
    shell.refused(ran, 2, *words)
    assert SECRET not in ran.out + ran.err


def test_the_server_refuses_the_user(sandbox: Sandbox, tmp_path: Path, url: str) -> None:
    """A user or a database that does not exist, a user without rights, and a password with an @ in it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    there = url.partition("@")[2]
    with sandbox.serve() as served:
        shell = shell_for(sandbox, served, tmp_path)
        for login, words in (
            (f"nobody:{SECRET}@{there}", "role"),
            (f"loader:{SECRET}@{there.rpartition('/')[0]}/nowhere", "does not exist"),
            (f"guest:{SECRET}@{there}", "CREATE on that schema"),
            (f"loader:x@{SECRET}@{there}", "cannot be used"),
        ):
            shell.env |= given(f"postgresql://{login}")
            ran = shell.run("sync", "segments")
            shell.refused(ran, 2, words)
            assert SECRET not in ran.err
