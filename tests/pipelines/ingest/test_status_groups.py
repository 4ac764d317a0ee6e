"""The sums of groups of tables."""

from typing import Any

from pipelines.ingest.status import TableStatus
from pipelines.ingest.status_groups import by_group


def _table(name: str, **changed: Any) -> TableStatus:
    fresh = {
        "rows": 10,
        "deleted": 1,
        "newest": None,
        "last_run": 7,
        "last_success": 7,
        "error": None,
        "lag_s": 60,
        "target_s": 7200,
    }
    return TableStatus(table=name, **{**fresh, **changed})


def test_a_group_is_as_far_behind_as_its_last_table() -> None:
    """Rows are added up; the lag is the largest, the newest row is the newest of all tables."""
    people, messaging = by_group(
        [_table("people", lag_s=90), _table("campaigns", newest=5), _table("segments", newest=3)]
    )[::-1]

    assert ("people", 2, 20, 2, 90, 3) == (
        people.name,
        len(people.tables),
        people.rows,
        people.deleted,
        people.lag_s,
        people.newest,
    )
    assert ("messaging", 60, 5) == (messaging.name, messaging.lag_s, messaging.newest)


def test_a_table_that_was_never_read_leaves_no_lag() -> None:
    """A group with such a table has no lag, and no newest row if no table has times."""
    (people,) = by_group([_table("people", lag_s=None), _table("segments")])

    assert (None, None) == (people.lag_s, people.newest)
    assert [] == by_group([])
