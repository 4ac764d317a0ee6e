"""Syncs and a long backfill on one server at the same time, within Customer.io's rate limit."""

import os
import re
from collections.abc import Iterator

import pytest

from tests.flows.stage import Stage, chunks, first_chunk_loaded

SYNCS = 2
# An operator sees no locks, holders or code.
_OF_LOCKS = re.compile(r"\block(s|ed)?\b|\bbusy\b|another process|traceback", re.IGNORECASE)


# On a busy machine the times of requests are late.
LONG = pytest.mark.skipif("CIO_ELT_KILLS" not in os.environ, reason="of the long form, `make torture`")


@pytest.fixture
def strict(stage: Stage) -> Iterator[Stage]:
    """The same server, with a sandbox that refuses the 11th request in a second, and a new warehouse."""
    beside = Stage(folder=stage.folder / "strict", port=stage.port, speed="1")
    beside.folder.mkdir()
    stage.stop("serving")
    try:
        beside.start_sandbox("--strict-limits")
        beside.sync_once()
        beside.serve()
        yield beside
    finally:
        for name in list(beside.groups):
            beside.kill(name)
        stage.serve()


@LONG
def test_syncs_and_a_long_backfill_both_get_on(strict: Stage) -> None:
    """Syncs complete between the chunks of the backfill, and no request exceeds the limit."""
    days = {"from_day": "2026-02-01", "to_day": "2026-05-24"}
    backfill_id = strict.start("backfill", resource="messages", chunk_days=7, **days)
    first_chunk_loaded(strict, *days.values())

    reached, syncs = [], []
    for _ in range(SYNCS):
        syncs.append(strict.ended(strict.start("sync")))
        reached.append(chunks(strict, *days.values()))
    meanwhile = strict.run(backfill_id)
    backfill = strict.ended(backfill_id, within_s=300.0)

    assert ["Completed"] * SYNCS == [run["state"]["name"] for run in syncs], syncs
    assert "RUNNING" == meanwhile["state"]["type"]
    assert reached == sorted(set(reached)), "between two syncs the backfill goes on"
    assert "COMPLETED" == backfill["state"]["type"], backfill["state"]["message"]
    seen = strict.requests()
    assert seen["max_per_second"] <= 10
    assert {"200"} == set(seen["by_status"])
    for run in (backfill, *syncs):
        assert not _OF_LOCKS.search(log := strict.logs(run["id"])), log
