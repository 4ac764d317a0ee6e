"""Many people come by an export, ordered first and collected last; few come by search."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipelines.ingest.status import status
from pipelines.ingest.sync import SyncResult, sync
from pipelines.settings import Settings
from sources.customerio.catalogue import resource
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse, settings_for

PEOPLE = resource("people")


@contextmanager
def _passing(warehouse: Warehouse) -> Iterator[None]:
    """Advance the workspace's clock once an export is polled, so that its file is made."""
    over = threading.Event()

    def pass_time() -> None:
        while not over.wait(0.05):
            if warehouse.sandbox.stats.by_operation.get("getExport"):
                warehouse.sandbox.clock.advance(30)
                return

    thread = threading.Thread(target=pass_time)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _by_export(warehouse: Warehouse) -> Settings:
    data = warehouse.settings.cio_elt_data
    return settings_for(warehouse.sandbox, warehouse.served, data, customerio_people_by_search=10)


def _sync(warehouse: Warehouse, *tables: str) -> SyncResult:
    return sync(_by_export(warehouse), tables, summary=RunSummary(), notify=warehouse.notes.append)


@pytest.mark.proof
def test_people_arrive_with_the_rest_and_cost_a_handful_of_requests(warehouse: Warehouse) -> None:
    """All people have identifiers and attributes, and the run counts them like any other table."""
    with _passing(warehouse):
        result = _sync(warehouse, "people", "segments")

    truth, found = warehouse.truth(PEOPLE), warehouse.rows(PEOPLE)
    assert truth.keys() == found.keys()
    for key, person in truth.items():
        assert person["identifiers"] == found[key]["identifiers"]
        assert person["attributes"].keys() - {"cio_id"} <= found[key]["attributes"].keys() | {"cio_id"}
    assert len(truth) == result.summary.resources["people"].new
    asked = warehouse.sandbox.stats.by_operation
    assert not {"getPeopleFilter", "getPeopleById"} & asked.keys()
    assert 1 == asked["exportPeopleData"]
    assert ["segments", "people"] == [row.table for row in status(warehouse.settings)][:2]
    assert all(row.last_success for row in status(warehouse.settings) if row.table in ("segments", "people"))


@pytest.mark.proof
def test_who_is_deleted_gets_a_tombstone_and_nobody_is_written_twice(warehouse: Warehouse) -> None:
    """A second export writes only changes, and its file is loaded by no other table."""
    with _passing(warehouse):
        _sync(warehouse, "people")
    gone, edited, *_ = sorted(key for (key,) in warehouse.truth(PEOPLE))
    warehouse.sandbox.delete("people", gone)
    warehouse.sandbox.edit("people", edited, plan="enterprise")
    warehouse.sandbox.clock.advance(60)
    warehouse.sandbox.stats.clear()

    with _passing(warehouse):
        result = _sync(warehouse)

    people = result.summary.resources["people"]
    assert (0, 1, 1) == (people.new, people.changed, people.deleted)
    *others, _first, _second = [
        row for row in warehouse.sandbox.rows("exports") if row["type"] == "customers"
    ]
    assert sum(row["total"] for row in others) == result.summary.resources["exported_people"].read
    assert (gone,) not in warehouse.rows(PEOPLE)


def test_a_key_that_may_not_export_reads_people_by_search(warehouse: Warehouse) -> None:
    """People are read by search, with more requests."""
    warehouse.sandbox.faults.add(Fault(operation="exportPeopleData", status=403, times=None))

    result = _sync(warehouse, "people")

    assert [] == result.failed
    assert warehouse.truth(PEOPLE) == warehouse.rows(PEOPLE)
    assert any("scope" in note for note in warehouse.notes)


@pytest.mark.proof
def test_an_export_that_takes_long_is_taken_up_by_the_next_sync(warehouse: Warehouse) -> None:
    """The rest lands; the next sync collects the same export and creates no other."""
    notes: list[str] = []
    tables = ("people", "segments")
    first = sync(_by_export(warehouse), tables, summary=RunSummary(), export_wait_s=0.1, notify=notes.append)
    assert ["segments"] == list(first.summary.resources)
    assert "next sync" in notes[-1]
    assert warehouse.rows(resource("segments"))
    warehouse.sandbox.clock.advance(60)

    second = sync(_by_export(warehouse), ("people",), summary=RunSummary(), export_wait_s=0.1)

    assert [] == second.failed
    assert warehouse.truth(PEOPLE).keys() == warehouse.rows(PEOPLE).keys()
    assert 1 == warehouse.sandbox.stats.by_operation["exportPeopleData"]


@pytest.mark.proof
def test_a_file_of_an_earlier_day_is_not_taken_for_that_of_today(warehouse: Warehouse) -> None:
    """A sync that could not fetch its file leaves it to one within minutes; a later one creates its own."""
    warehouse.sandbox.knobs.export_takes_s = 0
    warehouse.sandbox.faults.add(Fault(operation="downloadExport", status=400, times=None))
    assert sync(_by_export(warehouse), ("people",), summary=RunSummary()).failed
    warehouse.sandbox.faults.clear()
    warehouse.sandbox.clock.advance(86_400)
    warehouse.sandbox.add("people", id="later", email="later@example.com")

    assert not sync(_by_export(warehouse), ("people",), summary=RunSummary()).failed

    assert 2 == warehouse.sandbox.stats.by_operation["exportPeopleData"]
    assert [(1,)] == warehouse.query("SELECT count(*) FROM customerio_raw.people WHERE id = 'later'")
