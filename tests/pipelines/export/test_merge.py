"""Rows of exports and of syncs are merged by one rule: an unchanged row is unchanged from either."""

from pathlib import Path

import duckdb
import orjson
import pytest

from pipelines.export import DeliveriesRequest, ExportResult, PeopleRequest, collect, create, wait
from pipelines.export.csvfile import open_csv
from pipelines.export.dlt_load import NO_EXPORT
from pipelines.export.merge import merge_obstacle
from pipelines.export.registry import folder
from pipelines.warehouse.erasures import record
from sources.customerio.catalogue import resource
from sources.customerio.extract import ResourceSummary
from tests.conftest import assert_same
from tests.pipelines.export.conftest import PEOPLE_CELLS, Exporting, held_people, profiles

MESSAGES = resource("messages")
PEOPLE = resource("people")


@pytest.mark.proof
def test_an_unchanged_workspace_has_no_changes_in_any_order(exporting: Exporting) -> None:
    """Syncs and exports take turns; none of them finds a new, changed or deleted row."""
    warehouse, clock = exporting.warehouse, exporting.warehouse.sandbox.clock
    warehouse.sync("people")
    before = warehouse.query("SELECT * EXCLUDE (_dlt_load_id) FROM customerio_raw.people ORDER BY cio_id")

    for _ in range(2):
        clock.advance(5)
        exported = exporting()
        assert (exported.rows, 0, 0, 0, "") == (exported.rows, *_counts(exported), exported.note)
        clock.advance(5)
        synced = warehouse.sync("people").summary.resources["people"]
        assert (exported.rows, 0, 0, 0) == (synced.read, *_counts(synced))

    after = warehouse.query("SELECT * EXCLUDE (_dlt_load_id) FROM customerio_raw.people ORDER BY cio_id")
    assert before == after


@pytest.mark.proof
def test_a_changed_attribute_is_one_change_from_either(exporting: Exporting) -> None:
    """An edit is one change for an export and one for a sync; after a sync it is none for an export."""
    warehouse, sandbox = exporting.warehouse, exporting.warehouse.sandbox
    warehouse.sync("people")
    one, two, *_ = held_people(warehouse)

    sandbox.edit("people", one, plan="bespoke")
    sandbox.clock.advance(5)
    assert (0, 1, 0) == _counts(exporting())
    assert profiles(sandbox) == held_people(warehouse)

    sandbox.edit("people", two, plan="bespoke")
    sandbox.clock.advance(5)
    # The exported person changes too: the time of an attribute is in `timestamps`, which no export has.
    assert (0, 2, 0) == _counts(warehouse.sync("people").summary.resources["people"])
    sandbox.clock.advance(5)
    assert (0, 0, 0) == _counts(exporting())
    assert warehouse.truth(PEOPLE) == warehouse.rows(PEOPLE)


@pytest.mark.proof
def test_an_export_keeps_what_it_does_not_carry(exporting: Exporting) -> None:
    """The `timestamps` and `devices` of a changed person stay as a sync read them."""
    warehouse, sandbox = exporting.warehouse, exporting.warehouse.sandbox
    warehouse.sync("people")
    (one, *kept), *_ = warehouse.query(_NOT_CARRIED)
    sandbox.edit("people", one, plan="bespoke")
    sandbox.clock.advance(5)

    exporting()

    assert [(one, *kept)] == [row for row in warehouse.query(_NOT_CARRIED) if row[0] == one]
    assert all(kept)


_NOT_CARRIED = (
    "SELECT cio_id, timestamps, devices FROM customerio_raw.people WHERE devices IS NOT NULL ORDER BY 1"
)


@pytest.mark.proof
def test_fingerprints_of_earlier_exports_are_taken_up(exporting: Exporting) -> None:
    """A fingerprint of another version is no change for an export, and one for a sync."""
    warehouse = exporting.warehouse
    warehouse.sync("people")
    with duckdb.connect(warehouse.settings.load_file) as connection:
        connection.execute("UPDATE customerio_raw.people SET _row_hash = hash(cio_id) >> 1")
    warehouse.sandbox.clock.advance(5)

    assert (0, 0, 0) == _counts(exporting())
    warehouse.sandbox.clock.advance(5)
    people = warehouse.sync("people").summary.resources["people"]
    assert (0, people.read, 0) == _counts(people)
    assert (0, 0, 0) == _counts(warehouse.sync("people").summary.resources["people"])


@pytest.mark.proof
def test_unchanged_deliveries_have_no_changes_in_any_order(exporting: Exporting) -> None:
    """An export leaves deliveries as a sync read them, and the next sync finds no change."""
    warehouse = exporting.warehouse
    warehouse.sync("messages")

    for _ in range(2):
        assert (0, 0, 0) == _counts(exporting(exporting.campaign()))
        full = warehouse.sync("messages", full=True).summary.resources["messages"]
        assert full.read
        assert (0, 0, 0) == _counts(full)


