"""Plans and brakes: what is shown is what is sent, and what is dangerous is not sent at all."""

import json
from typing import Any

import pytest

from pipelines.errors import PlanChanged
from pipelines.push import PushOptions
from pipelines.push.journal.database import SCHEMA
from sources.customerio.client import ConfigError
from tests.pipelines.push.conftest import Pushing, Row

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
}  # fmt: skip
_DEVICE: dict[str, Any] = {
    "object": "device", "mode": "mirror", "person": {"id": "who"},
    "device": {"token": "token", "platform": "platform"},
}  # fmt: skip


def _rows(count: int, **more: Any) -> list[Row]:
    return [{"user_id": f"u{number}", "plan": "secret", "seats": number, **more} for number in range(count)]


def _phones(pushing: Pushing, count: int) -> list[Row]:
    who = pushing.ids()[0]
    return [{"who": who, "token": f"t{number}", "platform": "ios"} for number in range(count)]


def test_a_plan_says_what_would_be_sent_and_hides_whose(pushing: Pushing) -> None:
    """Counts, changes by field, requests and samples; people's data only if it is asked for."""
    pushing.push(pushing.declare("users", _rows(20), **_PERSON))
    rows = [{**row, "seats": 100} if number < 4 else row for number, row in enumerate(_rows(25))]
    sync = pushing.declare("users", rows, **_PERSON)
    plan = pushing.plan(sync)
    assert {"add": 5, "change": 4, "unchanged": 16} == {name: n for name, n in plan.counts.items() if n}
    assert {"seats": 4} == plan.fields
    assert 1 == plan.requests
    assert "secret" not in json.dumps(plan.document)
    from pipelines.push import plan_push

    open_plan = plan_push(pushing.settings, sync, folder=pushing.folder, show_values=True)
    change = next(sample for sample in open_plan.samples if sample["action"] == "change")
    assert ("u0", 0, 100) == (
        change["key"], change["before"]["attributes"]["seats"], change["after"]["attributes"]["seats"]
    )  # fmt: skip
    assert plan.plan_id == open_plan.plan_id
    assert "secret" not in str(pushing.query(f"SELECT document FROM {SCHEMA}.plans"))


def test_a_plan_is_sent_as_it_was_seen_or_not_at_all(pushing: Pushing) -> None:
    """A model whose result has changed since is refused, and so is a plan that never was."""
    sync = pushing.declare("users", _rows(3), **_PERSON)
    seen = pushing.plan(sync).plan_id
    pushing.rows("users", _rows(4))
    with pytest.raises(PlanChanged, match="nothing was sent"):
        pushing.push(sync, plan_id=seen)
    assert 0 == pushing.requests()
    pushing.rows("users", _rows(3))
    assert pushing.push(sync, plan_id=seen).complete
    with pytest.raises(PlanChanged):
        pushing.push(sync, plan_id=seen)


def test_a_source_that_loses_rows_stops_a_mirror(pushing: Pushing) -> None:
    """30 % fewer rows: a brake grips and not one request is made; approved, the rows are removed."""
    what: dict[str, Any] = {**_DEVICE, "brakes": {}}
    assert pushing.push(pushing.declare("phones", _phones(pushing, 100), **what)).complete
    before = pushing.requests()
    sync = pushing.declare("phones", _phones(pushing, 70), **what)
    result = pushing.push(sync)
    assert ["max_deletes_percent"] == [brake.name for brake in result.brakes]
    assert result.run is None
    assert before == pushing.requests()
    assert pushing.approved(sync).complete
    assert [(True,)] == pushing.query(f"SELECT approved FROM {SCHEMA}.runs ORDER BY started_at DESC LIMIT 1")


_BRAKES = [
    ({"max_deletes": 1, "max_deletes_percent": 100}, 8, "x", ["max_deletes"]),
    ({"max_deletes_percent": 100}, 8, "x", []),
    ({"max_deletes_percent": 100}, 0, "x", ["min_rows"]),
    ({"max_deletes_percent": 100, "min_rows": 9}, 8, "x", ["min_rows"]),
    ({"max_changes_percent": 50}, 10, "y", ["max_changes_percent"]),
]


@pytest.mark.parametrize(("brakes", "left", "version", "gripping"), _BRAKES)
def test_brakes(pushing: Pushing, brakes: Any, left: int, version: str, gripping: list[str]) -> None:
    """Each brake grips for its own reason, and no other does."""
    what: dict[str, Any] = {**_DEVICE, "fields": {"v": "text"}}
    rows = [{**row, "v": "x"} for row in _phones(pushing, 10)]
    pushing.push(pushing.declare("phones", rows, **what))
    changed = [{**row, "v": version} for row in rows[:left]]
    model = changed or f"{pushing.rows('phones', rows)} LIMIT 0"
    plan = pushing.plan(pushing.declare("phones", model, **{**what, "brakes": brakes}))
    assert gripping == [brake.name for brake in plan.stopped_by]


def test_too_many_new_people_grip(pushing: Pushing) -> None:
    """A key that nobody has would make everybody anew: that is a brake of its own."""
    sync = pushing.declare("users", _rows(40), **{**_PERSON, "brakes": {}})
    assert ["max_creates_percent"] == [brake.name for brake in pushing.push(sync).brakes]
    assert 0 == pushing.requests()


def test_only_a_plan_can_be_approved() -> None:
    """Nobody approves what they have not seen."""
    with pytest.raises(ConfigError, match="name it"):
        PushOptions(approve=True)


def test_nulls(pushing: Pushing) -> None:
    """A null says nothing, removes the attribute, or stands for what it was last: as the field says."""
    fields = {name: {"type": "text", "nulls": name} for name in ("omit", "clear", "keep")}
    what: dict[str, Any] = {**_PERSON, "fields": fields}
    full: Row = {"user_id": "u", "omit": "1", "clear": "1", "keep": "1"}
    pushing.push(pushing.declare("nulls", [full], **what))
    rows = pushing.rows("nulls", [full])
    empty = f"SELECT user_id, NULL AS omit, '' AS clear, NULL AS keep FROM ({rows})"
    assert pushing.push(pushing.declare("nulls", empty, **what)).complete
    assert {"keep": "1", "clear": ""} == pushing.sandbox.writes()[-1]["op"]["attributes"]
    held = pushing.people()["u"]
    assert ("1", None, "1") == (held["omit"], held.get("clear"), held["keep"])
    assert 0 == pushing.push(pushing.declare("nulls", empty, **what)).plan.sends


def test_a_mapping_that_says_the_same_sends_nothing(pushing: Pushing) -> None:
    """Another column of another type with the same values makes no difference to Customer.io."""
    pushing.push(
        pushing.declare(
            "users", "SELECT 'u' AS user_id, 1 AS seats", **{**_PERSON, "fields": {"seats": "integer"}}
        )
    )
    sql = "SELECT 'u' AS user_id, 1.0::DECIMAL(9, 2) AS places"
    fields = {"seats": {"type": "integer", "column": "places"}}
    assert 0 == pushing.push(pushing.declare("users", sql, **{**_PERSON, "fields": fields})).plan.sends
    more = {**_PERSON, "fields": fields, "unmapped": "send"}
    assert (
        1 == pushing.plan(pushing.declare("users", f"{sql}, DATE '2026-01-01' AS d", **more)).counts["change"]
    )
