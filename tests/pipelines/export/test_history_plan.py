"""The plan of a history leaves out what was seen to be empty, and nothing else."""

from typing import Any

import pytest

from pipelines.connect import client as connected
from pipelines.errors import ConfigError
from pipelines.export import DeliveriesRequest, HistoryPlan, plan_history, prepare_history
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse

DAY = 86_400
PARENTS = ("campaigns", "broadcasts", "newsletters", "transactional_messages")
COUNTS = ("campaignMetrics", "getNewsletterMetrics", "transactionalMetrics", "broadcastMetrics")


@pytest.fixture
def planning(warehouse: Warehouse) -> Warehouse:
    """A warehouse that knows the parents and nothing of their deliveries."""
    warehouse.sync(*PARENTS)
    warehouse.sandbox.stats.clear()
    return warehouse


def _plan(warehouse: Warehouse, days: float, end: int | None = None) -> HistoryPlan:
    with connected(warehouse.settings) as client:
        return plan_history(warehouse.settings, client, int(warehouse.sandbox.clock.now() - days * DAY), end)


def _number(warehouse: Warehouse, request: DeliveriesRequest) -> int:
    """The deliveries that the workspace has for a request."""
    ((name, parent),) = request.parents.items()
    assert request.start is not None
    assert request.end is not None
    return sum(
        row[name] == parent and request.start <= row["created"] <= request.end
        for row in warehouse.sandbox.rows("messages")
    )


def _assert_sound(warehouse: Warehouse, plan: HistoryPlan) -> None:
    """What is left out is empty; little of what is exported is.

    A count is of all actions of a broadcast, has drafts in it, and is of whole periods.
    """
    assert {0} >= {_number(warehouse, request) for request in plan.empty}
    numbers = [_number(warehouse, request) for request in plan.requests]
    assert numbers.count(0) <= 2 <= len(numbers)


@pytest.mark.proof
@pytest.mark.parametrize("days", [3, 44, 80, 200, 700])
def test_every_parent_with_deliveries_is_exported_and_no_other(planning: Warehouse, days: int) -> None:
    """By days, weeks and months of version 1, and by days of version 2."""
    plan = _plan(planning, days)

    _assert_sound(planning, plan)
    start = planning.sandbox.clock.now() - days * DAY
    total = sum(row["created"] >= start for row in planning.sandbox.rows("messages"))
    assert total == sum(_number(planning, request) for request in plan.requests)
    asked = planning.sandbox.stats.by_operation
    assert plan.asked == sum(asked.get(name, 0) for name in COUNTS)


@pytest.mark.proof
def test_a_time_that_is_over_and_begins_within_a_day(planning: Warehouse) -> None:
    """Periods at both ends are counted as a whole; nothing that has deliveries is left out."""
    end = planning.sandbox.clock.now() - 10 * DAY - 5_000

    plan = _plan(planning, 30.4, end)

    assert {0} == {_number(planning, request) for request in plan.empty}
    assert {end - 1} == {request.end for request in plan.requests}


@pytest.mark.proof
def test_counting_costs_less_than_it_saves(warehouse: Warehouse) -> None:
    """Of what a sync has read, parents with deliveries are known: only the others are counted."""
    warehouse.sync(*PARENTS, "messages", "campaign_metrics", "newsletter_metrics", "transactional_metrics")
    warehouse.sandbox.stats.clear()

    plan = _plan(warehouse, 42)

    _assert_sound(warehouse, plan)
    # An export takes an order and a link.
    assert 0 < plan.asked < 2 * len(plan.empty)


def test_a_parent_that_was_created_later_is_not_counted(planning: Warehouse) -> None:
    """The time before a parent was created is empty without a request."""
    end = planning.sandbox.clock.now() - 365 * DAY * 3
    with pytest.raises(ConfigError, match="ends before it begins"):
        _plan(planning, 1, planning.sandbox.clock.now() - 2 * DAY)

    plan = _plan(planning, 4 * 365, end)

    assert ((), (), 0) == (plan.requests, plan.empty, plan.asked)


@pytest.mark.parametrize(
    "change",
    [
        {"status": 403},
        {"status": 404},
        {"document": {"metric": {"series": None}}},
        {"document": {"metric": {"series": {"sent": [0] * 45}}}},
        {"document": {"metric": {"series": {"created": [0, 0, 0]}}}},
        {"document": {"metric": {"series": {"created": [0] * 5_000}}}},
    ],
    ids=["not allowed", "deleted", "no series", "other series", "few periods", "other periods"],
)
def test_what_is_not_told_is_exported(planning: Warehouse, change: dict[str, Any]) -> None:
    """A parent-year of which nothing is known is exported."""
    planning.sandbox.faults.add(*(Fault(operation=name, times=None, **change) for name in COUNTS))

    plan = _plan(planning, 30)

    assert () == plan.empty
    assert {0} < {_number(planning, request) for request in plan.requests}


def test_counts_are_noted_for_a_day(planning: Warehouse) -> None:
    """A run that goes on asks for no count again; a plan alone notes nothing."""
    start = planning.sandbox.clock.now() - 30 * DAY
    seen = _plan(planning, 30)
    first = prepare_history(planning.settings, start)
    second = prepare_history(planning.settings, start)

    assert (seen.asked, seen.requests) == (first.asked, first.requests)
    assert first.asked > 0 == second.asked
    assert (first.requests, first.empty) == (second.requests, second.empty)


def test_without_a_parent_it_says_what_to_do(warehouse: Warehouse) -> None:
    """Without parents in the warehouse the message names the command that loads them."""
    warehouse.sync("segments")

    with pytest.raises(ConfigError, match="cio-elt sync"):
        _plan(warehouse, 1)


def test_a_day_later_all_are_ordered_again(planning: Warehouse) -> None:
    """Requests of one day are equal; those of the next day reach further."""
    start = planning.sandbox.clock.now() - 30 * DAY
    first = prepare_history(planning.settings, start)
    planning.sandbox.clock.advance(DAY)
    planning.sync("campaigns")

    second = prepare_history(planning.settings, start)

    assert second.asked > 0
    assert {(request.end or 0) + DAY for request in first.requests} == {r.end for r in second.requests}
