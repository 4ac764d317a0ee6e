"""What must never happen: rows sent unasked, data that shows, values that come back wrong."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import plan_push, plan_undo, retry_dead_letters, undo_run
from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.track_api import rejected_rows
from pipelines.push.destination import customerio, push_rows
from pipelines.push.journal.database import SCHEMA
from pipelines.push.journal.log import Item
from sources.customerio.client import Answer
from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"}, "fields": {"plan": "text"},
}  # fmt: skip
_EVENT: dict[str, Any] = {
    "object": "event", "mode": "append", "person": {"id": "who"}, "key": "k",
    "event": {"name_column": "name", "at": "at"},
}  # fmt: skip
_AT = datetime(2020, 1, 1, tzinfo=UTC)


def test_people_nobody_can_check_are_not_made(pushing: Pushing) -> None:
    """Where the warehouse has no people, whoever would be made is braked, unless that brake is let go of."""
    file = pushing.settings.published_file
    hidden = file.rename(file.with_suffix(".away"))
    sync = pushing.declare("users", [{"user_id": "a", "plan": "x"}], **{**_PERSON, "brakes": {}})
    assert ["unchecked_people"] == [brake.name for brake in pushing.push(sync).brakes]
    hidden.rename(file)
    assert 0 == pushing.requests()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"object": "suppression", "mode": "append", "person": {"id": "user_id"}}, "which a person approves"),
        (_EVENT, "say first_run: all"),
        ({**_PERSON, "mode": "mirror"}, "use upsert"),
    ],
    ids=["suppression", "events", "mirror"],
)
def test_what_dlt_may_not_hand_over(pushing: Pushing, what: dict[str, Any], said: str) -> None:
    """What needs a person's approval, or all rows at once, is refused before a row is seen."""
    with pytest.raises(InvalidSpec, match=said):
        customerio(pushing.declare("crm", "SELECT 1", **what), pushing.settings)


def test_an_invalid_row_is_not_sent_by_a_retry(pushing: Pushing) -> None:
    """What was refused for what it says stays where it is until it says something else."""
    import pyarrow as pa

    who = pushing.ids()[0]
    sync = pushing.declare("events", "SELECT 1", **{**_EVENT, "first_run": "all"})
    rows = [{"k": "bad", "who": who, "at": _AT, "name": None}, {"k": "b", "who": who, "at": _AT, "name": "n"}]
    push_rows(pushing.settings, sync, pa.Table.from_pylist(rows))
    assert 0 == retry_dead_letters(pushing.settings, sync)
    push_rows(pushing.settings, sync, pa.Table.from_pylist(rows))
    assert ["n"] == [row["op"]["name"] for row in pushing.sandbox.writes()]
    assert [("b",)] == pushing.query(f"SELECT key FROM {SCHEMA}.snapshot")


def test_history_stays_history(pushing: Pushing) -> None:
    """An old event of somebody who is not known yet is not sent either once they are."""
    rows = [{"k": "a", "who": "later", "at": _AT, "name": "n"}]
    sync = pushing.declare("events", rows, **_EVENT)
    assert 1 == pushing.push(sync).plan.counts["assume"]
    pushing.push(pushing.declare("users", [{"user_id": "later", "plan": "x"}], **_PERSON))
    assert 0 == pushing.push(sync).plan.sends


def test_an_attribute_called_name_is_hidden(pushing: Pushing) -> None:
    """A plan shows what kind of write it is, and nothing that a person is called."""
    sql = "SELECT 'a' AS user_id, 'Alice' AS name, 'Smith' AS type, 'Mrs' AS platform"
    fields = dict.fromkeys(("name", "type", "platform"), "text")
    sync = pushing.declare("users", sql, **{**_PERSON, "fields": fields})
    shown = json.dumps(plan_push(pushing.settings, sync, folder=pushing.folder).document)
    assert '"action": "identify"' in shown
    assert not [name for name in ("Alice", "Smith", "Mrs") if name in shown]


def test_a_device_that_changes_hands(pushing: Pushing) -> None:
    """It is taken from the one and given to the other."""
    one, other = pushing.ids()[:2]
    what: dict[str, Any] = {
        "object": "device", "mode": "mirror", "person": {"id": "who"},
        "device": {"token": "t", "platform": "p"},
    }  # fmt: skip
    pushing.push(pushing.declare("phones", [{"who": one, "t": "T", "p": "ios"}], **what))
    result = pushing.push(pushing.declare("phones", [{"who": other, "t": "T", "p": "ios"}], **what))
    assert (1, 1) == (result.plan.counts["add"], result.plan.counts["remove"])
    people = {
        row["id"]: [each["id"] for each in row["devices"] or ()] for row in pushing.sandbox.rows("people")
    }
    assert (False, True) == ("T" in people[one], "T" in people[other])


def test_a_sync_that_gets_another_target_is_stopped(pushing: Pushing) -> None:
    """What is known of the members of one segment says nothing about another."""
    for name in ("A", "B"):
        pushing.sandbox.add("segments", name=name, type="manual")
    what: dict[str, Any] = {
        "object": "segment",
        "mode": "append",
        "person": {"id": "who"},
        "first_run": "all",
    }
    rows = [{"who": who} for who in pushing.ids()[:3]]
    pushing.push(pushing.declare("vips", rows, segment="A", **what))
    with pytest.raises(InvalidSpec, match="until now it was of segment A"):
        pushing.push(pushing.declare("vips", rows, segment="B", **what))


def test_an_imported_object_has_its_attributes_alone(pushing: Pushing) -> None:
    """The type of an object is the order's, and no attribute of it."""
    pushing.sandbox.knobs.import_takes_s = 0
    sync = pushing.declare(
        "companies", [{"company": "ic", "seats": 4}], object="object", mode="upsert", object_type_id="1",
        object_id="company", fields={"seats": "integer"}, deliver={"lane": "import", "staging": "local"},
    )  # fmt: skip
    assert pushing.push(sync).complete
    (there,) = [row for row in pushing.sandbox.rows("objects") if row["object_id"] == "ic"]
    assert {"seats": "4"} == {name: str(value) for name, value in there["attributes"].items()}


def test_undo_restores_what_others_had_set(pushing: Pushing) -> None:
    """A field that is mapped later goes back to what it was before anybody pushed it."""
    user = next(user for user, row in pushing.people().items() if row.get("plan"))
    cio_id = next(row["identifiers"]["cio_id"] for row in pushing.sandbox.rows("people") if row["id"] == user)
    pushing.sandbox.edit("people", cio_id, seats="7")
    pushing.warehouse.sync("people", full=True)
    sql = f"SELECT '{user}' AS user_id, 'gold' AS plan"
    pushing.push(pushing.declare("users", sql, **_PERSON))
    fields = {"plan": "text", "seats": "integer"}
    sync = pushing.declare("users", f"{sql}, 2 AS seats", **{**_PERSON, "fields": fields})
    run_id = str(pushing.push(sync).document["run"]["run_id"])
    assert "2" == pushing.people()[user]["seats"]
    undo_run(pushing.settings, sync, run_id, plan_undo(pushing.settings, sync, run_id).plan_id)
    assert ("gold", "7") == (pushing.people()[user]["plan"], pushing.people()[user]["seats"])


def test_an_item_with_two_faults_is_one_row() -> None:
    """A row is refused once, whatever is wrong with it."""
    errors = [{"batch_index": 0, "reason": "required", "field": field} for field in ("name", "id")]
    answer = Answer("batch", 207, json.dumps({"errors": errors}).encode())
    assert ((7, "required", "name"),) == rejected_rows(Batch((Item(7, b"{}", "a"),)), answer)
