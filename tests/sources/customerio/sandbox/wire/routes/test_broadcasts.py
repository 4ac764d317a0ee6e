"""API-triggered broadcasts."""

import httpx

from sources.customerio.sandbox import Sandbox


def test_the_list_is_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """The list has every broadcast of the workspace, and a single one is shown as the list shows it."""
    listed = api.get("/v1/broadcasts").json()["broadcasts"]

    assert listed == list(tiny.rows("broadcasts"))
    assert listed[0] == api.get(f"/v1/broadcasts/{listed[0]['id']}").json()["broadcast"]


def test_the_keys_are_those_of_a_live_broadcast(api: httpx.Client) -> None:
    """A description, four keys of its schedule, `tags` null and no `msg_template_ids` [live-estuary]."""
    broadcast = api.get("/v1/broadcasts").json()["broadcasts"][0]

    assert set(broadcast) == {
        "id", "deduplicate_id", "name", "description", "type", "created", "updated", "active", "state",
        "actions", "first_started", "tags", "scheduled_start", "scheduled_stop",
        "scheduled_start_should_backfill", "scheduled_stop_should_sunset",
    }  # fmt: skip
    assert (broadcast["type"], broadcast["description"], broadcast["tags"]) == (
        "triggered_broadcast",
        "",
        None,
    )
    assert (broadcast["scheduled_start"], broadcast["scheduled_stop_should_sunset"]) == (0, False)
