"""Dead letters are retried on request; rows that are invalid stay unsent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.push import retry_dead_letters
from pipelines.push.destination import push_rows
from pipelines.push.journal.database import SCHEMA
from tests.pipelines.push.conftest import Pushing

_AT = datetime(2020, 1, 1, tzinfo=UTC)


_EVENT: dict[str, Any] = {
    "object": "event", "mode": "append", "person": {"id": "who"}, "key": "k",
    "event": {"name_column": "name", "at": "at"},
}  # fmt: skip


@pytest.mark.proof
def test_an_invalid_row_is_not_sent_by_a_retry(pushing: Pushing) -> None:
    """A retry leaves invalid rows unsent until their values change."""
    import pyarrow as pa

    who = pushing.ids()[0]
    spec = pushing.declare("events", "SELECT 1", **{**_EVENT, "first_run": "all"})
    rows = [{"k": "bad", "who": who, "at": _AT, "name": None}, {"k": "b", "who": who, "at": _AT, "name": "n"}]
    push_rows(pushing.settings, spec, pa.Table.from_pylist(rows))
    assert 0 == retry_dead_letters(pushing.settings, spec)
    push_rows(pushing.settings, spec, pa.Table.from_pylist(rows))
    assert ["n"] == [row["op"]["name"] for row in pushing.sandbox.writes()]
    assert [("b",)] == pushing.query(f"SELECT key FROM {SCHEMA}.snapshot")
