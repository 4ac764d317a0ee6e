"""An export ends in tables: its own, and those of people and deliveries, and a sync agrees with them."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines import export as door
from pipelines.errors import ExportFailed, StillPending
from pipelines.export import PeopleRequest, collect, create, wait
from pipelines.export.registry import folder
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import Sandbox, Scale
from tests.conftest import Warehouse, following
from tests.pipelines.export.conftest import Exporting

MESSAGES = resource("messages")
EVERYBODY_CELLS = (
    'SELECT row_number, "row" FROM customerio_raw.exported_people WHERE export_id = {} ORDER BY 1'
)


def _people(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    rows = warehouse.query(
        "SELECT cio_id, id, identifiers, attributes, unsubscribed FROM customerio_raw.people "
        "WHERE deleted_at IS NULL"
    )
    return {
        cio_id: {
            "id": id_ or "",
            "identifiers": orjson.loads(identifiers),
            "attributes": orjson.loads(attributes),
            "unsubscribed": unsubscribed,
        }
        for cio_id, id_, identifiers, attributes, unsubscribed in rows
    }


def _profiles(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    names = ("id", "identifiers", "attributes", "unsubscribed")
    return {
        row["identifiers"]["cio_id"]: {name: row[name] for name in names} for row in sandbox.rows("people")
    }


def test_everybody_is_people(exporting: Exporting) -> None:
    """The rows of the file are there as they are, and `people` equals the profiles of the workspace."""
    result = exporting()

    warehouse = exporting.warehouse
    found = warehouse.query(EVERYBODY_CELLS.format(result.export_id))
    truth = exporting.file_rows(result.export_id)
    assert list(enumerate(truth, 1)) == [(number, orjson.loads(row)) for number, row in found]
    assert _profiles(warehouse.sandbox) == _people(warehouse)
    assert (len(truth), len(truth), 0, 0, "") == (
        result.rows, result.new, result.changed, result.deleted, result.note,
    )  # fmt: skip
    assert not [path for path in folder(warehouse.settings).iterdir() if ".csv" in path.name]


def test_only_changes_of_people_are_written(exporting: Exporting) -> None:
    """A second export writes who is new, changed or gone, and no other row; who comes back is alive again."""
    sandbox, warehouse = exporting.warehouse.sandbox, exporting.warehouse
    exporting()
    one, two, *_ = _people(warehouse)
    sandbox.edit("people", one, plan="bespoke")
    sandbox.delete("people", two)
    three = sandbox.add("people", id="three")
    before = {"plan": "bespoke"}

    result = exporting()

    assert (1, 1, 1) == (result.new, result.changed, result.deleted)
    assert _profiles(sandbox) == _people(warehouse)
    assert before["plan"] == _people(warehouse)[one]["attributes"]["plan"]
    written = warehouse.query(
        "SELECT cio_id FROM customerio_raw.people WHERE _dlt_load_id = "
        "(SELECT max(_dlt_load_id) FROM customerio_raw.exported_people)"
    )
    assert {(one,), (two,), (three,)} == set(written)
    gone = warehouse.query(f"SELECT _row_hash, attributes FROM customerio_raw.people WHERE cio_id = '{two}'")
    assert gone[0][0] is None
    assert gone[0][1]

    assert (0, 0, 0) == (exporting().new, exporting().changed, exporting().deleted)


def test_some_people_leave_the_others_alone(exporting: Exporting) -> None:
    """Whoever a filter leaves out is not gone, and a file with chosen attributes stays where it is."""
    exporting()
    everybody = _people(exporting.warehouse)
    leaf = {"attribute": {"field": "plan", "operator": "eq", "value": "free"}}

    some = exporting(PeopleRequest(filters=leaf))
    chosen = exporting(PeopleRequest(attributes=("plan",)))

    assert 0 < some.rows < len(everybody)
    assert (0, 0, 0) == (some.new, some.changed, some.deleted)
    assert everybody == _people(exporting.warehouse)
    assert "Only some attributes" in chosen.note
    assert [(chosen.rows,)] == exporting.warehouse.query(
        f"SELECT count(*) FROM customerio_raw.exported_people WHERE export_id = {chosen.export_id}"
    )


def test_deliveries_seen_both_ways_are_one_row(exporting: Exporting) -> None:
    """What pages brought stays as it is; what an export brought first is made whole by a later sync."""
    warehouse = exporting.warehouse
    first = exporting(exporting.campaign())
    ids = {row["delivery_id"] for row in exporting.file_rows(first.export_id)}
    assert ids == {id_ for (id_,) in warehouse.query("SELECT id FROM customerio_raw.messages")}
    assert first.rows == first.new == len(ids)
    assert [(0,)] == warehouse.query("SELECT DISTINCT _row_hash FROM customerio_raw.messages")

    synced = warehouse.sync("messages")

    assert len(ids) == synced.summary.resources["messages"].changed
    assert warehouse.truth(MESSAGES) == warehouse.rows(MESSAGES)
    before = warehouse.query("FROM customerio_raw.messages ORDER BY id")

    again = exporting(exporting.campaign())

    assert (again.rows, 0) == (first.rows, again.new)
    assert before == warehouse.query("FROM customerio_raw.messages ORDER BY id")


@pytest.mark.proof
def test_a_sync_works_before_and_after(exporting: Exporting) -> None:
    """Exports write into dlt's tables, and dlt goes on with them: in the end all is as in the workspace."""
    warehouse = exporting.warehouse
    warehouse.sync("people", "messages")
    exporting()
    exporting(exporting.campaign())

    warehouse.sandbox.clock.advance(86_400)
    synced = warehouse.sync()

    assert not synced.failed
    warehouse.assert_equals_world()


