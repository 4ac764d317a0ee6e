"""The runs' table tells the clock of Customer.io, also where there is no run."""

import time
from typing import Any

import duckdb

from pipelines.warehouse.runs import now_there


def test_a_warehouse_without_runs_has_the_time_of_this_machine() -> None:
    """Exports alone may have been loaded into it, and then a backfill has no run to look at."""

    def query(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return connection.execute(sql, parameters).fetchall()

    with duckdb.connect() as connection:
        now = now_there(query)
    assert abs(now - time.time()) < 60
