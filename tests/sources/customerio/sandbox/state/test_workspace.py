"""Changes of a workspace that have effects on several parts of it."""

from dataclasses import replace

import pytest

from sources.customerio.sandbox import SCALES, Sandbox
from sources.customerio.sandbox.state.store.conditions import equals
from sources.customerio.sandbox.state.store.errors import NotFound
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.workspace import Workspace

NOW = 1_792_058_400


@pytest.fixture
def workspace() -> Workspace:
    """An empty workspace."""
    return Workspace(seed=1, region="us", now=NOW)


def test_children_are_deleted_with_their_parent(workspace: Workspace) -> None:
    """Deleting a campaign deletes its actions and those of no other campaign."""
    first, second = (workspace.add_record("campaigns", {"name": name}, NOW) for name in ("a", "b"))
    for campaign in (first, first, second):
        workspace.add_record("campaign_actions", {"campaign_id": campaign, "type": "email"}, NOW)

    workspace.delete_record("campaigns", first, NOW)

    assert [row["campaign_id"] for row in workspace.tables["campaign_actions"]] == [second]
    with pytest.raises(NotFound, match=f"campaign with id {first} does not exist"):
        workspace.edit_record("campaigns", first, {"name": "c"}, NOW)


def test_a_removed_person_leaves_segments_and_a_tombstone(workspace: Workspace) -> None:
    """A suppressed person is no member any more, has a tombstone, and the identifiers are blocked."""
    person = Person(number=workspace.people.next_number(), created_at=NOW, id="ann", email="Ann@example.com")
    workspace.add_person(person, logged=True)
    segment = workspace.add_record("segments", {"name": "manual"}, NOW)
    workspace.segments.set_member(segment, person.number, member=True)

    workspace.remove_person(person, "suppressed", NOW + 5)

    tombstone = workspace.people.tombstones[person.number]
    assert workspace.segments.count(segment) == 0
    assert (tombstone.reason, tombstone.at, tombstone.person.id) == ("suppressed", NOW + 5, "ann")
    assert workspace.people.find("ann") is None
    assert workspace.people.is_suppressed("email", "ann@EXAMPLE.com")


def test_attribute_changes_are_logged_and_evaluated(workspace: Workspace) -> None:
    """A changed attribute is an activity, and dynamic segments follow; an unchanged one is neither."""
    person = Person(number=workspace.people.next_number(), created_at=NOW, id="ann")
    workspace.add_person(person, logged=False)
    fields = {"name": "pro", "conditions": equals("plan", "pro")}
    segment = workspace.add_record("segments", fields, NOW)

    workspace.set_attributes(person, {"plan": "pro"}, NOW)
    workspace.set_attributes(person, {"plan": "pro"}, NOW)

    assert workspace.segments.is_member(segment, person.number)
    assert len(workspace.activities) == 1


def test_activities_of_deliveries_that_are_never_sent_go_with_their_campaign() -> None:
    """A deleted campaign sends no more: each activity of a delivery is of one that is there."""
    sandbox = Sandbox(scale=replace(SCALES["tiny"], name="dense", deliveries=9_000))
    for campaign in [row["id"] for row in sandbox.rows("campaigns")]:
        sandbox.delete("campaigns", campaign)
    sandbox.clock.advance(86_400)

    sent = {row["id"] for row in sandbox.rows("messages")}
    logged = [row for row in sandbox.rows("activities") if not row["type"].startswith("drafted_")]
    named = {row["delivery_id"] for row in logged} - {None}

    assert len(named) > 20
    assert named <= sent
