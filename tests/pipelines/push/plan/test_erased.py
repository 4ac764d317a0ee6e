"""A push leaves erased people out: of the model's rows and of a segment's members."""

from pipelines.warehouse.erasures import record
from tests.pipelines.push.conftest import Pushing, user_rows


def test_rows_of_erased_people_are_not_sent(pushing: Pushing) -> None:
    """By the key and by an address among the attributes; the plan counts them, the others arrive."""
    pushing.proves_keys()
    record(pushing.settings, [[("id", "u0001")], [("email", "late@example.com")]])
    rows = [{**row, "email": None} for row in user_rows(3)]
    rows.append({"user_id": "u0003", "plan": "x", "email": "Late@example.com"})
    spec = pushing.declare(
        "users", rows, object="person", mode="upsert", person={"id": "user_id"},
        fields={"plan": "text", "email": "text"},
    )  # fmt: skip

    plan = pushing.plan(spec)
    assert (2, 2) == (plan.erased, plan.counts["add"])
    assert "2 rows of erased people are left out." in plan.remarks
    pushing.approved(spec)

    assert {"u0000", "u0002"} == {"u0000", "u0001", "u0002", "u0003"} & set(pushing.ids())
    assert [] == pushing.query("SELECT * FROM customerio_push.log WHERE key IN ('u0001', 'u0003')")


def test_a_mirror_does_not_remove_erased_members(pushing: Pushing) -> None:
    """A member who was erased is neither removed nor noted in the journal."""
    pushing.proves_keys()
    members = [row["id"] for row in pushing.sandbox.rows("people") if row["id"]][:3]
    (segment, *_) = [row["id"] for row in pushing.sandbox.rows("segments") if row["type"] == "manual"]
    person = {"id": "user_id"}
    keys = {"object": "segment", "mode": "mirror", "person": person, "segment": segment, "first_run": "all"}
    pushing.approved(pushing.declare("members", [{"user_id": name} for name in members], **keys))
    record(pushing.settings, [[("id", members[0])]])

    result = pushing.approved(pushing.declare("members", [{"user_id": members[1]}], **keys))

    assert (1, 0) == (result.plan.counts["remove"], result.plan.erased)
    removed = pushing.query(
        "SELECT key FROM customerio_push.log "
        "WHERE action = 'remove' AND run_id = (SELECT max(run_id) FROM customerio_push.runs)"
    )
    assert [(members[2],)] == removed
