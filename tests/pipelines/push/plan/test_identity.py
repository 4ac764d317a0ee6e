"""The identity of each row is checked before anything is sent."""

from typing import Any

import pytest

from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"email": "text", "plan": "text"},
}  # fmt: skip


def _known(pushing: Pushing) -> list[dict[str, Any]]:
    return [row["identifiers"] for row in pushing.sandbox.rows("people")]


@pytest.mark.proof
def test_every_verdict(pushing: Pushing) -> None:
    """Rows get the verdicts create, update, re_id, rename, conflict, double_email; the sandbox agrees."""
    both = [row for row in _known(pushing) if row["id"] and row["email"]]
    mail_only = next(row for row in _known(pushing) if row["email"] and not row["id"])
    rows = {
        "new": ("n@example.com", "create"),
        both[0]["id"]: (both[0]["email"].upper(), "update"),
        "adopts": (mail_only["email"], "re_id"),
        both[1]["id"]: ("fresh@example.com", "rename"),
        both[2]["id"]: (both[3]["email"], "conflict"),
        "steals": (both[4]["email"], "conflict"),
        "same1": ("same@example.com", "double_email"),
        "same2": ("SAME@example.com", "double_email"),
    }
    spec = pushing.declare(
        "users", [{"user_id": key, "email": mail, "plan": "p"} for key, (mail, _) in rows.items()], **_PERSON
    )
    plan = pushing.plan(spec)
    assert {
        "create": 1,
        "update": 1,
        "re_id": 1,
        "rename": 1,
        "conflict": 2,
        "double_email": 2,
    } == plan.identity
    conflict = next(row["reason"] for row in plan.invalid if both[3]["cio_id"] in row["reason"])
    assert both[2]["cio_id"] in conflict
    assert 4 == plan.sends
    assert pushing.push(spec).complete
    there = {row["cio_id"]: row for row in _known(pushing)}
    assert "adopts" == there[mail_only["cio_id"]]["id"]
    assert "fresh@example.com" == there[both[1]["cio_id"]]["email"]
    assert both[2]["email"] == there[both[2]["cio_id"]]["email"]


@pytest.mark.proof
def test_people_of_an_earlier_push_are_known(pushing: Pushing) -> None:
    """After a push created people, their events are sent before the next sync."""
    from datetime import UTC, datetime

    at = datetime(2026, 10, 1, tzinfo=UTC)
    what: dict[str, Any] = {
        "object": "event", "mode": "append", "person": {"id": "who"}, "key": "k", "first_run": "all",
        "event": {"name": "bought", "at": "at"},
    }  # fmt: skip
    events = pushing.declare("bought", [{"k": "1", "who": "fresh", "at": at}], **what)
    waits = pushing.plan(events)
    assert (0, 1) == (waits.sends, waits.counts["invalid"])
    pushing.push(pushing.declare("users", [{"user_id": "fresh", "email": None, "plan": "p"}], **_PERSON))
    assert pushing.push(events).complete


def test_without_people_nothing_is_checked(pushing: Pushing) -> None:
    """Without a warehouse no identity is checked, and the plan says so."""
    for file in pushing.settings.cio_elt_data.glob("*.duckdb"):
        file.unlink()
    plan = pushing.plan(
        pushing.declare("users", [{"user_id": "a", "email": "e@x.y", "plan": "p"}], **_PERSON)
    )
    assert plan.people is None
    assert {} == plan.identity
    assert 1 == plan.sends


@pytest.mark.proof
def test_an_address_is_handed_over_and_taken_back_before_people_are_synced(pushing: Pushing) -> None:
    """Changes that pushes made since the last sync are known: each change arrives, and none is dropped."""
    (one, mine), (other, yours) = [
        (who, row["email"]) for who, row in pushing.people().items() if "@" in row.get("email", "")
    ][:2]
    steps = [(one, "free@example.com"), (other, mine), (other, yours), (one, mine)]
    held = {one: mine, other: yours}
    for who, mail in steps:
        held[who] = mail
        rows = [{"user_id": user, "email": address} for user, address in held.items()]
        spec = pushing.declare(
            "mails", rows, object="person", mode="upsert", person={"id": "user_id"}, fields={"email": "text"}
        )
        result = pushing.push(spec)
        assert ({}, True) == (result.plan.invalid or {}, result.complete)
        assert held == {user: pushing.people()[user]["email"] for user in held}
    assert 0 == pushing.push(spec).plan.sends
