"""Snippets: created, changed and deleted by name; one that a message uses cannot be deleted."""

import httpx
import pytest

from sources.customerio.sandbox import Sandbox


def _values(api: httpx.Client) -> dict[str, str]:
    return {row["name"]: row["value"] for row in api.get("/v1/snippets").json()["snippets"]}


def test_the_list_is_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """A snippet has a name, a value and a time of change, and no id."""
    listed = api.get("/v1/snippets").json()["snippets"]

    assert list(tiny.rows("snippets")) == listed
    assert {"name", "value", "updated_at"} == set(listed[0])


def test_a_snippet_is_made_changed_and_deleted(small: Sandbox, small_api: httpx.Client) -> None:
    """PUT creates and changes it, DELETE deletes it, and the list shows each step."""
    made = small_api.put("/v1/snippets", json={"name": "new one", "value": "a"}).json()["snippet"]
    assert {"name": "new one", "value": "a", "updated_at": small.clock.now()} == made
    small.clock.advance(60)

    changed = small_api.put("/v1/snippets", json={"name": "new one", "value": "b"}).json()["snippet"]

    assert ("b", made["updated_at"] + 60) == (changed["value"], changed["updated_at"])
    assert "b" == _values(small_api)["new one"]
    assert 204 == small_api.delete("/v1/snippets/new%20one").status_code
    assert "new one" not in _values(small_api)
    assert 404 == small_api.delete("/v1/snippets/new%20one").status_code


def test_post_makes_and_never_changes(small_api: httpx.Client) -> None:
    """An existing name is refused."""
    assert 200 == small_api.post("/v1/snippets", json={"name": "once", "value": "a"}).status_code
    assert 400 == small_api.post("/v1/snippets", json={"name": "once", "value": "b"}).status_code
    assert "a" == _values(small_api)["once"]


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": "", "value": "x"}, {"name": "x", "value": 1}])
def test_a_snippet_without_name_or_value_is_refused(api: httpx.Client, body: dict[str, object]) -> None:
    """Both are text, and both are needed."""
    assert 400 == api.put("/v1/snippets", json=body).status_code


def test_a_snippet_in_use_stays(small: Sandbox, small_api: httpx.Client) -> None:
    """It is a 400 while a message uses the snippet, and works afterwards."""
    small_api.put("/v1/snippets", json={"name": "sign", "value": "a"})
    refused = small_api.delete("/v1/snippets/signature")

    assert 400 == refused.status_code
    assert refused.json()["errors"][0]["detail"].startswith("unable to delete snippet in use")
    assert 204 == small_api.delete("/v1/snippets/sign").status_code
    for table in ("campaign_actions", "broadcast_actions"):
        for row in list(small.rows(table)):
            small.edit(table, row["id"], body="without")
    assert 204 == small_api.delete("/v1/snippets/signature").status_code


def test_a_name_with_a_slash_in_brackets(small: Sandbox, small_api: httpx.Client) -> None:
    """A name with other characters is used in brackets, and is encoded in a path."""
    path = "/v1/snippets/Gr%C3%B6%C3%9Fe%2FMa%C3%9Fe"
    small.edit("campaign_actions", "18", body='{{ snippets["Größe/Maße"] }}')
    assert 400 == small_api.delete(path).status_code

    small.edit("campaign_actions", "18", body="")
    assert 204 == small_api.delete(path).status_code
