"""Campaigns, and the errors for missing and malformed ids."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Fault, Sandbox

Reader = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/campaigns/77", 404),
        ("/v1/campaigns/77/actions", 404),
        ("/v1/campaigns/1/actions/77", 404),
        ("/v1/campaigns/one", 400),
        ("/v1/broadcasts/one", 400),
        ("/v1/broadcasts/77/messages", 404),
        ("/v1/newsletters/77", 404),
        ("/v1/newsletters/one", 404),
        ("/v1/segments/77/membership", 404),
        ("/v1/exports/77", 404),
        ("/v1/exports/77/download", 404),
        ("/v1/messages/dgOq6QWq6QUBAAF4_CGoeVX7mFkDbRFu7ek=", 404),
    ],
)
def test_missing_and_malformed_ids(api: httpx.Client, path: str, status: int) -> None:
    """An unknown id is 404; one that is not a number is 400 below campaigns and broadcasts."""
    response = api.get(path)

    assert response.status_code == status
    assert response.json()["errors"][0]["status"] == str(status)


def test_lists_are_the_truth(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """The list of campaigns and those of their actions have every row of the workspace."""
    assert api.get("/v1/campaigns").json()["campaigns"] == list(tiny.rows("campaigns"))
    actions = [
        row for campaign in tiny.rows("campaigns")
        for row in read(api, f"/v1/campaigns/{campaign['id']}/actions", "actions")
    ]  # fmt: skip
    assert sorted(actions, key=_id) == sorted(tiny.rows("campaign_actions"), key=_id)


def test_a_draft_has_the_keys_of_a_live_one(small: Sandbox, small_api: httpx.Client) -> None:
    """A segment's trigger is `seg_attr`, `tags` null; keys of what it does not have are absent."""
    draft = int(small.add("campaigns", name="Draft", state="draft", active=False))

    campaign = small_api.get(f"/v1/campaigns/{draft}").json()["campaign"]

    assert set(campaign) == {
        "id", "deduplicate_id", "name", "description", "type", "created", "updated", "active", "state",
        "actions", "first_started", "tags", "trigger_segment_ids", "scheduled_start", "scheduled_stop",
        "scheduled_start_should_backfill", "scheduled_stop_should_sunset",
    }  # fmt: skip
    assert (campaign["type"], campaign["description"], campaign["tags"]) == ("seg_attr", "", None)
    assert (campaign["actions"], campaign["first_started"], campaign["scheduled_stop"]) == ([], 0, 0)


def test_a_deleted_campaign_leaves_no_trace_but_its_deliveries(
    small: Sandbox, small_api: httpx.Client
) -> None:
    """Its actions are deleted, its child paths are 404, its deliveries stay, and no new ones are sent."""
    sent = [row["id"] for row in small.rows("messages") if row["campaign_id"] == 1]
    small.delete("campaigns", 1)
    small.clock.advance(10 * 86_400)

    assert small_api.get("/v1/campaigns/1/actions").status_code == 404
    assert small_api.get("/v1/campaigns/1/messages").status_code == 404
    assert [row["id"] for row in small.rows("messages") if row["campaign_id"] == 1] == sent


def test_a_parent_can_go_between_list_and_child(small: Sandbox, small_api: httpx.Client) -> None:
    """A fault deletes a campaign right after it was listed."""
    small.faults.add(Fault(operation="listCampaigns", then_delete=("campaigns", "2")))

    listed = [row["id"] for row in small_api.get("/v1/campaigns").json()["campaigns"]]

    assert 2 in listed
    assert small_api.get("/v1/campaigns/2/actions").status_code == 404


def _id(row: dict[str, Any]) -> int:
    return int(row["id"])
