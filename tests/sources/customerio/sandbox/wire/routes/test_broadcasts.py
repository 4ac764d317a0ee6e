"""API-triggered broadcasts."""

import httpx

from sources.customerio.sandbox import Sandbox


def test_the_list_is_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """The list has every broadcast of the workspace, and a single one is shown as the list shows it."""
    listed = api.get("/v1/broadcasts").json()["broadcasts"]

    assert listed == list(tiny.rows("broadcasts"))
    assert listed[0] == api.get(f"/v1/broadcasts/{listed[0]['id']}").json()["broadcast"]