def test_an_exported_delivery_has_what_the_file_tells(exporting: Exporting) -> None:
    """Ids, times and metrics are numbers, missing cells null; the person is in `customer_identifiers`."""
    warehouse = exporting.warehouse
    exporting(exporting.campaign())
    truth = {row["id"]: row for row in warehouse.sandbox.rows("messages")}
    told = {"sent", "delivered", "opened", "human_opened", "clicked", "converted", "bounced", "dropped"}
    told |= {"failed", "unsubscribed"}

    found = warehouse.query(
        "SELECT id, created, type, recipient, subject, campaign_id, action_id, newsletter_id, "
        "failure_message, customer_identifiers, metrics FROM customerio_raw.messages"
    )

    assert found
    for id_, *cells, identifiers, metrics in found:
        row = truth[id_]
        names = ("created", "type", "recipient", "subject", "campaign_id", "action_id", "newsletter_id")
        assert [row[name] for name in (*names, "failure_message")] == cells
        assert row["customer_identifiers"] == orjson.loads(identifiers or b"null")
        assert {name: at for name, at in row["metrics"].items() if name in told} == orjson.loads(metrics)


def test_drafts_stay_among_the_exports(exporting: Exporting) -> None:
    """`messages` has no drafts, so an export that has some is kept apart, and says so."""
    result = exporting(exporting.campaign(drafts=True))
    assert "Drafts were asked for" in result.note
    assert [(0,)] == exporting.warehouse.query("SELECT count(*) FROM customerio_raw.messages")


def test_a_file_without_a_key_stays_among_the_exports(exporting: Exporting) -> None:
    """Real headers are unpublished: a file in which no column is the key is kept, and the note says so."""
    exporting.warehouse.sandbox.knobs.delivery_columns = (("Zustellung", "id"), ("sent", "metrics.sent"))
    result = exporting(exporting.campaign())
    assert "No column of the file is called delivery_id" in result.note
    assert [(result.rows, 0)] == exporting.warehouse.query(
        "SELECT (SELECT count(*) FROM customerio_raw.exported_deliveries), "
        "(SELECT count(*) FROM customerio_raw.messages)"
    )


@pytest.mark.parametrize("header", ["Delivery ID", "id"])
def test_a_key_is_found_under_several_names(exporting: Exporting, header: str) -> None:
    """Case, spaces and hyphens do not count."""
    exporting.warehouse.sandbox.knobs.delivery_columns = ((header, "id"), ("Created At", "created"))
    result = exporting(exporting.campaign())
    assert (result.rows, "") == (result.new, result.note)
    assert [(0,)] == exporting.warehouse.query(
        "SELECT count(*) FROM customerio_raw.messages WHERE created IS NULL"
    )


