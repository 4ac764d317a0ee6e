"""Campaigns, actions, broadcasts, newsletters."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Fault, Sandbox

Reader = Callable[..., list[dict[str, Any]]]


def test_action_ids_are_text_in_one_place_and_integers_in_the_other(api: httpx.Client) -> None:
    """The same action is "18" in its own list and 18 in its campaign's."""
    campaign = api.get("/v1/campaigns/1").json()["campaign"]
    actions = api.get("/v1/campaigns/1/actions").json()["actions"]

    assert actions[0]["id"] == str(campaign["actions"][0]["id"])
    assert isinstance(campaign["actions"][0]["id"], int)


def test_actions_come_ten_a_page_whatever_is_asked(api: httpx.Client, read: Reader) -> None:
    """`limit` is no parameter here; the thirteenth action is on the second page."""
    page = api.get("/v1/campaigns/1/actions", params={"limit": 100}).json()

    assert len(page["actions"]) == 10
    assert page["next"]
    assert len(read(api, "/v1/campaigns/1/actions", "actions")) == 13


def test_actions_have_empty_text_where_nothing_is_set(api: httpx.Client) -> None:
    """Unset text is "" and not null, there is no broadcast_id, and the template's id leads deduplicate_id."""
    action = api.get("/v1/campaigns/1/actions/18").json()["action"]

    assert action["language"] == ""
    assert "broadcast_id" not in action
    assert action["deduplicate_id"] == f"6:{action['updated']}"


def test_other_than_message_actions_are_listed(api: httpx.Client, read: Reader) -> None:
    """Branches and updates are actions too."""
    kinds = {row["type"] for row in read(api, "/v1/campaigns/1/actions", "actions")}

    assert {"attribute_update", "split_randomized"} <= kinds


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
    """What is gone is 404; ids that are no numbers are 400 below campaigns and broadcasts."""
    response = api.get(path)

    assert response.status_code == status
    assert response.json()["errors"][0]["status"] == str(status)


def test_lists_are_the_truth(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """The whole lists hold what the workspace holds."""
    assert api.get("/v1/campaigns").json()["campaigns"] == list(tiny.rows("campaigns"))
    assert api.get("/v1/broadcasts").json()["broadcasts"] == list(tiny.rows("broadcasts"))
    assert api.get("/v1/segments").json()["segments"] == list(tiny.rows("segments"))
    newsletters = read(api, "/v1/newsletters", "newsletters", limit=4)
    assert sorted(newsletters, key=_id) == sorted(tiny.rows("newsletters"), key=_id)
    actions = [
        row for campaign in tiny.rows("campaigns")
        for row in read(api, f"/v1/campaigns/{campaign['id']}/actions", "actions")
    ]  # fmt: skip
    assert sorted(actions, key=_id) == sorted(tiny.rows("campaign_actions"), key=_id)


def test_newsletters_sort(api: httpx.Client, read: Reader) -> None:
    """`sort=desc` turns the list around."""
    ascending = read(api, "/v1/newsletters", "newsletters")

    assert read(api, "/v1/newsletters", "newsletters", sort="desc", limit=3) == ascending[::-1]


def test_a_draft_newsletter_was_never_sent(api: httpx.Client) -> None:
    """`sent_at` is null until a newsletter goes out."""
    sent = {row["id"]: row["sent_at"] for row in api.get("/v1/newsletters").json()["newsletters"]}

    assert sent[9001] is None
    assert sent[1] > 0


def test_broadcast_actions_carry_their_broadcast(api: httpx.Client) -> None:
    """A broadcast's actions are listed whole, with the broadcast's id."""
    (action,) = api.get("/v1/broadcasts/501/actions").json()["actions"]

    assert action["broadcast_id"] == 501


def test_editing_an_action_leaves_its_campaign_alone(small: Sandbox) -> None:
    """`updated` of a campaign says nothing about its actions."""
    before = next(small.rows("campaigns"))
    small.clock.advance(60)

    small.edit("campaign_actions", "18", subject="New")

    action = next(row for row in small.rows("campaign_actions") if row["id"] == "18")
    assert action["updated"] == small.clock.now()
    assert action["deduplicate_id"] == f"6:{small.clock.now()}"
    assert next(small.rows("campaigns")) == before


def test_a_deleted_campaign_leaves_no_trace_but_its_deliveries(
    small: Sandbox, small_api: httpx.Client
) -> None:
    """Its actions go with it, its child calls are 404, what it sent stays, and it sends no more."""
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
