"""The runs' table tells the clock of Customer.io, and the requests that a sync is likely to take."""

import time

import pytest

from pipelines.warehouse.queries import Query
from pipelines.warehouse.runs import now_there, usual_requests

HOUR = 3600
# Each run: when it began, and requests by table.
RUNS: list[tuple[int, dict[str, int]]] = [
    (0, {"campaigns": 1, "messages": 300}),
    (HOUR, {"campaigns": 1, "messages": 10}),
    (2 * HOUR, {"campaigns": 2, "messages": 14}),
    (2 * HOUR + 60, {"messages": 7}),
    (3 * HOUR, {"campaigns": 1, "messages": 12}),
    (27 * HOUR, {"campaigns": 1, "messages": 90}),
]


def note(query: Query, run: str, at: int, requests: dict[str, int], **others: str) -> None:
    """Add the rows of a run."""
    query("CREATE SCHEMA IF NOT EXISTS customerio_raw")
    query(
        "CREATE TABLE IF NOT EXISTS customerio_raw.sync_runs (run_id VARCHAR, finished_at BIGINT, "
        'noted_at BIGINT, resource VARCHAR, requests BIGINT, "full" BOOLEAN, backfill VARCHAR, error VARCHAR)'
    )
    given = {"full": "false", "backfill": "NULL", "error": "NULL", **others}
    for table, number in requests.items():
        query(
            f"INSERT INTO customerio_raw.sync_runs VALUES ('{run}', {at}, {at}, '{table}', {number}, "
            f"{given['full']}, {given['backfill']}, {given['error']})"
        )


def test_a_warehouse_without_runs_has_the_time_of_this_machine(query: Query) -> None:
    """Exports alone may have been loaded into it, and then a backfill has no run to look at."""
    assert abs(now_there(query) - time.time()) < 60


@pytest.mark.parametrize(
    ("pause", "predicted"),
    [
        pytest.param(HOUR, {"campaigns": 1, "messages": 12}, id="the median of those after an hour"),
        pytest.param(20 * HOUR, {"campaigns": 1, "messages": 90}, id="the one after a day"),
        pytest.param(60, {}, id="the sync after a minute was of another table"),
        pytest.param(1000 * HOUR, {}, id="none came so late"),
    ],
)
def test_a_sync_takes_what_those_after_such_a_pause_took(
    query: Query, pause: int, predicted: dict[str, int]
) -> None:
    """Syncs of other tables tell nothing, and neither do full syncs, failed ones and backfills."""
    for run, (at, requests) in enumerate(RUNS):
        note(query, str(run), at, requests)
    end = RUNS[-1][0]
    odd = {"campaigns": 1, "messages": 5000}
    note(query, "full", end - 3 * HOUR, odd, full="true")
    note(query, "failed", end - 2 * HOUR, odd, error="'refused'")
    note(query, "backfill", end - HOUR, odd, backfill="'messages:1'")

    assert predicted == usual_requests(query, ["campaigns", "messages"], end + pause)


def test_without_runs_there_is_no_prediction(query: Query) -> None:
    """A first sync has no earlier one."""
    assert {} == usual_requests(query, ["campaigns"], HOUR)