def _counts(of: ExportResult | ResourceSummary) -> tuple[int, int, int]:
    return of.new, of.changed, of.deleted


@pytest.mark.proof
def test_everybody_is_people(exporting: Exporting) -> None:
    """The export's rows land as they are, and `people` equals the profiles of the workspace."""
    result = exporting()

    warehouse = exporting.warehouse
    found = warehouse.query(PEOPLE_CELLS.format(result.export_id))
    truth = exporting.file_rows(result.export_id)
    assert list(enumerate(truth, 1)) == [(number, orjson.loads(row)) for number, row in found]
    assert profiles(warehouse.sandbox) == held_people(warehouse)
    assert (len(truth), len(truth), 0, 0, "") == (
        result.rows, result.new, result.changed, result.deleted, result.note,
    )  # fmt: skip
    assert not [path for path in folder(warehouse.settings).iterdir() if ".csv" in path.name]


@pytest.mark.proof
def test_only_changes_of_people_are_written(exporting: Exporting) -> None:
    """A second export writes only new, changed and deleted people; one who comes back loses the tombstone."""
    sandbox, warehouse = exporting.warehouse.sandbox, exporting.warehouse
    exporting()
    one, two, *_ = held_people(warehouse)
    sandbox.edit("people", one, plan="bespoke")
    sandbox.delete("people", two)
    three = sandbox.add("people", id="three")
    before = {"plan": "bespoke"}

    result = exporting()

    assert (1, 1, 1) == (result.new, result.changed, result.deleted)
    assert profiles(sandbox) == held_people(warehouse)
    assert before["plan"] == held_people(warehouse)[one]["attributes"]["plan"]
    written = warehouse.query(
        "SELECT cio_id FROM customerio_raw.people WHERE _dlt_load_id = "
        "(SELECT max(_dlt_load_id) FROM customerio_raw.exported_people)"
    )
    assert {(one,), (two,), (three,)} == set(written)
    gone = warehouse.query(f"SELECT _row_hash, attributes FROM customerio_raw.people WHERE cio_id = '{two}'")
    assert gone[0][0] is None
    assert gone[0][1]

    assert (0, 0, 0) == (exporting().new, exporting().changed, exporting().deleted)


@pytest.mark.proof
def test_some_people_leave_the_others_alone(exporting: Exporting) -> None:
    """People outside a filter are not deleted, and a file of some attributes stays in its own table."""
    exporting()
    everybody = held_people(exporting.warehouse)
    leaf = {"attribute": {"field": "plan", "operator": "eq", "value": "free"}}

    some = exporting(PeopleRequest(filters=leaf))
    chosen = exporting(PeopleRequest(attributes=("plan",)))

    assert 0 < some.rows < len(everybody)
    assert (0, 0, 0) == (some.new, some.changed, some.deleted)
    assert everybody == held_people(exporting.warehouse)
    assert "Only some attributes" in chosen.note
    assert [(chosen.rows,)] == exporting.warehouse.query(
        f"SELECT count(*) FROM customerio_raw.exported_people WHERE export_id = {chosen.export_id}"
    )


@pytest.mark.proof
def test_deliveries_seen_both_ways_are_one_row(exporting: Exporting) -> None:
    """Deliveries of pages stay unchanged; those of an export are completed by a later sync."""
    warehouse = exporting.warehouse
    first = exporting(exporting.campaign())
    ids = {row["delivery_id"] for row in exporting.file_rows(first.export_id)}
    assert ids == {id_ for (id_,) in warehouse.query("SELECT id FROM customerio_raw.messages")}
    assert first.rows == first.new == len(ids)
    assert [(0,)] == warehouse.query("SELECT DISTINCT _row_hash FROM customerio_raw.messages")

    synced = warehouse.sync("messages")

    assert len(ids) == synced.summary.resources["messages"].changed
    assert_same(MESSAGES, warehouse.truth(MESSAGES), warehouse.rows(MESSAGES))
    before = warehouse.query("FROM customerio_raw.messages ORDER BY id")

    again = exporting(exporting.campaign())

    assert (again.rows, 0) == (first.rows, again.new)
    assert before == warehouse.query("FROM customerio_raw.messages ORDER BY id")


@pytest.mark.proof
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


@pytest.mark.proof
def test_drafts_stay_among_the_exports(exporting: Exporting) -> None:
    """An export with drafts stays in its own table, and says so, because `messages` has no drafts."""
    result = exporting(exporting.campaign(drafts=True))
    assert "Drafts were asked for" in result.note
    assert [(0,)] == exporting.warehouse.query("SELECT count(*) FROM customerio_raw.messages")


