"""A run killed at any moment leaves a coverage ledger without false claims, and the next run completes.

`make torture` kills more often; the seed is printed, and CIO_ELT_SEED repeats a run.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse.queries import Query, tables
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import SCALES, Sandbox
from tests.conftest import Warehouse, assert_same, following
from tests.pipelines.conftest import ended, shell_for

pytestmark = pytest.mark.proof

DAY = 86_400
KILLS = int(os.environ.get("CIO_ELT_KILLS", "2"))
SEED = int(os.environ.get("CIO_ELT_SEED", "0")) or random.randrange(1, 10_000)  # noqa: S311 (a moment to kill)
TIMED = {"messages": "created", "activities": "timestamp"}


Rows = dict[str, dict[str, int]]
"""The ids and times of a workspace's rows, by table."""

_CLAIMS = """
SELECT resource, start_at, end_at, read_at FROM customerio_raw.coverage
WHERE _dlt_load_id IN (SELECT load_id FROM customerio_raw._dlt_loads WHERE status = 0)
"""


def _rows(sandbox: Sandbox) -> Rows:
    return {table: {row["id"]: row[column] for row in sandbox.rows(table)} for table, column in TIMED.items()}


def _assert_claims_hold(there: dict[int, Rows], file: Path) -> None:
    """Assert that the file has every row of covered time that the workspace had when it was covered.

    `there` has the rows at each time of the workspace's clock; some rows appear with an earlier time.
    """
    with tempfile.TemporaryDirectory() as folder:
        # A killed writer leaves its log; in a copy of the file, reading it has no effect on the original.
        for each in file.parent.glob(f"{file.name}*"):
            shutil.copy(each, folder)
        with duckdb.connect(Path(folder) / file.name) as connection:
            ask: Query = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
            if not {"coverage", "_dlt_loads"} <= tables(ask):
                return
            for table, start, end, read_at in ask(_CLAIMS):
                # The client's clock runs on from the last answer, the sandbox's stands still.
                rows = there[max(at for at in there if at <= read_at)][table]
                truth = {key for key, at in rows.items() if start <= at <= end}
                held = {key for (key,) in ask(f"SELECT id FROM customerio_raw.{table}")}
                assert truth <= held, f"{file.name} claims {table} {start}..{end}, lacks {truth - held}"


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Warehouse]:
    """A workspace that takes long enough to read that a run can be killed meanwhile."""
    scale = replace(SCALES["tiny"], name="busy", deliveries=2_500, events=800)
    with following(Sandbox(scale=scale, latency_ms=20), tmp_path / "data") as warehouse:
        yield warehouse


def test_the_ledger_never_claims_what_is_not_loaded(busy: Warehouse, tmp_path: Path) -> None:
    """Syncs and backfills are killed at random moments; after one more of each, all tables are complete."""
    chance = random.Random(SEED)  # noqa: S311
    print(f"CIO_ELT_SEED={SEED}")  # noqa: T201
    start = busy.sandbox.clock.now() - 60 * DAY
    old = start - 60 * DAY
    shell = shell_for(busy.sandbox, busy.served, tmp_path)
    shell.env["CUSTOMERIO_START"] = str(start)
    backfill = ("backfill", "messages", "--from", str(old), "--to", str(start), "--chunk-days", "30")
    assert 0 == shell.run("sync", "segments").code
    there: dict[int, Rows] = {}
    for number in range(KILLS):
        there[busy.sandbox.clock.now()] = _rows(busy.sandbox)
        process, began = shell.start(backfill if number % 2 else ("sync", *TIMED)), time.monotonic()
        time.sleep(chance.uniform(0.5, 4.0))
        process.kill()
        ended(process, began)
        for file in (shell.data / "load.duckdb", shell.published):
            _assert_claims_hold(there, file)
        busy.sandbox.clock.advance(chance.randrange(3600, DAY))

    # The first one may resume a killed one; the second reads all of its time again.
    for command in (("sync",), backfill, backfill):
        ran = shell.run(*command)
        assert 0 == ran.code, ran.err
    row = resource("messages")
    truth = {key: cells for key, cells in busy.truth(row).items() if cells["created"] >= old}
    assert set(truth) == set(busy.rows(row))
    # What a sync leaves to a sweep or to an age of deliveries is equal once all is read.
    assert 0 == shell.run("sync", "--full").code
    busy.assert_equals_world(but=("messages",))
    assert_same(row, truth, busy.rows(row))
