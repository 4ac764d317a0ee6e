"""A dlt pipeline sends only changed rows, and no bad row holds back the others."""

from typing import Any

import dlt
import pytest

from pipelines.errors import InvalidSpec
from pipelines.push.destination import customerio
from pipelines.push.journal.database import SCHEMA
from sources.customerio.sandbox import Fault
from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
    "deliver": {"requests_per_second": 1000},
}  # fmt: skip


def _load(pushing: Pushing, rows: list[dict[str, Any]]) -> None:
    spec = pushing.declare("crm", "SELECT 1", **_PERSON)
    folder = str(pushing.folder / "dlt")
    pipeline = dlt.pipeline("crm", pipelines_dir=folder, destination=customerio(spec, pushing.settings))
    pipeline.run(rows, table_name="users")


def _rows(count: int) -> list[dict[str, Any]]:
    return [{"user_id": f"d{number}", "plan": "x", "seats": number} for number in range(count)]


@pytest.mark.proof
def test_rows_of_a_pipeline_arrive(pushing: Pushing) -> None:
    """2,500 rows are three requests after a trial; a second run sends the one row that changed."""
    _load(pushing, _rows(2_500))
    assert 4 == pushing.requests()
    assert 2_500 == len({row["op"]["identifiers"]["id"] for row in pushing.sandbox.writes()})
    _load(pushing, [{**row, "plan": "y"} if number == 7 else row for number, row in enumerate(_rows(2_500))])
    assert 2_501 == len(pushing.sandbox.writes())


@pytest.mark.proof
def test_bad_rows_are_written_down(pushing: Pushing) -> None:
    """An invalid and a rejected row raise nothing, and are in the rejects with their reasons."""
    pushing.sandbox.faults.add(Fault(operation="batch", refuse_items=(1,)))
    _load(pushing, [*_rows(5), {"user_id": "", "plan": "x", "seats": 1}])
    found = pushing.query(f"SELECT key, action, dead FROM {SCHEMA}.rejects ORDER BY key")
    assert [("", "invalid", False), ("d1", "add", False)] == found
    assert 4 == len(pushing.sandbox.writes())
    _load(pushing, _rows(5))
    assert 5 == len(pushing.sandbox.writes())


def test_a_mirror_is_refused(pushing: Pushing) -> None:
    """A mirror is refused, since dlt hands over parts of the rows."""
    with pytest.raises(InvalidSpec, match="use upsert"):
        customerio(pushing.declare("crm", "SELECT 1", **{**_PERSON, "mode": "mirror"}), pushing.settings)


_EVENT: dict[str, Any] = {
    "object": "event", "mode": "append", "person": {"id": "who"}, "key": "k",
    "event": {"name_column": "name", "at": "at"},
}  # fmt: skip


_PERSON_PLAN: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"}, "fields": {"plan": "text"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"object": "suppression", "mode": "append", "person": {"id": "user_id"}}, "which a person approves"),
        (_EVENT, "say first_run: all"),
        ({**_PERSON_PLAN, "mode": "mirror"}, "use upsert"),
    ],
    ids=["suppression", "events", "mirror"],
)
def test_unsupported_specs_are_refused(pushing: Pushing, what: dict[str, Any], said: str) -> None:
    """Specs that need approval, or all rows at once, are refused before any row is read."""
    with pytest.raises(InvalidSpec, match=said):
        customerio(pushing.declare("crm", "SELECT 1", **what), pushing.settings)
