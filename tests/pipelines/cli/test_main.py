"""The command line: help, exit codes, and a sentence for every kind of bad input."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner

from pipelines.cli.main import main
from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell, ended

MEMBERSHIPS = resource("segment_memberships")
COMMANDS = sorted(main.commands)
GROUPS = [name for name in COMMANDS if isinstance(main.commands[name], click.Group)]


def _whole_names(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Every command below the group by its whole name, such as `push plan`."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        inner = _whole_names(command, f"{before}{name} ") if isinstance(command, click.Group) else {}
        found |= inner or {f"{before}{name}": command}
    return found


WHOLE_NAMES = _whole_names(main)
HEAVY = ("dlt", "duckdb", "httpx", "pyarrow", "pydantic", "rich")


def test_the_command_line_imports_nothing_that_takes_time() -> None:
    """The `--help` of every command imports click alone."""
    seen = (
        "import sys; from pipelines.cli.pages import commands_page; commands_page(); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert "[]" == found.stdout.strip()


@pytest.mark.parametrize(
    "arguments", [("status",), ("sync", "segmets"), ("backfill", "messages", "--from", "2199-01-01")]
)
def test_wrong_arguments_are_refused_without_dlt(shell: Shell, arguments: tuple[str, ...]) -> None:
    """An error that needs no pipeline is shown without importing dlt, which takes a second."""
    seen = (
        "import sys, pipelines.cli.main\n"
        f"sys.argv = {['cio-elt', *arguments]}\n"
        "try: pipelines.cli.main.main()\n"
        "finally: print('dlt' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", seen], env=shell.env, capture_output=True, text=True, check=False
    )
    assert (2, "False") == (found.returncode, found.stdout.strip()), found.stderr


def test_help_of_the_group_lists_every_command(shell: Shell) -> None:
    """`cio-elt --help` names the commands and the one setting that is needed."""
    ran = shell.run("--help")

    assert (0, "") == (ran.code, ran.err)
    assert "CUSTOMERIO_APP_API_KEY" in ran.out
    for name in COMMANDS:
        assert f"\n  {name} " in ran.out


@pytest.mark.parametrize("name", ["", *GROUPS])
def test_help_of_a_group_has_whole_sentences(name: str) -> None:
    """On 80 columns no line is longer, and each command's first sentence is whole."""
    arguments = [*name.split(), "--help"]
    shown = CliRunner().invoke(main, arguments, terminal_width=80, prog_name="cio-elt").output
    group = main.commands[name] if name else main
    assert isinstance(group, click.Group)

    assert all(len(line) <= 80 for line in shown.splitlines())
    listed = " ".join(shown.partition("\nCommands:")[2].split())
    for command in group.commands.values():
        first = str(command.help).split("\n\n")[0]
        assert " ".join(first.split()).partition(". ")[0].rstrip(".") in listed


@pytest.mark.parametrize("name", WHOLE_NAMES)
def test_every_command_and_option_is_documented(name: str) -> None:
    """A command has a sentence; each option has one, with its default if it takes a value."""
    command = WHOLE_NAMES[name]
    assert command.help
    for parameter in command.params:
        if not isinstance(parameter, click.Option):
            continue
        assert parameter.help, f"{name} {parameter.name}"
        if not (parameter.is_flag or parameter.required):
            assert parameter.show_default or "default" in parameter.help, f"{name} {parameter.name}"


def test_help_of_backfill_names_its_resources() -> None:
    """The resources that a backfill takes are those whose rows have a time to ask for."""
    named = re.search(r"RESOURCE is (\w+) or (\w+);", str(main.commands["backfill"].help))

    assert named
    assert {row.table for row in RESOURCES if row.reader in ("windows", "feed")} == set(named.groups())


def test_help_of_a_command_shows_its_options(shell: Shell) -> None:
    """`cio-elt sync --help` shows its arguments and options."""
    ran = shell.run("sync", "--help")

    assert (0, "") == (ran.code, ran.err)
    for word in ("[RESOURCES]", "--full", "--wait", "--json", "--help"):
        assert word in ran.out


