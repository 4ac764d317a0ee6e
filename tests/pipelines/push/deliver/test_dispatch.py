"""Batches are sent at the same time, unless they change the same person or object."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest

from pipelines.errors import LeaseLost
from pipelines.push.context import PushContext, open_context
from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.dispatch import deliver
from pipelines.push.deliver.track_api import SendResult
from pipelines.push.journal.database import SCHEMA
from pipelines.push.journal.lease import hold_lease
from pipelines.push.journal.log import items_to_send
from pipelines.push.journal.runs import Delivery, RunStart, begin_run
from tests.pipelines.push.conftest import Pushing

_ROWS = """
    SELECT lpad(i::VARCHAR, 5, '0') AS key, 'add' AS action, {entity} AS entity, '{{}}' AS payload,
           NULL AS item, NULL AS before, NULL AS digest, NULL AS happened_at, NULL AS verdict
    FROM range({rows}) AS t(i)
"""
_ACCEPTED = SendResult(state="accepted", status=200)


@contextmanager
def _run(pushing: Pushing, rows: int, entity: str) -> Iterator[tuple[PushContext, str]]:
    """A run of that many rows in the journal, 1,000 a batch; `entity` is SQL of the person of the row `i`."""
    spec = pushing.declare("users", "SELECT 'a' AS u", object="person", mode="upsert", person={"id": "u"})
    with open_context(pushing.settings, spec) as context:
        with duckdb.connect() as database, context.journal.attached(database):
            start = RunStart(plan_id="plan", fence=context.fence, planned=rows)
            rows_sql = _ROWS.format(entity=entity, rows=rows)
            run_id = begin_run(database, spec, context.push_id, start, rows_sql)
        yield context, run_id


def _deliver(context: PushContext, run_id: str, send: Callable[[Batch], SendResult], **more: Any) -> Delivery:
    """Send all rows of the run."""
    delivery = Delivery()
    deliver(context, run_id, send, items_to_send(context.journal, run_id), delivery, **more)
    return delivery


def test_batches_of_different_people_overlap(pushing: Pushing) -> None:
    """Two batches without a person in common are under way at the same time."""
    both = threading.Barrier(2, timeout=30)

    def send(_: Batch) -> SendResult:
        both.wait()
        return _ACCEPTED

    with _run(pushing, 2_000, "i::VARCHAR") as (context, run_id):
        delivery = _deliver(context, run_id, send)
    assert (2, 2_000) == (delivery.batches, delivery.accepted)


def test_batches_of_the_same_person_wait(pushing: Pushing) -> None:
    """Three batches that change the same person are sent one after the other, in their order."""
    alone, order = threading.Lock(), []

    def send(batch: Batch) -> SendResult:
        assert alone.acquire(blocking=False), "two batches of one person at the same time"
        order.append(batch.first)
        alone.release()
        return _ACCEPTED

    with _run(pushing, 2_500, "'one'") as (context, run_id):
        assert 2_500 == _deliver(context, run_id, send).accepted
    assert [1, 1_001, 2_001] == order


def _refusing(bad: int) -> Callable[[Batch], SendResult]:
    """Refuses every batch with that row, until the row is alone."""

    def send(batch: Batch) -> SendResult:
        if not batch.first <= bad <= batch.last:
            return _ACCEPTED
        if len(batch.items) > 1:
            return SendResult(state="halved", status=400)
        return SendResult(state="accepted", status=400, rejected=((bad, "bad", None),))

    return send


def test_a_refused_batch_is_halved(pushing: Pushing) -> None:
    """A row that makes Customer.io refuse its batch is rejected alone, and progress counts each row once."""
    seen: list[int] = []

    def on_progress(delivery: Delivery) -> None:
        seen.append(delivery.answered)

    with _run(pushing, 1_000, "i::VARCHAR") as (context, run_id):
        delivery = _deliver(context, run_id, _refusing(700), on_progress=on_progress)
    assert (999, 1) == (delivery.accepted, delivery.rejected)
    assert sorted(seen) == seen
    assert 1_000 == seen[-1]
    states = dict(pushing.query(f"SELECT state, count(*) FROM {SCHEMA}.rows GROUP BY state"))
    assert {"accepted": 999, "rejected": 1} == states


def test_nothing_is_sent_without_the_lease(pushing: Pushing) -> None:
    """A process whose lease was taken over writes no batch, and so sends none."""

    def send(_: Batch) -> SendResult:
        raise AssertionError

    with pytest.raises(LeaseLost), _run(pushing, 10, "i::VARCHAR") as (context, run_id):
        lock = context.journal.file.parent / f"push.{context.push_id.workspace}.users.lock"
        lock.unlink()
        with hold_lease(context.journal, context.push_id):
            _deliver(context, run_id, send)
