"""Output of `sync`: a summary for people, one document for programs, progress on a terminal alone."""

import json
import os
import pty
from collections.abc import Iterator
from contextlib import suppress

import duckdb
import pytest

from sources.customerio.sandbox import Fault
from tests.pipelines.conftest import Shell

COLUMNS = ("requests", "read", "new", "changed", "deleted")


@pytest.mark.proof
def test_a_sync_prints_one_document_that_equals_its_rows(shell: Shell) -> None:
    """With --json stdout is one document; `sync_runs` holds the same numbers."""
    ran = shell.run("sync", "segments", "campaigns", "--json")

    assert (0, "") == (ran.code, ran.err)
    # In the catalogue's order, and only the named ones.
    assert ["campaigns", "segments"] == [row["resource"] for row in ran.document["resources"]]
    for row in ran.document["resources"]:
        held = len(list(shell.sandbox.rows(row["resource"])))
        assert (1, held, held, 0, 0) == tuple(row[name] for name in COLUMNS)
    assert sum(row["new"] for row in ran.document["resources"]) == ran.document["written"]
    with duckdb.connect(shell.published, read_only=True) as connection:
        rows = connection.execute(
            """
            SELECT run_id, resource, requests, rows_read, rows_new, rows_changed, rows_deleted, seconds, error
            FROM customerio_raw.sync_runs ORDER BY resource
            """
        ).fetchall()
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'customerio_raw'"
        ).fetchall()
    expected = [
        (
            ran.document["run_id"],
            row["resource"],
            *(row[name] for name in COLUMNS),
            row["seconds"],
            row["error"],
        )
        for row in ran.document["resources"]
    ]
    assert expected == rows
    ours = {name for (name,) in tables if not name.startswith("_dlt_")}
    assert {"campaigns", "segments", "sync_runs"} == ours


@pytest.mark.proof
def test_people_get_a_summary_and_programs_no_progress(shell: Shell) -> None:
    """A line for each resource and the written rows; stderr, which is no terminal, stays empty."""
    shell.sandbox.faults.add(Fault(operation="listSegments", status=503, times=1))
    ran = shell.run("sync", "segments")

    assert (0, "") == (ran.code, ran.err)
    held = len(list(shell.sandbox.rows("segments")))
    assert ["segments", "2", str(held), str(held), "0", "0"] == ran.out.splitlines()[1].split()[:6]
    assert ran.out.splitlines()[-1].startswith(f"{held} rows written in ")


@pytest.mark.proof
def test_names_are_shown_as_they_are(shell: Shell) -> None:
    """A failure with text that looks like markup is printed unchanged."""
    detail = "no [bold]scope[/bold] for [/segments] :x:"
    shell.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None, detail=detail))

    ran = shell.run("sync", "segments")

    # Nothing landed at all, which is worse than partly done.
    assert 1 == ran.code
    assert detail in ran.err


@pytest.mark.proof
def test_on_a_terminal_the_progress_is_on_stderr(shell: Shell) -> None:
    """While a sync runs, a terminal shows its counts, then removes them; stdout has the document."""
    leader, follower = pty.openpty()
    process = shell.start(
        ("sync", "segments", "--json"), {"TERM": "xterm", "COLUMNS": "120"}, stderr=follower
    )
    os.close(follower)
    shown = "".join(_read_all(leader))
    out, _ = process.communicate()

    assert 0 == process.returncode, shown
    document = json.loads(out)
    assert {"run_id", "seconds", "written", "new_columns", "resources"} < set(document)
    assert document["requests"] == sum(line["requests"] for line in document["resources"])
    assert "0 of 1 tables read, " in shown
    assert "segments" in shown


def _read_all(terminal: int) -> Iterator[str]:
    with open(terminal, "rb", buffering=0) as shown, suppress(OSError):
        while part := shown.read(65_536):
            yield part.decode(errors="replace")
