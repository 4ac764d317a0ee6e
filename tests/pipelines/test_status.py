"""`status`: what the warehouse holds, and how the last run of each table went."""

import pytest

from pipelines.status import status
from sources.customerio.client import ConfigError
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell


def test_before_any_sync_it_says_what_to_do(warehouse: Warehouse) -> None:
    """There is nothing to show yet, and the message names the command that changes that."""
    with pytest.raises(ConfigError, match="Run `cio-elt sync`"):
        status(warehouse.settings)


def test_it_counts_rows_and_deleted_ones(warehouse: Warehouse) -> None:
    """Rows are those that are alive; the newest one's time is the cursor's."""
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


def test_the_last_error_stays_beside_the_last_success(warehouse: Warehouse) -> None:
    """A resource that failed shows why, and since when its rows are old."""
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


def test_people_and_programs_see_the_same(warehouse: Warehouse, shell: Shell) -> None:
    """A table for people, one document for programs."""
    warehouse.sync("segments")

    programs, people = shell.run("status", "--json"), shell.run("status")

    assert (0, "", 0, "") == (programs.code, programs.err, people.code, people.err)
    (segments,) = programs.document["tables"]
    assert len(list(shell.sandbox.rows("segments"))) == segments["rows"]
    assert ["segments", str(segments["rows"]), "0"] == people.out.splitlines()[1].split()[:3]
