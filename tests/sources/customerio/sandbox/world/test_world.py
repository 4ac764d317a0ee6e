"""The world: the same for every way to move its clock, and of a realistic size."""

from typing import Any

import pytest

from sources.customerio.catalogue import RESOURCES
from sources.customerio.sandbox import DEFAULT_START, SCALES, Clock, Sandbox, Scale
from sources.customerio.sandbox.state.truth.tables import TABLES
from sources.customerio.sandbox.world import world

_DAY = 86_400


def _everything(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    return {row.table: list(sandbox.rows(row.table)) for row in RESOURCES}


@pytest.mark.proof
def test_a_seed_is_a_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed and scale give the same rows in every table; another seed gives others."""
    first = _everything(Sandbox(seed=7))
    # Planned anew, not from the days that are kept.
    monkeypatch.setattr(world, "_PACKED", {})

    assert _everything(Sandbox(seed=7)) == first
    assert _everything(Sandbox(seed=8))["messages"] != first["messages"]


@pytest.mark.proof
def test_the_way_through_time_does_not_matter(small: Sandbox) -> None:
    """One move of six days and many uneven moves, with reads between, end in the same workspace."""
    at_once, in_steps = Sandbox(seed=3), Sandbox(seed=3)
    at_once.clock.advance(6 * _DAY)
    for seconds in (1, _DAY, 2 * _DAY + 7, _DAY // 2, 2 * _DAY, _DAY // 2 - 8):
        in_steps.clock.advance(seconds)
        list(in_steps.rows("activities"))

    assert _everything(at_once) == _everything(in_steps)
    assert list(small.rows("people"))


def test_history_and_future_are_one_world() -> None:
    """A world that starts later has the same past as an earlier one whose clock moved on."""
    earlier = Sandbox(seed=5)
    earlier.clock.advance(2 * _DAY)
    ids = {row["id"] for row in earlier.rows("messages")}
    again = Sandbox(seed=5)

    assert {row["id"] for row in again.rows("messages")} < ids


@pytest.mark.proof
def test_time_brings_new_things() -> None:
    """In forty days there are new deliveries, people, memberships, a campaign and a newsletter."""
    sandbox = Sandbox()
    before = _everything(sandbox)
    sandbox.clock.advance(40 * _DAY)
    after = _everything(sandbox)

    for table in ("messages", "campaigns", "newsletters"):
        assert {row["id"] for row in after[table]} > {row["id"] for row in before[table]}
    cio_ids = {row["identifiers"]["cio_id"] for row in after["people"]}
    assert cio_ids - {row["identifiers"]["cio_id"] for row in before["people"]}
    members = {(row["segment_id"], row["cio_id"]) for row in after["segment_memberships"]}
    assert members - {(row["segment_id"], row["cio_id"]) for row in before["segment_memberships"]}


def test_tiny_is_what_it_says() -> None:
    """About 60 people, 5 campaigns, hundreds of deliveries of every age, some 400 activities."""
    tables = _everything(Sandbox())
    ages = sorted((DEFAULT_START - row["created"]) // _DAY for row in tables["messages"])

    assert 50 <= len(tables["people"]) <= 60
    assert len(tables["campaigns"]) == 5
    assert 400 <= len(tables["messages"]) <= 550
    assert 250 <= len(tables["activities"]) <= 500
    assert ages[0] <= 7
    assert ages[-1] > 270
    assert any(8 <= age <= 30 for age in ages)
    assert any(31 <= age <= 180 for age in ages)


def test_a_workspace_counts_late(small: Sandbox) -> None:
    """The account's workspaces are all listed; our people's count is as of the last full two hours."""
    small.clock.advance(60)
    ours = next(small.rows("workspaces"))
    assert len(list(small.rows("workspaces"))) == 3

    small.add("people", id="ann")
    small.clock.advance(1800)
    assert next(small.rows("workspaces"))["people"] == ours["people"]

    small.clock.advance(7200)
    assert next(small.rows("workspaces"))["people"] > ours["people"]


def test_rows_know_every_table(small: Sandbox) -> None:
    """Every resource of the catalogue has its rows, and an unknown table is an error."""
    assert set(TABLES) == {row.table for row in RESOURCES}

    with pytest.raises(ValueError, match="has no table"):
        small.rows("nonsense")


def test_reset_is_the_beginning(small: Sandbox) -> None:
    """A reset restores the workspace and the knobs."""
    before = _everything(small)
    small.clock.advance(9 * _DAY)
    small.add("people", id="ann")
    small.delete("campaigns", 1)
    small.edit("campaigns", 2, name="another")
    for person in [row for row in small.rows("people") if row["id"]]:
        small.edit("people", person["id"], plan="another")
    small.knobs.wrong_region = True

    small.reset()

    assert _everything(small) == before
    assert small.knobs.wrong_region is False


def test_columns_not_dicts() -> None:
    """A world of the large kind keeps a delivery in about 150 bytes and an activity in about 50."""
    scale = Scale(
        name="wide", people=500, campaigns=8, newsletter_every_days=7, broadcasts=2, segments=8,
        deliveries=30_000, events=10_000, burst=1_500, history_days=60,
    )  # fmt: skip
    sandbox = Sandbox(scale=scale)
    with sandbox._engine.workspace() as workspace:
        deliveries, activities = workspace.deliveries, workspace.activities
        deliveries_each = deliveries.columns.nbytes / len(deliveries)
        activities_each = activities.columns.nbytes / len(activities)

    assert len(deliveries) > 20_000
    assert deliveries_each < 180
    assert activities_each < 60


def test_a_ticking_clock_ticks() -> None:
    """A clock for the command line follows real time; both kinds move on and never back."""
    frozen, ticking = Clock(1_000), Clock(1_000, ticking=True)

    assert frozen.now() == 1_000
    assert ticking.now() >= 1_000
    assert frozen.advance(5) == 1_005
    with pytest.raises(ValueError, match="only moves forward"):
        frozen.advance(-1)


def test_a_clock_or_an_instant() -> None:
    """Giving both is refused; `now` moves the whole world."""
    with pytest.raises(ValueError, match="both a clock and an instant"):
        Sandbox(clock=Clock(5), now=6)
    later = Sandbox(now=1_900_000_000)
    assert max(row["created"] for row in later.rows("messages")) > 1_899_000_000
    assert set(SCALES) == {"tiny", "demo", "large"}
