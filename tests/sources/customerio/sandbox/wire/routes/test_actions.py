"""Actions of campaigns and broadcasts: lists, single ones, languages, updates."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

Reader = Callable[..., list[dict[str, Any]]]

# The second campaign's first action and the second broadcast's action are in two languages.
CAMPAIGN, BROADCAST = "/v1/campaigns/2/actions/31", "/v1/broadcasts/502/actions/5002"


@pytest.mark.parametrize("path", [CAMPAIGN, BROADCAST])
def test_an_action_stands_in_its_list(api: httpx.Client, path: str) -> None:
    """The single call shows what the list shows, text ids below campaigns and integers below broadcasts."""
    listed = api.get(path.rpartition("/")[0]).json()["actions"]

    assert api.get(path).json()["action"] in listed


@pytest.mark.parametrize("path", [CAMPAIGN, BROADCAST])
def test_a_language_is_an_object_of_its_own(api: httpx.Client, path: str) -> None:
    """It shares the branch with the default one, whose `language` is "", and has its own id."""
    default = api.get(path).json()["action"]
    german = api.get(f"{path}/language/de").json()["action"]

    assert (default["language"], german["language"]) == ("", "de")
    assert default["id"] != german["id"]
    assert default["multi_language_branch_action_id"] == german["multi_language_branch_action_id"]
    assert german in api.get(path.rpartition("/")[0]).json()["actions"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{BROADCAST}/language/xx", 400),
        ("/v1/broadcasts/502/actions/18", 404),
        ("/v1/broadcasts/501/actions/5002", 404),
        ("/v1/broadcasts/77/actions/5002", 404),
        ("/v1/broadcasts/502/actions/one", 400),
        (f"{CAMPAIGN}/language/xx", 400),
        ("/v1/campaigns/2/actions/77/language/de", 404),
    ],
)
def test_what_is_not_there(api: httpx.Client, path: str, status: int) -> None:
    """An unknown action is 404, below another parent too; a language that it does not have is 400."""
    response = api.get(path)

    assert response.status_code == status
    assert response.json()["errors"][0]["status"] == str(status)


@pytest.mark.parametrize("path", [CAMPAIGN, BROADCAST, f"{CAMPAIGN}/language/de", f"{BROADCAST}/language/de"])
def test_what_an_action_says_can_be_changed(path: str) -> None:
    """Given fields change, read-only ones do not, `updated` moves and the parent's does not."""
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
            before = api.get(path).json()["action"]
            parent = api.get("/".join(path.split("/")[:4])).json()
            body = {"body": "New", "headers": [{"name": "X-Tag", "value": "a"}], "id": 5, "name": "Mine"}
            answer = api.put(path, json=body).json()["action"]
            after = api.get(path).json()["action"]

            assert answer == after
            changed = {name for name in after if after[name] != before.get(name)}
            assert changed <= {"body", "headers", "updated", "deduplicate_id"}
            assert (after["body"], after["headers"]) == ("New", '[{"name":"X-Tag","value":"a"}]')
            assert after["updated"] == sandbox.clock.now()
            assert api.get("/".join(path.split("/")[:4])).json() == parent


@pytest.mark.parametrize(
    "body", [{"body": 5}, {"sending_state": "maybe"}, {"from_id": "one"}, {"headers": [{"name": "ü"}]}, []]
)
def test_a_wrong_type_changes_nothing(api: httpx.Client, body: Any) -> None:
    """400, and the action is as it was."""
    before = api.get(BROADCAST).json()

    assert api.put(BROADCAST, json=body).status_code == 400
    assert api.get(BROADCAST).json() == before


def test_a_sender_brings_its_address(small: Sandbox, small_api: httpx.Client) -> None:
    """`from` is read-only and follows `from_id`."""
    sender = next(row for row in small.rows("sender_identities") if row["id"] != 1)
    path = "/v1/broadcasts/501/actions/5001"

    action = small_api.put(path, json={"from_id": sender["id"], "from": "no"}).json()["action"]

    assert (action["from_id"], action["from"]) == (sender["id"], sender["email"])


def test_a_truth_is_what_the_lists_say(tiny: Sandbox, api: httpx.Client) -> None:
    """The actions of all broadcasts together."""
    listed = [
        row for broadcast in tiny.rows("broadcasts")
        for row in api.get(f"/v1/broadcasts/{broadcast['id']}/actions").json()["actions"]
    ]  # fmt: skip

    assert listed == list(tiny.rows("broadcast_actions"))
    assert len(listed) == 3


def test_action_ids_are_text_in_one_place_and_integers_in_the_other(api: httpx.Client) -> None:
    """The same action is "18" in its own list and 18 in its campaign's."""
    campaign = api.get("/v1/campaigns/1").json()["campaign"]
    actions = api.get("/v1/campaigns/1/actions").json()["actions"]

    assert actions[0]["id"] == str(campaign["actions"][0]["id"])
    assert isinstance(campaign["actions"][0]["id"], int)


def test_actions_come_ten_a_page_for_every_limit(api: httpx.Client, read: Reader) -> None:
    """`limit` is not a parameter here; the thirteenth action is on the second page."""
    page = api.get("/v1/campaigns/1/actions", params={"limit": 100}).json()

    assert len(page["actions"]) == 10
    assert page["next"]
    assert len(read(api, "/v1/campaigns/1/actions", "actions")) == 13


def test_the_last_actions_have_no_next_and_foreign_tokens_are_400(api: httpx.Client) -> None:
    """The key is absent at the end [live-estuary]; a token of another list is a 400, of broadcasts too."""
    foreign = api.get("/v1/messages", params={"limit": 1}).json()["next"]
    page = api.get("/v1/campaigns/1/actions").json()

    assert "next" not in api.get("/v1/campaigns/1/actions", params={"start": page["next"]}).json()
    assert "next" not in api.get("/v1/broadcasts/501/actions").json()
    for parent in ("campaigns/1", "broadcasts/501"):
        for start in (foreign, "MQ==", "no token"):
            assert api.get(f"/v1/{parent}/actions", params={"start": start}).status_code == 400


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


def test_broadcast_actions_carry_their_broadcast(api: httpx.Client) -> None:
    """A broadcast's actions are listed on one page, with the broadcast's id."""
    (action,) = api.get("/v1/broadcasts/501/actions").json()["actions"]

    assert action["broadcast_id"] == 501


def test_editing_an_action_leaves_its_campaign_alone(small: Sandbox) -> None:
    """An edit of an action does not change `updated` of its campaign."""
    before = next(small.rows("campaigns"))
    small.clock.advance(60)

    small.edit("campaign_actions", "18", subject="New")

    action = next(row for row in small.rows("campaign_actions") if row["id"] == "18")
    assert action["updated"] == small.clock.now()
    assert action["deduplicate_id"] == f"6:{small.clock.now()}"
    assert next(small.rows("campaigns")) == before
