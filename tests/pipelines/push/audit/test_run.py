"""An audit finds every edit that was made by hand, nothing else, and repairs what a run can repair."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from pipelines.connect import client
from pipelines.errors import InvalidSpec
from pipelines.push import AuditOptions, AuditResult, PushOptions, PushSpec, audit_push
from sources.customerio.client import BadAnswer
from sources.customerio.sandbox import Fault
from tests.pipelines.conftest import Shell
from tests.pipelines.push.conftest import Pushing, Row

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {
        "email": "text", "plan": "text", "ltv": "number", "seats": "integer", "active": "boolean",
        "tags": "list", "trial_ends_at": "timestamp", "note": {"type": "text", "nulls": "clear"},
    },
}  # fmt: skip


def people(ids: Sequence[str]) -> list[Row]:
    """Rows of people who exist, with a value of every form that Customer.io stores as text."""
    return [
        {
            "user_id": user,
            "email": f"{'New' * (number % 2)}{number}@Example.com",
            "plan": f'p"{number}", é\n',
            "ltv": number * 1.50,
            "seats": 9007199254740993 + number,
            "active": number % 2 == 0,
            "tags": ["a", f"b{number}"],
            "trial_ends_at": datetime(2026, 10, 1 + number % 20, tzinfo=UTC),
            "note": None,
        }
        for number, user in enumerate(ids)
    ]


def audited(pushing: Pushing, spec: PushSpec, *, repair: bool = False, **options: Any) -> AuditResult:
    """Run an audit; an export is ready after the first pause."""
    sending = options.pop("push", PushOptions(notify=pushing.notes.append))
    return audit_push(
        pushing.settings,
        spec,
        folder=pushing.folder,
        options=AuditOptions(
            repair=repair,
            push=sending,
            pause=lambda seconds: pushing.sandbox.clock.advance(seconds),
            **options,
        ),
    )


def by_hand(pushing: Pushing, *operations: Row) -> None:
    """Change the workspace as another tool would: through the Track API."""
    with client(pushing.settings) as calls:
        calls.call("batch", body={"batch": list(operations)})


def found(pushing: Pushing) -> set[tuple[str, str, str]]:
    """The open differences in the journal: key, difference, attribute."""
    return set(
        pushing.query("SELECT key, difference, attribute FROM customerio_push.drift WHERE gone_at IS NULL")
    )


@pytest.mark.proof
@pytest.mark.parametrize("by", ["reads", "export"])
def test_people(pushing: Pushing, by: Literal["reads", "export"]) -> None:
    """Edited and removed values, deleted and suppressed people are found, repaired, and no others."""
    ids = pushing.ids()[:12]
    spec = pushing.declare("users", people(ids), **_PERSON)
    pushing.push(spec)
    assert audited(pushing, spec, by=by).complete
    edited, emptied, noted, deleted, suppressed = ids[:5]
    pushing.sandbox.edit("people", edited, seats="9007199254740992")
    pushing.sandbox.edit("people", emptied, plan="")
    pushing.sandbox.edit("people", noted, note="by hand", unknown="not of this push")
    pushing.sandbox.delete("people", deleted)
    pushing.sandbox.suppress(suppressed)
    result = audited(pushing, spec, by=by)
    expected = {
        (edited, "changed", "seats"),
        (emptied, "removed", "plan"),
        (noted, "changed", "note"),
        (deleted, "deleted", ""),
        (suppressed, "suppressed", ""),
    }
    assert expected == found(pushing)
    assert not result.complete
    repaired = audited(pushing, spec, by=by, repair=True)
    assert repaired.push is not None
    assert repaired.push.run is not None
    assert {"add": 1, "change": 3} == {
        name: rows for name, rows in repaired.push.plan.counts.items() if rows and name != "unchanged"
    }
    assert 4 == repaired.push.run.delivery.accepted
    assert not repaired.complete
    assert {"suppressed": 1} == audited(pushing, spec, by=by).findings.counts
    assert 0 == pushing.push(spec).plan.sends


@pytest.mark.proof
def test_a_deletion_is_repaired_only_within_the_brakes(pushing: Pushing) -> None:
    """People who are gone count as people who would be created, though the warehouse still has them."""
    ids = pushing.ids()[:4]
    spec = pushing.declare("users", people(ids), **_PERSON)
    pushing.push(spec)
    pushing.sandbox.delete("people", ids[0])
    tight = spec.model_copy(update={"brakes": spec.brakes.model_copy(update={"max_creates_percent": 0.0})})
    before = pushing.requests()
    result = audited(pushing, tight, repair=True)
    assert result.push is not None
    assert ["max_creates_percent"] == [brake.name for brake in result.push.brakes]
    assert before == pushing.requests()
    sending = PushOptions(plan_id=result.push.plan.plan_id, approve=True)
    assert audited(pushing, tight, repair=True, push=sending).complete
    assert ids[0] in pushing.ids()


@pytest.mark.proof
def test_members_of_a_segment(pushing: Pushing) -> None:
    """Members who were removed by hand are found in both modes, and those added by hand in a mirror."""
    ids = pushing.ids()
    (segment, *_) = [row["id"] for row in pushing.sandbox.rows("segments") if row["type"] == "manual"]
    what: dict[str, Any] = {
        "object": "segment", "person": {"id": "who"}, "segment": segment, "first_run": "all",
    }  # fmt: skip
    rows = [{"who": user} for user in ids[:6]]
    vips = pushing.declare("vips", rows, mode="append", **what)
    pushing.push(vips)
    pushing.sandbox.leave_segment(segment, ids[0])
    assert {"missing": 1} == audited(pushing, vips).findings.counts
    assert audited(pushing, vips, repair=True).complete
    assert audited(pushing, vips).complete
    mirror = pushing.declare("mirror", rows, mode="mirror", **what)
    pushing.push(mirror)
    pushing.sandbox.leave_segment(segment, ids[1])
    pushing.sandbox.join_segment(segment, ids[7])
    assert {"missing": 1, "unwanted": 1} == audited(pushing, mirror).findings.counts
    assert audited(pushing, mirror, repair=True).complete
    assert audited(pushing, mirror).complete


@pytest.mark.proof
def test_members_that_a_first_run_held_back_are_no_drift(pushing: Pushing) -> None:
    """Rows that the first run was told not to send are neither found nor repaired."""
    (segment, *_) = [row["id"] for row in pushing.sandbox.rows("segments") if row["type"] == "manual"]
    spec = pushing.declare(
        "late", [{"who": user} for user in pushing.ids()[:3]], object="segment", mode="append",
        person={"id": "who"}, segment=segment,
    )  # fmt: skip
    assert 0 == audited(pushing, spec).findings.rows
    before = pushing.requests()
    assert audited(pushing, spec, repair=True).complete
    pushing.push(spec)
    assert 0 == audited(pushing, spec).findings.rows
    assert before == pushing.requests()


@pytest.mark.proof
def test_devices(pushing: Pushing) -> None:
    """Devices that were removed, moved or edited by hand are found and repaired."""
    one, other = pushing.ids()[:2]
    rows = [{"who": one, "t": token, "p": "ios", "v": "1"} for token in ("A", "B", "C", "D")]
    spec = pushing.declare(
        "phones", [*rows, {"who": other, "t": "E", "p": "ios", "v": "1"}], object="device", mode="upsert",
        person={"id": "who"}, device={"token": "t", "platform": "p"},
        fields={"app_version": {"type": "text", "column": "v"}},
    )  # fmt: skip
    pushing.push(spec)
    assert audited(pushing, spec).complete
    for token in ("A", "B"):
        by_hand(pushing, _device(one, token, "delete_device"))
    by_hand(pushing, _device(other, "B", "add_device"), _device(one, "C", "add_device", app_version="2"))
    assert {"changed": 1, "missing": 1, "moved": 1} == audited(pushing, spec).findings.counts
    assert audited(pushing, spec, repair=True).complete
    assert audited(pushing, spec).complete


def _device(who: str, token: str, action: str, **attributes: str) -> Row:
    device = {"token": token, "platform": "ios", "attributes": attributes}
    return {"type": "person", "action": action, "identifiers": {"id": who}, "device": device}


@pytest.mark.proof
@pytest.mark.parametrize("role", [True, False])
def test_objects_and_relationships(pushing: Pushing, *, role: bool) -> None:
    """Objects that were changed or deleted and relationships that were removed or changed are found."""
    companies = [{"company": f"c{number}", "name": f"C{number}", "seats": number} for number in range(4)]
    spec = pushing.declare(
        "companies", companies, object="object", mode="upsert", object_type_id="1", object_id="company",
        fields={"name": "text", "seats": "integer"},
    )  # fmt: skip
    ids = pushing.ids()[:5]
    members = [{"company": f"c{number % 2}", "who": who} for number, who in enumerate(ids)]
    fields: dict[str, Any] = {"fields": {"role": "text"}} if role else {}
    rows = [{**row, "role": "admin"} for row in members] if role else members
    related = pushing.declare(
        "members", rows, object="relationship", mode="upsert", object_type_id="1", object_id="company",
        person={"id": "who"}, **fields,
    )  # fmt: skip
    pushing.push(spec)
    pushing.push(related)
    assert audited(pushing, spec).complete
    assert audited(pushing, related).complete
    by_hand(pushing, _object("c2", "identify", seats=7), _object("c3", "delete"))
    by_hand(pushing, _relationship(ids[0], "c0", "delete_relationships"))
    by_hand(pushing, _relationship(ids[1], "c1", "add_relationships", role="guest"))
    assert {"changed": 1, "missing": 1} == audited(pushing, spec).findings.counts
    expected = {"changed": 1, "missing": 1} if role else {"missing": 1}
    assert expected == audited(pushing, related).findings.counts
    for each in (spec, related):
        assert audited(pushing, each, repair=True).complete
        assert audited(pushing, each).complete


def _object(object_id: str, action: str, **attributes: Any) -> Row:
    identifiers = {"object_type_id": "1", "object_id": object_id}
    return {"type": "object", "action": action, "identifiers": identifiers, "attributes": attributes}


def _relationship(who: str, object_id: str, action: str, **attributes: str) -> Row:
    related = {
        "identifiers": {"object_type_id": "1", "object_id": object_id},
        "relationship_attributes": attributes,
    }
    return {
        "type": "person", "action": action, "identifiers": {"id": who}, "cio_relationships": [related],
    }  # fmt: skip


@pytest.mark.proof
def test_suppressions(pushing: Pushing) -> None:
    """A person who was released and created again is found, and suppressed again once it is approved."""
    who = pushing.ids()[0]
    spec = pushing.declare("gone", [{"who": who}], object="suppression", mode="append", person={"id": "who"})
    pushing.approved(spec)
    assert audited(pushing, spec).complete
    by_hand(pushing, {"type": "person", "action": "unsuppress", "identifiers": {"id": who}})
    pushing.sandbox.add("people", id=who)
    assert {"missing": 1} == audited(pushing, spec).findings.counts
    result = audited(pushing, spec, repair=True)
    assert result.push is not None
    assert ["approval"] == [brake.name for brake in result.push.brakes]


@pytest.mark.proof
def test_an_answer_without_people_who_are_there_is_no_drift(pushing: Pushing) -> None:
    """An audit that reads no profile of anybody asks for one person, finds him, and ends with an error."""
    spec = pushing.declare("users", people(pushing.ids()[:3]), **_PERSON)
    pushing.push(spec)
    pushing.sandbox.faults.add(Fault(operation="getPeopleById", document={"customers": None}, times=None))

    with pytest.raises(BadAnswer, match="a person who was asked for is there"):
        audited(pushing, spec, by="reads")

    assert set() == found(pushing)


def test_events_cannot_be_audited(pushing: Pushing) -> None:
    """Events are refused with the reason, and rows of other kinds are not in an export."""
    rows = [{"k": "a", "who": pushing.ids()[0], "at": datetime(2026, 10, 1, tzinfo=UTC)}]
    spec = pushing.declare(
        "orders", rows, object="event", mode="append", person={"id": "who"}, key="k", first_run="all",
        event={"name": "order", "at": "at"},
    )  # fmt: skip
    with pytest.raises(InvalidSpec, match="events cannot be audited"):
        audited(pushing, spec)


@pytest.mark.proof
def test_rows_that_wait_for_the_next_run_are_told_apart(pushing: Pushing) -> None:
    """A row that the push has not sent as the model has it is pending, and no drift."""
    ids = pushing.ids()[:3]
    pushing.push(pushing.declare("users", people(ids), **_PERSON))
    rows = people(ids)
    spec = pushing.declare("users", [{**rows[0], "plan": "new"}, *rows[1:]], **_PERSON)
    result = audited(pushing, spec)
    assert result.complete
    assert 1 == result.findings.pending
    assert {(ids[0], True)} == set(pushing.query("SELECT key, pending FROM customerio_push.drift"))


@pytest.mark.proof
def test_a_value_that_two_writers_set_in_turn_is_told(pushing: Pushing) -> None:
    """A difference that comes back after its repair is named as one that another writer makes."""
    ids = pushing.ids()[:3]
    spec = pushing.declare("users", people(ids), **_PERSON)
    pushing.push(spec)
    for turn in range(2):
        pushing.sandbox.edit("people", ids[1], plan="theirs")
        returned = audited(pushing, spec, repair=True).findings.returned
        assert ({"plan": 1} if turn else {}) == returned
        assert audited(pushing, spec).complete


@pytest.mark.proof
def test_the_command_line(pushing: Pushing, shell: Shell) -> None:
    """An audit ends with 0 without drift, with 4 if there is some, and with 0 once it is repaired."""
    ids = pushing.ids()[:3]
    pushing.push(pushing.declare("users", people(ids), **_PERSON))
    command = ("push", "audit", "users", "--folder", str(pushing.folder))
    assert 0 == shell.run(*command).code
    pushing.sandbox.edit("people", ids[0], plan="by hand")
    found = shell.run(*command)
    assert 4 == found.code
    assert "3 rows compared in 1 requests: 1 changed." in found.out
    assert "by hand" not in found.out
    repaired = shell.run(*command, "--repair", "--json")
    assert (0, 1) == (repaired.code, repaired.document["repair"]["run"]["accepted"])


@pytest.mark.proof
def test_secrets_and_values_are_masked(pushing: Pushing) -> None:
    """Samples hide values, and the table hides those of attributes with the name of a secret."""
    ids = pushing.ids()[:2]
    rows = [{"user_id": user, "api_token": "s3cret", "plan": "gold"} for user in ids]
    spec = pushing.declare(
        "users", rows, object="person", mode="upsert", person={"id": "user_id"},
        fields={"api_token": "text", "plan": "text"},
    )  # fmt: skip
    pushing.push(spec)
    pushing.sandbox.edit("people", ids[0], api_token="other", plan="silver")
    document = str(audited(pushing, spec).document)
    assert not [word for word in ("s3cret", "other", "gold", "silver", ids[0]) if word in document]
    table = pushing.warehouse.query("SELECT attribute, wanted, found FROM customerio_push.drift")
    assert {("api_token", "***", "***"), ("plan", "gold", "silver")} == set(table)


@pytest.mark.proof
def test_the_way_with_fewer_requests_is_taken(pushing: Pushing) -> None:
    """Few people are read by reads, and the choice is told with its requests."""
    spec = pushing.declare("users", people(pushing.ids()[:3]), **_PERSON)
    pushing.push(spec)
    assert "by reads, about 1 requests" == audited(pushing, spec).findings.source
    assert any("3 rows are read by reads" in note for note in pushing.notes)
