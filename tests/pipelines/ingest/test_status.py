"""`status`: the content of the warehouse, and the last run of each table."""

import re

import pytest

from pipelines.ingest.status import status
from pipelines.times import DAY, HOUR, utc
from sources.customerio.client import ConfigError
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell


def test_before_any_sync_it_says_what_to_do(warehouse: Warehouse) -> None:
    """Without any sync the message names the command to run."""
    with pytest.raises(ConfigError, match="Run `cio-elt sync`"):
        status(warehouse.settings)


@pytest.mark.proof
def test_it_counts_rows_and_deleted_ones(warehouse: Warehouse) -> None:
    """Deleted rows are not counted as rows; the newest time is the cursor's."""
    segments = [row["id"] for row in warehouse.sandbox.rows("segments")]
    warehouse.sync("segments", "newsletters")
    warehouse.sandbox.delete("segments", segments[0])
    warehouse.sync("segments")

    tables = {table.table: table for table in status(warehouse.settings)}

    assert {"segments", "newsletters"} == set(tables)
    now = warehouse.sandbox.clock.now()
    assert (len(segments) - 1, 1) == (tables["segments"].rows, tables["segments"].deleted)
    newest = max(row["updated"] for row in warehouse.sandbox.rows("newsletters"))
    assert newest == tables["newsletters"].newest
    for table in tables.values():
        assert now - 60 <= (table.last_success or 0) <= now + 60
        assert table.error is None


@pytest.mark.proof
def test_records_that_the_last_sync_set_aside_are_counted(warehouse: Warehouse) -> None:
    """A record that cannot be a row counts for its table until a sync without one."""
    broken = Fault(operation="listSegments", raw_records=("null",), times=1)
    warehouse.sandbox.faults.add(broken)
    warehouse.sync("segments", "newsletters")
    before = {table.table: table.rejected for table in status(warehouse.settings)}
    warehouse.sync("segments")
    after = {table.table: table.rejected for table in status(warehouse.settings)}

    assert {"newsletters": 0, "segments": 1} == before
    assert {"newsletters": 0, "segments": 0} == after


@pytest.mark.proof
def test_the_last_error_stays_beside_the_last_success(warehouse: Warehouse) -> None:
    """A failed resource shows its error, and the time of its last success."""
    warehouse.sync("segments")
    warehouse.sandbox.clock.advance(3600)
    warehouse.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None))
    warehouse.sync("segments")

    (segments,) = status(warehouse.settings)

    assert segments.last_run is not None
    assert segments.last_success is not None
    assert segments.last_run - segments.last_success >= 3500
    assert "scope" in str(segments.error)

    warehouse.sandbox.faults.clear()
    warehouse.sync("segments")
    (segments,) = status(warehouse.settings)
    assert segments.error is None
    assert segments.last_run == segments.last_success


@pytest.mark.proof
def test_people_and_programs_see_the_same(warehouse: Warehouse, shell: Shell) -> None:
    """Lines for people and one JSON document for programs have the same numbers."""
    warehouse.sync("segments")

    programs, people = shell.run("status", "--json"), shell.run("status", "--all")

    assert (0, "", 0, "") == (programs.code, programs.err, people.code, people.err)
    (segments,) = programs.document["tables"]
    assert len(list(shell.sandbox.rows("segments"))) == segments["rows"]
    verdict, calm, _, _, row = people.out.splitlines()
    assert verdict.startswith("1 table, none late, no gaps, last run ")
    assert verdict.endswith(" ago, workspace not known yet.")
    assert "Nothing needs attention." == calm
    assert ["segments", str(segments["rows"])] == row.split()[:2]


@pytest.mark.proof
def test_a_gap_ends_it_with_1_where_that_is_asked_for(shell: Shell) -> None:
    """With that option a gap ends it with 1 and is shown with its ends; once it is filled, the end is 0."""
    now = shell.sandbox.clock.now()
    assert 0 == shell.run("sync", "messages", CUSTOMERIO_START=str(now - DAY)).code
    far = ("--from", str(now - 9 * DAY), "--to", str(now - 8 * DAY))
    assert 0 == shell.run("backfill", "messages", *far).code

    told, failed = shell.run("status", "--all"), shell.run("status", "--fail-on-gap")
    filled = shell.run("backfill", "messages", "--gaps", "--from", str(now - 9 * DAY))
    after = shell.run("status", "--fail-on-gap", "--json")

    assert (0, 1, 0, 0) == (told.code, failed.code, filled.code, after.code)
    assert "messages lacks 7 d in 1 gap(s)" in failed.out
    head, row = told.out.splitlines()[-2:]
    assert head.split()[-5:] == ["read", "from", "read", "to", "deleted"]
    assert re.search(rf" 2 h +1 .* {utc(now - 9 * DAY)} +{utc(now)[:10]} \d\d:\d\d UTC +0 *$", row)
    assert [] == after.document["missing"]
    (messages,) = after.document["tables"]
    assert {"start": now - 9 * DAY, "end": messages["covered"]["end"]} == messages["covered"]


@pytest.mark.proof
@pytest.mark.parametrize("spared", [0, 3], ids=["no window", "three windows"])
def test_a_history_that_was_never_read_is_missing_time(shell: Shell, spared: int) -> None:
    """A first sync that reads no delivery, or only new ones, leaves time missing until one ends well."""
    shell.sandbox.faults.add(Fault(operation="listMessages", status=403, times=None, after=spared))
    assert 4 == shell.run("sync", "messages", "segments").code

    failed = shell.run("status", "--fail-on-gap", "--json")
    shell.sandbox.faults.clear()
    synced, after = shell.run("sync", "messages"), shell.run("status", "--fail-on-gap", "--json")

    assert (1, 0, 0) == (failed.code, synced.code, after.code)
    told, *_ = failed.document["missing"]
    assert told.startswith("No sync has read messages to its beginning yet, so time is missing.")
    assert [] == after.document["missing"]


@pytest.mark.proof
def test_a_table_that_is_later_than_asked_for_ends_it_with_1(shell: Shell) -> None:
    """Three hours in which only segments are read make activities late for two hours, not for four."""
    assert 0 == shell.run("sync", "activities", "segments").code
    shell.sandbox.clock.advance(3 * HOUR)
    assert 0 == shell.run("sync", "segments").code

    two, four, told = (shell.run("status", *lag) for lag in (("--max-lag", "2h"), ("--max-lag", "4h"), ()))

    assert (1, 0, 0) == (two.code, four.code, told.code)
    assert re.search(r"activities is 3 h.* behind; the target is 2 h\. Run `cio-elt sync`\.", two.out)
    assert "segments is" not in two.out
    assert "behind;" not in four.out
    assert "behind;" in told.out, "the target of the settings is told of, and fails nothing"
