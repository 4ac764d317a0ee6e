"""Destinations: those that can hold the warehouse, and the commands that work there, as the page says."""

import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from dlt.destinations import impl

from pipelines.errors import ConfigError
from pipelines.warehouse.destinations import RUN_HERE, destination, file_format_of
from tests.pipelines.conftest import VIPS, Shell
from tests.postgres import given

README = Path(__file__).parents[3] / "warehouse" / "README.md"
# Parts of dlt's own that store nothing: a function of Python, and a stand-in for its tests.
NO_STORES = {"destination", "dummy"}
# Commands that other proofs run on PostgreSQL: those of `test_postgres.py`, and of `erase/test_places.py`.
PROVEN = ("`sync`", "`backfill messages --gaps`", "`export people`", "`erase --email ada@example.com --yes`")
LACKS = {
    "no: rows cannot be updated by their key": "cannot update rows by their key",
    "no: it loads from files in a bucket alone": "loads from files in a bucket alone",
    "no: it takes no SQL": "takes no SQL",
}


def _rows(header: str) -> Iterator[list[str]]:
    """The cells of the rows of the table with that header."""
    _, _, after = README.read_text().partition(f"| {header} |")
    for line in after.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_says_of_each_destination_what_dlt_says() -> None:
    """Every destination of dlt is in one row; those that can be used have a file format too."""
    told = {name: says for names, says in _rows("destination") for name in re.findall(r"`(\w+)`", names)}

    assert {module.name for module in pkgutil.iter_modules(impl.__path__)} - NO_STORES == set(told)
    for name, says in told.items():
        assert (says == "yes, tested here") == (name in RUN_HERE), name
        if says.startswith("no"):
            with pytest.raises(ConfigError, match=f": it {LACKS[says]}"):
                destination(name)
        else:
            assert file_format_of(destination(name)) in ("parquet", "jsonl", "insert_values"), name


@pytest.mark.proof
def test_another_destination_is_refused_before_the_first_request(shell: Shell) -> None:
    """The sentence names the setting, whichever command comes first."""
    commands = ("sync", "backfill messages --from 2026-10-01", "export people", "check")
    names = ("filesystem", "clickhouse", "athena", "no_such")
    for command, name in zip(commands, names, strict=True):
        ran = shell.run(*command.split(), CIO_ELT_DESTINATION=name)

        shell.refused(ran, 2, f"CIO_ELT_DESTINATION is '{name}'")
    assert {} == dict(shell.sandbox.stats.by_operation)


@pytest.mark.proof
def test_each_command_works_on_postgresql_or_says_that_it_does_not(shell: Shell, url: str) -> None:
    """A file beside it, of a time before the server, is read by none of them."""
    push = shell.folder / "push"
    push.mkdir()
    (push / "vips.yml").write_text(VIPS)
    shell.env |= {"CIO_ELT_PUSH": str(push), "CUSTOMERIO_TRACK_SITE_ID": shell.sandbox.track_site_id}
    shell.env["CUSTOMERIO_TRACK_API_KEY"] = shell.sandbox.track_api_key
    shell.sandbox.knobs.export_takes_s = 0
    for server in ({}, given(url)):
        shell.env |= server
        assert 0 == shell.run("sync", "campaigns", "people", "messages").code

    for command, on_duckdb, on_postgresql in _rows("command"):
        assert "yes" == on_duckdb
        if command in PROVEN:
            assert "yes" == on_postgresql
            continue
        shell.sandbox.stats.clear()
        ran = shell.run(*shlex.split(command.strip("`")))
        if on_postgresql.startswith("yes"):
            assert 0 == ran.code, (command, ran.err)
        else:
            shell.refused(ran, 2, "postgres")
            assert "batch" not in shell.sandbox.stats.by_operation, command
