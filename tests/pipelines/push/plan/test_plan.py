"""A plan shows the rows that would be sent, hides personal data, and is sent unchanged or not at all."""

import json
from typing import Any

import pytest

from pipelines.errors import PlanChanged
from pipelines.push import plan_push
from pipelines.push.journal.database import SCHEMA
from tests.pipelines.push.conftest import Pushing, Row

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
}  # fmt: skip


def _rows(count: int, **more: Any) -> list[Row]:
    return [{"user_id": f"u{number}", "plan": "secret", "seats": number, **more} for number in range(count)]


@pytest.mark.proof
def test_a_plan_says_what_would_be_sent_and_hides_whose(pushing: Pushing) -> None:
    """A plan has counts, changes by field, requests and samples; personal data only on request."""
    pushing.push(pushing.declare("users", _rows(20), **_PERSON))
    rows = [{**row, "seats": 100} if number < 4 else row for number, row in enumerate(_rows(25))]
    spec = pushing.declare("users", rows, **_PERSON)
    plan = pushing.plan(spec)
    assert {"add": 5, "change": 4, "unchanged": 16} == {name: n for name, n in plan.counts.items() if n}
    assert {"seats": 4} == plan.fields
    assert 1 == plan.requests
    assert "secret" not in json.dumps(plan.document)
    from pipelines.push import plan_push

    open_plan = plan_push(pushing.settings, spec, folder=pushing.folder, show_values=True)
    change = next(sample for sample in open_plan.samples if sample["action"] == "change")
    assert ("u0", 0, 100) == (
        change["key"], change["before"]["attributes"]["seats"], change["after"]["attributes"]["seats"]
    )  # fmt: skip
    assert plan.plan_id == open_plan.plan_id
    assert "secret" not in str(pushing.query(f"SELECT document FROM {SCHEMA}.plans"))


@pytest.mark.proof
def test_a_plan_is_sent_as_it_was_seen_or_not_at_all(pushing: Pushing) -> None:
    """A plan is refused if the model's result has changed since, or if it is unknown."""
    spec = pushing.declare("users", _rows(3), **_PERSON)
    seen = pushing.plan(spec).plan_id
    pushing.rows("users", _rows(4))
    with pytest.raises(PlanChanged, match="nothing was sent"):
        pushing.push(spec, plan_id=seen)
    assert 0 == pushing.requests()
    pushing.rows("users", _rows(3))
    assert pushing.push(spec, plan_id=seen).complete
    with pytest.raises(PlanChanged):
        pushing.push(spec, plan_id=seen)


_PERSON_PLAN: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"}, "fields": {"plan": "text"},
}  # fmt: skip


def test_an_attribute_called_name_is_hidden(pushing: Pushing) -> None:
    """A plan shows the type of a write, and hides attributes that are called name, type or platform."""
    sql = "SELECT 'a' AS user_id, 'Alice' AS name, 'Smith' AS type, 'Mrs' AS platform"
    fields = dict.fromkeys(("name", "type", "platform"), "text")
    spec = pushing.declare("users", sql, **{**_PERSON_PLAN, "fields": fields})
    shown = json.dumps(plan_push(pushing.settings, spec, folder=pushing.folder).document)
    assert '"action": "identify"' in shown
    assert not [name for name in ("Alice", "Smith", "Mrs") if name in shown]
