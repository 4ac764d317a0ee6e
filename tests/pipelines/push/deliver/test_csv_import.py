"""Rows go by import: a file instead of batches, and its reports give the states of the rows."""

import pytest

from pipelines.push.journal.database import SCHEMA
from sources.customerio.client import BadAnswer
from sources.customerio.sandbox import Fault
from sources.customerio.sandbox.faults.fault import STORAGE
from tests.pipelines.push.conftest import BY_IMPORT, Pushing, import_rows


@pytest.mark.proof
def test_people_arrive_by_import(pushing: Pushing) -> None:
    """Imports instead of batches, the first a trial; every value arrives, and the next push sends nothing."""
    pushing.sandbox.knobs.import_takes_s = 0
    spec = pushing.declare("users", import_rows(40), **BY_IMPORT)
    assert "import" == pushing.plan(spec).lane
    result = pushing.push(spec)
    assert result.complete, result.document
    asked = pushing.sandbox.stats.by_operation
    assert (2, None) == (asked["import"], asked.get("batch"))
    assert ('a "b", c\né', "true") == (pushing.people()["i7"]["plan"], pushing.people()["i7"]["active"])
    assert 0 == pushing.push(spec).plan.sends


@pytest.mark.proof
def test_reports_give_the_states_of_rows(pushing: Pushing) -> None:
    """A row that the error report names is rejected with its reason, and the others are accepted."""
    pushing.sandbox.knobs.import_takes_s = 0
    suppressed = pushing.sandbox.add("people", id="i3")
    pushing.sandbox.suppress(suppressed)
    result = pushing.push(pushing.declare("users", import_rows(10), **BY_IMPORT))
    assert result.run is not None
    assert (9, 1) == (result.run.delivery.accepted, result.run.delivery.rejected)
    assert [("i3", "the identifier is suppressed")] == pushing.query(
        f"SELECT key, reason FROM {SCHEMA}.rejects"
    )


@pytest.mark.proof
def test_an_import_that_fails_leaves_its_rows_to_the_next_run(pushing: Pushing) -> None:
    """A failed import leaves its rows unknown, and the next run sends them again."""
    pushing.sandbox.knobs.import_takes_s = 0
    pushing.sandbox.knobs.import_fails = True
    spec = pushing.declare("users", import_rows(10), **BY_IMPORT)
    with pytest.raises(BadAnswer, match="did not finish the import"):
        pushing.push(spec)
    assert {"unknown": 10} == pushing.states()
    pushing.sandbox.knobs.import_fails = False
    assert pushing.push(spec).complete
    assert 10 == sum(user.startswith("i") for user in pushing.people())


@pytest.mark.proof
def test_objects_arrive_by_import(pushing: Pushing) -> None:
    """Objects and relationships arrive by imports of their own types."""
    pushing.sandbox.knobs.import_takes_s = 0
    lane = {"lane": "import", "staging": "local"}
    companies = pushing.declare(
        "companies", [{"company": "ic", "seats": 4}], object="object", mode="upsert", object_type_id="1",
        object_id="company", fields={"seats": "integer"}, deliver=lane,
    )  # fmt: skip
    assert pushing.push(companies).complete
    members = pushing.declare(
        "members", [{"company": "ic", "who": pushing.ids()[0], "role": "owner"}], object="relationship",
        mode="upsert", object_type_id="1", object_id="company", person={"id": "who"},
        fields={"role": "text"}, deliver=lane,
    )  # fmt: skip
    assert pushing.push(members).complete
    assert 2 == pushing.sandbox.stats.by_operation["import"]


@pytest.mark.proof
def test_an_imported_object_has_its_attributes_alone(pushing: Pushing) -> None:
    """An import names the object type, so it is no attribute."""
    pushing.sandbox.knobs.import_takes_s = 0
    spec = pushing.declare(
        "companies", [{"company": "ic", "seats": 4}], object="object", mode="upsert", object_type_id="1",
        object_id="company", fields={"seats": "integer"}, deliver={"lane": "import", "staging": "local"},
    )  # fmt: skip
    assert pushing.push(spec).complete
    (there,) = [row for row in pushing.sandbox.rows("objects") if row["object_id"] == "ic"]
    assert {"seats": "4"} == {name: str(value) for name, value in there["attributes"].items()}


@pytest.mark.proof
def test_the_error_of_an_import_is_shown_without_people_and_links(pushing: Pushing) -> None:
    """Customer.io's words may repeat an address, a signed link or a key."""
    key = pushing.sandbox.app_api_key
    record = {
        "id": 1,
        "state": "failed",
        "error": f"bob@example.com, {key}, https://s3.example.com/x?Signature=a",
    }
    pushing.sandbox.faults.add(Fault(operation="getImport", document={"import": record}, times=None))
    with pytest.raises(BadAnswer, match="<email>, <key>, <url>") as raised:
        pushing.push(pushing.declare("users", import_rows(3), **BY_IMPORT))
    assert not any(secret in str(raised.value) for secret in ("bob", key, "Signature"))


@pytest.mark.proof
@pytest.mark.parametrize("report", ["", "<Error><Code>AccessDenied</Code></Error>"])
def test_a_report_that_names_no_row_is_no_report(pushing: Pushing, report: str) -> None:
    """Rows that an import rejected are not taken for accepted, and the next run sends all of them."""
    pushing.sandbox.knobs.import_takes_s = 0
    pushing.sandbox.suppress(pushing.sandbox.add("people", id="i3"))
    pushing.sandbox.faults.add(Fault(operation=STORAGE, text=report, times=None))
    spec = pushing.declare("users", import_rows(10), **BY_IMPORT)
    with pytest.raises(BadAnswer, match="names no row"):
        pushing.push(spec)
    assert {"unknown": 10} == pushing.states()
    pushing.sandbox.faults.clear()
    assert 10 == pushing.push(spec).plan.sends
