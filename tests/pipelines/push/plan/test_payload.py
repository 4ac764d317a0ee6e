"""Rows whose key, time, name, address or size cannot be sent are listed with their reason."""

from typing import Any

import pytest

from pipelines.push import PushSpec
from tests.pipelines.push.conftest import Pushing

_KEYS = """
    SELECT * FROM (VALUES
        (NULL, 'x'), ('', 'x'), ('twice', 'x'), ('twice', 'y'), (repeat('i', 151), 'x'), ('good', 'x'))
        AS t(user_id, plan)
"""


_PERSON: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "user_id"}}


def _reasons(pushing: Pushing, spec: PushSpec) -> dict[str, int]:
    return {row["reason"]: row["rows"] for row in pushing.plan(spec).invalid}


@pytest.mark.proof
def test_keys_that_cannot_be_used(pushing: Pushing) -> None:
    """Null, empty, duplicate and overlong keys are listed, and only the others are sent."""
    spec = pushing.declare("keys", _KEYS, **_PERSON, fields={"plan": "text"})
    expected = {
        "user_id: it is empty": 2,
        "its key is that of another row, too": 2,
        "user_id: it has more than 150 bytes": 1,
    }
    assert expected == _reasons(pushing, spec)
    assert 1 == pushing.push(spec).plan.sends
    assert 1 == len(pushing.sandbox.writes())


@pytest.mark.proof
def test_a_key_that_becomes_double(pushing: Pushing) -> None:
    """A second row for a key that was sent before makes both invalid, even if one of them is unchanged."""
    what: dict[str, Any] = {**_PERSON, "fields": {"plan": "text"}}
    pushing.push(
        pushing.declare("keys", [{"user_id": "a", "plan": "x"}, {"user_id": "b", "plan": "x"}], **what)
    )
    rows = [{"user_id": "a", "plan": "x"}, {"user_id": "a", "plan": "y"}, {"user_id": "b", "plan": "x"}]
    plan = pushing.plan(pushing.declare("keys", rows, **what))
    assert 0 == plan.sends
    assert {"its key is that of another row, too"} == {row["reason"] for row in plan.invalid}


@pytest.mark.proof
def test_a_value_that_is_too_long(pushing: Pushing) -> None:
    """A value has 1,000 bytes at most, which are not characters; a longer one is never sent."""
    sql = "SELECT 'fits' AS user_id, repeat('é', 500) AS bio UNION ALL SELECT 'over', repeat('é', 500) || 'x'"
    spec = pushing.declare("long", sql, **_PERSON, fields={"bio": "text"})

    assert {"bio: has more than 1,000 bytes": 1} == _reasons(pushing, spec)
    run = pushing.push(spec).run
    assert run is not None
    assert (1, 0) == (run.delivery.accepted, run.delivery.rejected)
    assert "é" * 500 == pushing.people()["fits"]["bio"]
    assert "over" not in pushing.people()


def test_an_item_that_is_too_large(pushing: Pushing) -> None:
    """Attributes that are each small enough may be too large together."""
    columns = ", ".join(f"repeat('x', 990) AS a{number}" for number in range(33))
    fields = {f"a{number}": "text" for number in range(33)}
    spec = pushing.declare("large", f"SELECT 'a' AS user_id, {columns}", **_PERSON, fields=fields)
    assert {"it has more than 31,000 bytes": 1} == _reasons(pushing, spec)


@pytest.mark.proof
def test_events_that_cannot_be_sent(pushing: Pushing) -> None:
    """An event needs a time from 1970 to 2200, and a name of 1 to 100 bytes."""
    who = pushing.ids()[0]
    sql = f"""
        SELECT *, '{who}' AS who FROM (VALUES
            ('a', NULL, 'n'), ('b', TIMESTAMP '1969-12-31', 'n'), ('c', TIMESTAMP '2026-01-01', ' '),
            ('d', TIMESTAMP '2026-01-01', repeat('é', 51)),
            ('e', TIMESTAMP '2026-01-01', 'fine')) AS t(k, at_time, n)
    """
    spec = pushing.declare(
        "events", sql, object="event", mode="append", key="k", person={"id": "who"}, first_run="all",
        event={"name_column": "n", "at": "at_time"},
    )  # fmt: skip
    expected = {
        "at_time: it is empty": 1,
        "at_time: it lies outside of 1970 to 2200": 1,
        "the event's name is empty": 1,
        "the event's name has more than 100 bytes": 1,
    }
    assert expected == _reasons(pushing, spec)
    assert 1 == pushing.push(spec).plan.sends


def test_addresses_and_devices(pushing: Pushing) -> None:
    """Invalid email addresses and platforms are not sent."""
    mails = pushing.declare(
        "mails",
        "SELECT unnest(['a@b.c', 'nobody', 'two words@b.c', 'd' || chr(0) || '@b.c']) AS mail",
        object="person",
        mode="upsert",
        person={"email": "mail"},
    )
    assert {"mail: it is no email address": 3} == _reasons(pushing, mails)
    phones = pushing.declare(
        "phones", [{"who": pushing.ids()[0], "t": "t", "p": "windows"}], object="device", mode="upsert",
        person={"id": "who"}, device={"token": "t", "platform": "p"},
    )  # fmt: skip
    assert {"p: a platform is ios or android": 1} == _reasons(pushing, phones)
