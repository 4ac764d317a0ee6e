"""Errors without a reference, beside those with one."""

import httpx


def test_only_some_errors_have_a_reference(api: httpx.Client) -> None:
    """A wrong type of suppression has none; a missing campaign has one."""
    plain = api.get("/v1/esp/suppression/drops").json()["errors"][0]["detail"]
    usual = api.get("/v1/campaigns/777/actions").json()["errors"][0]["detail"]

    assert "(reference " not in plain
    assert "(reference " in usual
