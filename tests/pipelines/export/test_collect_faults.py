"""After any failure on the way, an export is complete or reported, and never loaded in part."""

from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from pipelines.errors import ConfigError, FileBroken
from pipelines.export.registry import folder
from sources.customerio.client import BadAnswer, LinkExpired, NotFound
from sources.customerio.sandbox import Fault
from tests.pipelines.export.conftest import Exporting

pytestmark = pytest.mark.proof

TABLES = ("exported_people", "people")


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Retries do not wait."""
    with stamina.set_testing(True, attempts=4):
        yield


def _counts(exporting: Exporting) -> tuple[Any, ...]:
    columns = ", ".join(f"(SELECT count(*) FROM customerio_raw.{table})" for table in TABLES)
    return exporting.warehouse.query(f"SELECT {columns}")[0]


def _downloads(exporting: Exporting, export_id: int) -> int:
    rows = exporting.warehouse.sandbox.rows("exports")
    return next(int(row["downloads"]) for row in rows if row["id"] == export_id)


def test_a_connection_cut_at_90_percent(exporting: Exporting) -> None:
    """The download resumes from the same link after the last byte."""
    exporting.warehouse.sandbox.faults.add(Fault(operation="storage", cut_at=0.9))
    result = exporting()
    assert (result.rows, result.rows) == _counts(exporting)
    assert 1 == _downloads(exporting, result.export_id)
    (fault,) = exporting.warehouse.sandbox.faults.describe()
    assert 2 == fault["calls"]


def test_a_link_that_expires_in_the_middle(exporting: Exporting) -> None:
    """A new link resumes the download of an expired one, any number of times."""
    sandbox = exporting.warehouse.sandbox
    for share in (0.3, 0.6, 0.9):
        sandbox.faults.add(Fault(operation="storage", cut_at=share, advance_s=1000, after=int(share * 6) - 1))
    result = exporting()
    assert (result.rows, result.rows) == _counts(exporting)
    assert 1 < _downloads(exporting, result.export_id)
    assert any("going on with a fresh one" in note for note in exporting.warehouse.notes)


def test_a_store_that_refuses_every_link(exporting: Exporting) -> None:
    """A new link without any byte is the last one; the next run resumes with the same export."""
    sandbox = exporting.warehouse.sandbox
    sandbox.faults.add(Fault(operation="storage", status=403, times=None))
    with pytest.raises(LinkExpired):
        exporting()
    sandbox.faults.clear()
    result = exporting()
    assert (result.rows, result.rows) == _counts(exporting)
    assert 1 == exporting.orders()


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        pytest.param({"export_keeps": 0.9}, "", id="truncated"),
        pytest.param({"export_keeps": 0.9, "export_gzip": True}, "gzip stream", id="truncated gzip"),
        pytest.param({"export_keeps": 0.0}, "is empty", id="empty"),
        pytest.param({"export_miscounts": 3}, "the export says", id="fewer rows"),
        pytest.param({"export_miscounts": -3}, "the export says", id="more rows"),
    ],
)
def test_a_file_that_is_not_whole(exporting: Exporting, knobs: dict[str, Any], says: str) -> None:
    """A broken file is fetched twice and reported; none of its rows lands; the next run orders a new one."""
    sandbox, warehouse = exporting.warehouse.sandbox, exporting.warehouse
    before = exporting().rows
    sandbox.add("people", id="new")
    whole = {"export_keeps": 1.0, "export_miscounts": 0, "export_gzip": False}
    sandbox.knobs.set(knobs)

    with pytest.raises(FileBroken, match=r"The file of export \d+.*Run the export again") as caught:
        exporting()

    assert says in str(caught.value)
    assert "@" not in str(caught.value), "no cell is shown"
    assert (before, before) == _counts(exporting)
    assert 2 == _downloads(exporting, max(row["id"] for row in sandbox.rows("exports")))
    sandbox.knobs.set(whole)
    assert (before + 1, 1) == (exporting().rows, warehouse.query(_NEW)[0][0])
    assert 3 == exporting.orders()


_NEW = "SELECT count(*) FROM customerio_raw.people WHERE id = 'new'"


def test_a_forgotten_export_is_ordered_anew(exporting: Exporting) -> None:
    """If Customer.io no longer has the export, the next run orders a new one."""
    sandbox = exporting.warehouse.sandbox
    sandbox.faults.add(Fault(operation="getExport", status=404))
    with pytest.raises(Exception, match=r"knows no export \d+ any more") as caught:
        exporting()
    assert not isinstance(caught.value, NotFound)
    assert exporting().rows
    assert 2 == exporting.orders()


@pytest.mark.parametrize("odd", [{"total": None}, {"total": "many"}, {}])
def test_an_odd_record_of_an_export_is_named(exporting: Exporting, odd: dict[str, object]) -> None:
    """A field that lacks in Customer.io's answer is no bug; nothing is lost, and the next run goes on."""
    sandbox = exporting.warehouse.sandbox
    sandbox.faults.add(Fault(operation="getExport", document={"export": {"id": 1, "status": "done", **odd}}))
    with pytest.raises(BadAnswer, match="`getExport` cannot be read"):
        exporting()
    assert exporting().rows
    assert 1 == exporting.orders()


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_a_damaged_note_of_held_deletions_holds_none(exporting: Exporting, text: str) -> None:
    """The file that a full disk cut is written anew."""
    note = folder(exporting.warehouse.settings) / "held_deletions.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(text)
    assert exporting().rows
    assert note.read_text().startswith("{")


def test_a_damaged_registry_is_named(exporting: Exporting) -> None:
    """Exports that are under way may be known there alone, so it is not replaced without a word."""
    file = folder(exporting.warehouse.settings) / "tickets.sqlite"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigError, match=r"registry of exports.*cannot be read"):
        exporting()


@pytest.mark.parametrize("other", [{"id": 1, "type": "customers"}, {"type": "deliveries"}])
def test_an_answer_of_another_export_is_refused(exporting: Exporting, other: dict[str, object]) -> None:
    """Its file would be loaded in the place of the one that was asked for."""
    record = {"id": 101, "type": "customers", "status": "done", "total": 1, **other}
    exporting.warehouse.sandbox.faults.add(Fault(operation="getExport", document={"export": record}))
    with pytest.raises(BadAnswer, match="was asked for; nothing was loaded"):
        exporting()
    assert exporting().rows
    assert 1 == exporting.orders()