def test_a_file_without_a_key_stays_among_the_exports(exporting: Exporting) -> None:
    """A file without a key column stays in its own table, with a note; real headers are unpublished."""
    exporting.warehouse.sandbox.knobs.delivery_columns = (("Zustellung", "id"), ("sent", "metrics.sent"))
    result = exporting(exporting.campaign())
    assert "No column of the file is called delivery_id" in result.note
    assert [(result.rows, 0)] == exporting.warehouse.query(
        "SELECT (SELECT count(*) FROM customerio_raw.exported_deliveries), "
        "(SELECT count(*) FROM customerio_raw.messages)"
    )


@pytest.mark.proof
@pytest.mark.parametrize("header", ["Delivery ID", "id"])
def test_a_key_is_found_under_several_names(exporting: Exporting, header: str) -> None:
    """Headers match a key without regard to case, spaces and hyphens."""
    exporting.warehouse.sandbox.knobs.delivery_columns = ((header, "id"), ("Created At", "created"))
    result = exporting(exporting.campaign())
    assert (result.rows, "") == (result.new, result.note)
    assert [(0,)] == exporting.warehouse.query(
        "SELECT count(*) FROM customerio_raw.messages WHERE created IS NULL"
    )


@pytest.mark.proof
def test_an_older_export_changes_nothing(exporting: Exporting) -> None:
    """An export older than another one, or than a sync of people, is loaded into its own table only."""
    settings, sandbox = exporting.warehouse.settings, exporting.warehouse.sandbox
    leaf = {"attribute": {"field": "cio_id", "operator": "exists"}}
    older = create(settings, PeopleRequest(filters={"or": [leaf]}))
    sandbox.clock.advance(5)
    sandbox.add("people", id="late")
    exporting()
    truth = held_people(exporting.warehouse)

    note = collect(settings, wait(settings, older, pause=exporting.pause)).note

    assert "made later" in note
    assert truth == held_people(exporting.warehouse)
    newer = create(settings, PeopleRequest())
    sandbox.clock.advance(60)
    exporting.warehouse.sync("people")
    truth = held_people(exporting.warehouse)
    assert "A sync has read people" in collect(settings, newer).note
    assert truth == held_people(exporting.warehouse)


@pytest.mark.proof
def test_an_empty_file_of_everybody_takes_nobody_for_deleted(exporting: Exporting) -> None:
    """If an export of a workspace has no people, it is not trusted, and the stored people stay."""
    exporting()
    people = held_people(exporting.warehouse)
    for cio_id in people:
        exporting.warehouse.sandbox.delete("people", cio_id)

    result = exporting()

    assert "has no row" in result.note
    assert people == held_people(exporting.warehouse)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("delivery_id,sent\nx1,5", "1 rows of the file have no time of creation"),
        ("delivery_id,created\nx1,infinity\nx2,1500", "1 rows of the file have no time of creation"),
        (
            "delivery_id,created\nx1,1500\nx2,2001\nx3,999",
            "2 rows of the file were created outside of the time",
        ),
        (
            "delivery_id,created,campaign_id\nx1,1500,77\nx2,1500,1",
            "1 rows of the file are of another campaign_id",
        ),
        ("delivery_id,created,campaign_id\nx1,1000,1\nx2,2000,", None),
        ("delivery_id,created\nx1,1970-01-01T00:20:00Z", None),
    ],
)
def test_deliveries_that_were_not_asked_for_are_in_no_table_of_messages(
    tmp_path: Path, lines: str, says: str | None
) -> None:
    """Rows without a time, of another time or of another parent keep the file out, and the note says so."""
    path = tmp_path / "1.csv"
    path.write_text(f"{lines}\n")
    request = DeliveriesRequest(campaign_id=1, start=1000, end=2000)
    with duckdb.connect() as connection:
        found = merge_obstacle(connection, request, open_csv(path, export_id=1), NO_EXPORT)
    assert says is None if found is None else found.startswith(str(says))


def test_rows_of_erased_people_are_left_out(exporting: Exporting) -> None:
    """Of people and of deliveries: no table has them, the result counts them, all others are there."""
    people = [row for row in exporting.warehouse.sandbox.rows("people") if row["identifiers"]["email"]]
    gone = people[3]["identifiers"]
    record(exporting.warehouse.settings, [[("cio_id", gone["cio_id"]), ("email", gone["email"])]])

    exported, delivered = exporting(), exporting(exporting.campaign())

    assert 1 == exported.erased
    assert exported.rows - 1 == exported.new
    assert len(held_people(exporting.warehouse)) == exported.new
    assert delivered.erased > 0
    tables = ("people", "messages", "exported_people", "exported_deliveries")
    query = "SELECT count(*) FROM customerio_raw.{} AS t WHERE contains(lower(t::VARCHAR), '{}')"
    for text in (gone["cio_id"], gone["email"].lower()):
        assert [0] * 4 == [exporting.warehouse.query(query.format(table, text))[0][0] for table in tables]
    assert delivered.rows == delivered.new + delivered.erased