def test_an_older_export_changes_nothing(exporting: Exporting) -> None:
    """An export that is collected after a newer one, or after a sync read people, keeps to its own table."""
    settings, sandbox = exporting.warehouse.settings, exporting.warehouse.sandbox
    leaf = {"attribute": {"field": "cio_id", "operator": "exists"}}
    older = create(settings, PeopleRequest(filters={"or": [leaf]}))
    sandbox.clock.advance(5)
    sandbox.add("people", id="late")
    exporting()
    truth = _people(exporting.warehouse)

    note = collect(settings, wait(settings, older, pause=exporting.pause)).note

    assert "made later" in note
    assert truth == _people(exporting.warehouse)
    newer = create(settings, PeopleRequest())
    sandbox.clock.advance(60)
    exporting.warehouse.sync("people")
    truth = _people(exporting.warehouse)
    assert "A sync has read people" in collect(settings, newer).note
    assert truth == _people(exporting.warehouse)


def test_an_empty_file_of_everybody_takes_nobody_for_deleted(exporting: Exporting) -> None:
    """A workspace whose export names nobody is not believed; its people stay."""
    exporting()
    people = _people(exporting.warehouse)
    for cio_id in people:
        exporting.warehouse.sandbox.delete("people", cio_id)

    result = exporting()

    assert "names nobody" in result.note
    assert people == _people(exporting.warehouse)


@pytest.mark.proof
def test_hostile_headers(exporting: Exporting) -> None:
    """2,000 columns, case twins, spaces, quotes and line breaks come through, cell by cell."""
    sandbox = exporting.warehouse.sandbox
    odd = {"Name": "A", "name": "b", "NAME": "c", 'say "hi", twice': "d", "two\nlines": "e\nf", " ": "g"}
    odd |= {"it's": "h", "c0": "i", "select": "j", "ünï": "k", "a.b": "l", "$.x": "m"}
    odd |= {f"column {number:04}": f"{number}" for number in range(2000 - len(odd))}
    cio_id = sandbox.add("people", id="odd", **odd)

    result = exporting()

    found = exporting.warehouse.query(EVERYBODY_CELLS.format(result.export_id))
    assert exporting.file_rows(result.export_id) == [orjson.loads(row) for _, row in found]
    assert odd.items() <= _people(exporting.warehouse)[cio_id]["attributes"].items()


def test_gzip_is_recognised(exporting: Exporting) -> None:
    """A gzipped file says nothing of it but its first two bytes."""
    exporting.warehouse.sandbox.knobs.export_gzip = True
    exporting()
    assert _profiles(exporting.warehouse.sandbox) == _people(exporting.warehouse)


def test_an_export_takes_few_requests_whatever_its_size(tmp_path: Path) -> None:
    """Requests are for the order, the looks and the link: ten minutes of waiting make 20, people add none."""
    counts = []
    for people in (30, 3000):
        scale = Scale(
            name=f"of {people}",
            people=people,
            campaigns=1,
            newsletter_every_days=30,
            broadcasts=0,
            segments=2,
            deliveries=40,
            events=0,
            burst=2,
            history_days=40,
        )
        with following(Sandbox(scale=scale), tmp_path / str(people)) as warehouse:
            warehouse.sandbox.knobs.export_takes_s = 600
            assert Exporting(warehouse)().rows > 0.8 * people
            counts.append(warehouse.sandbox.stats.total)
    assert 20 >= counts[0] == counts[1]


def test_the_door() -> None:
    """What other packages may use is named, in order."""
    assert door.__all__ == sorted(door.__all__, key=lambda name: (not name.isupper(), name))


def test_a_deadline_ends_the_waiting_and_the_next_run_goes_on(exporting: Exporting) -> None:
    """Nothing is created twice by giving up."""
    settings = exporting.warehouse.settings
    exporting.warehouse.sandbox.knobs.export_takes_s = 3600
    created = create(settings, PeopleRequest())
    with pytest.raises(StillPending, match=f"Export {created.export_id} is not ready"):
        wait(settings, created, deadline_s=600, pause=exporting.pause)
    with pytest.raises(StillPending):
        collect(settings, created)

    result = exporting()

    assert (created.export_id, 1) == (result.export_id, exporting.orders())
    assert exporting().export_id != result.export_id, "what is finished is ordered anew"


def test_a_failed_export_is_reported_and_then_ordered_anew(exporting: Exporting) -> None:
    """Nothing of it lands; the message names the export and the next step."""
    exporting.warehouse.sandbox.knobs.export_fails = True
    with pytest.raises(ExportFailed, match=r"Export \d+ failed at Customer.io.*Run the export again"):
        exporting()
    exporting.warehouse.sandbox.knobs.export_fails = False
    assert exporting().new == len(_people(exporting.warehouse))
