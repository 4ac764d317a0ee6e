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
    # Long enough that the counts are drawn while the table is read.
    shell.sandbox.faults.add(Fault(operation="listSegments", delay_ms=2_000, times=None))
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


HISTORY = ("backfill", "messages", "--via", "exports", "--from", "2026-05-20", "--to", "2026-10-10")


@pytest.fixture
def known(shell: Shell) -> Shell:
    """A shell whose warehouse knows campaigns and newsletters, and whose exports are ready at once."""
    assert 0 == shell.run("sync", "campaigns", "newsletters").code
    shell.sandbox.knobs.export_takes_s = 0
    return shell


@pytest.mark.proof
def test_a_history_shows_how_far_it_is(known: Shell) -> None:
    """A terminal shows the exports that are loaded, of how many, and the time left; stdout has the sums."""
    leader, follower = pty.openpty()
    process = known.start(HISTORY, {"TERM": "xterm", "COLUMNS": "120"}, stderr=follower)
    os.close(follower)
    shown = "".join(_read_all(leader))
    out, _ = process.communicate()

    assert 0 == process.returncode, shown
    number = known.sandbox.stats.by_operation["exportDeliveriesData"]
    assert f"{number} export(s) to load" in shown
    assert f"0 of {number} exports loaded, 5 under way, 0 rows." in shown
    assert f"5 of {number} exports loaded" in shown
    assert "; about 1 min left." in shown
    assert f"{number} of {number} export(s) loaded: " in out


@pytest.mark.proof
def test_a_history_names_what_failed(known: Shell) -> None:
    """Files that are broken are named at the end; the code is that of a part, and of nothing at all."""
    folder = known.data / "exports"
    known.sandbox.faults.add(Fault(operation="downloadExport", status=404, times=1))
    partly = known.run(*HISTORY)
    known.sandbox.knobs.export_keeps = 0.5
    known.sandbox.clock.advance(2 * 86_400)
    nothing = known.run(*HISTORY)

    assert (4, 1) == (partly.code, partly.err.count("Not loaded: ")), partly.err
    what = "campaign 1, 2026-05-20 00:00 UTC to 2026-10-09 23:59 UTC"
    assert f"Not loaded: {what}. Customer.io knows no export" in partly.err
    assert "Traceback" not in partly.err + nothing.err
    assert 1 == nothing.code
    assert "0 of " in nothing.out
    assert not list(folder.glob("*.csv"))


@pytest.mark.proof
def test_empty_chunks_take_one_line(shell: Shell) -> None:
    """Chunks before the first delivery of the workspace are told together, at the end."""
    span = ("--from", "2025-06-01", "--to", "2026-02-01", "--chunk-days", "30")
    ran = shell.run("backfill", "messages", *span)

    assert 0 == ran.code, ran.err
    *full, last = ran.out.splitlines()
    assert 2 <= len(full) <= 4 and not any("empty" in line for line in full)
    number = 9 - len(full)
    assert last.startswith("2025-06-01 00:00 UTC to 2025-")
    assert last.endswith(f": {number} chunks are empty, {number} requests.")


def _read_all(terminal: int) -> Iterator[str]:
    with open(terminal, "rb", buffering=0) as shown, suppress(OSError):
        while part := shown.read(65_536):
            yield part.decode(errors="replace")