@pytest.mark.proof
@pytest.mark.parametrize(
    ("arguments", "env", "code", "words"),
    [
        (("sync",), {"CUSTOMERIO_APP_API_KEY": None}, 2, ("CUSTOMERIO_APP_API_KEY", "/.env", "App API Keys")),
        (("sync", "segmets"), {}, 2, ("'segmets'", "Did you mean segments")),
        (("sync",), {"CUSTOMERIO_START": "2199-01-01"}, 2, ("CUSTOMERIO_START", "future", "2025-01-31")),
        (("sync",), {"CUSTOMERIO_START": "yesterday"}, 2, ("CUSTOMERIO_START", "'yesterday'", "2025-01-31")),
        (("check",), {"CUSTOMERIO_REGION": "de"}, 2, ("CUSTOMERIO_REGION", "'us' or 'eu'", ".env")),
        (("sync",), {"CUSTOMERIO_APP_URL": "http://example.org"}, 2, ("CUSTOMERIO_APP_URL", "https")),
        (("sync",), {"CIO_ELT_DATA": "file/below"}, 2, ("file/below", "CIO_ELT_DATA")),
        (("sync",), {"CIO_ELT_DATA": "it's data"}, 2, ("it's data", "CIO_ELT_DATA")),
        (("sync", "segments"), {"CIO_ELT_DESTINATION": "oracl"}, 2, ("CIO_ELT_DESTINATION", "'oracl'")),
        (("status",), {}, 2, ("no warehouse", "cio-elt sync")),
    ],
)
def test_bad_input_ends_with_one_sentence(
    shell: Shell, arguments: tuple[str, ...], env: dict[str, str | None], code: int, words: tuple[str, ...]
) -> None:
    """Bad input is refused with a message that names the correction, and one document with --json."""
    (shell.folder / "file").touch()

    ran = shell.run(*arguments, "--json", **env)

    shell.refused(ran, code, *words)
    assert {"error"} == set(ran.document)


@pytest.mark.proof
def test_a_call_that_this_workspace_lacks_is_skipped_and_named(shell: Shell) -> None:
    """Sync ends with 0 and names the tables that it skipped; `status` lists none that was never read."""
    shell.sandbox.knobs.not_served = {"listEmails", "listFolders"}

    ran = shell.run("sync", "design_studio_emails", "design_studio_folders", "snippets")

    assert 0 == ran.code
    assert "Skipped: design_studio_emails." in ran.err
    assert "Skipped: design_studio_folders." in ran.err
    ran = shell.run("status", "--json", "--max-lag", "1h")
    assert (0, ["snippets"]) == (ran.code, [row["table"] for row in ran.document["tables"]])


@pytest.mark.proof
def test_a_key_without_scope_costs_one_resource(shell: Shell) -> None:
    """If the key may not read one list, sync ends with 4 and the other tables are loaded."""
    shell.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None))

    ran = shell.run("sync", "campaigns", "segments", "newsletters")

    assert 4 == ran.code
    assert 1 == ran.err.count("\n")
    assert "Not complete: segments." in ran.err
    assert "scope" in ran.err
    with duckdb.connect(shell.published, read_only=True) as connection:
        for table in ("campaigns", "newsletters"):
            counted = connection.execute(f"SELECT count(*) FROM customerio_raw.{table}").fetchone()
            assert (len(list(shell.sandbox.rows(table))),) == counted
        errors = connection.execute("SELECT resource FROM customerio_raw.sync_runs WHERE error IS NOT NULL")
        assert [("segments",)] == errors.fetchall()


@pytest.mark.proof
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sync_says_so_and_the_next_one_works(
    shell: Shell, warehouse: Warehouse, how: signal.Signals
) -> None:
    """Ctrl-C in the middle of reading ends with 130 and a sentence within seconds; the next sync works."""
    held_up = Fault(operation="getSegmentMembership", status=503, retry_after="30", times=None)
    shell.sandbox.faults.add(held_up)
    process = shell.start(("sync", "campaigns", "segment_memberships"))
    shell.wait_for_request("getSegmentMembership")

    began = time.monotonic()
    process.send_signal(how)
    ran = ended(process, began)

    shell.refused(ran, 130, "Stopped", "next run")
    assert ran.seconds < 20, "it does not wait for the 30 seconds that the server asked for"
    shell.sandbox.faults.clear()
    result = warehouse.sync("campaigns", "segment_memberships")
    assert [] == result.failed
    assert warehouse.truth(MEMBERSHIPS) == warehouse.rows(MEMBERSHIPS)


@pytest.mark.proof
def test_a_bug_shows_its_traceback(tmp_path: Path) -> None:
    """An unknown exception is not shown as a failure of another system."""
    script = (
        "import pipelines.ingest.status, pipelines.cli.main\n"
        "def broken(settings): raise ZeroDivisionError\n"
        "pipelines.ingest.status.warehouse_status = broken\n"
        "pipelines.cli.main.main(['status', '--json'])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert 1 == ran.returncode
    assert "ZeroDivisionError" in ran.stderr
    assert "ZeroDivisionError" == json.loads(ran.stdout)["error"]["kind"]
