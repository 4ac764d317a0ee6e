"""Transactional templates and their contents."""

import httpx
import pytest

from sources.customerio.sandbox import Sandbox


def test_the_list_of_templates_is_called_messages(tiny: Sandbox, api: httpx.Client) -> None:
    """The list and the single call show the truth."""
    rows = api.get("/v1/transactional").json()["messages"]

    assert rows == list(tiny.rows("transactional_messages"))
    assert api.get("/v1/transactional/2").json() == {"message": rows[1]}
    assert "deduplicate_id" not in rows[0]


def test_deliveries_name_templates_and_contents_that_exist(tiny: Sandbox) -> None:
    """Every transactional delivery's template and content can be listed."""
    contents = {(row["transactional_id"], row["id"]) for row in tiny.rows("transactional_contents")}
    sent = {
        (row["transactional_message_id"], row["msg_template_id"])
        for row in tiny.rows("messages")
        if row["transactional_message_id"]
    }

    assert sent
    assert sent <= contents


def test_contents_do_not_carry_their_template(tiny: Sandbox, api: httpx.Client) -> None:
    """The truth has the template's id beside what the list shows."""
    listed = [
        {"transactional_id": row["id"], **content} for row in tiny.rows("transactional_messages")
        for content in api.get(f"/v1/transactional/{row['id']}/contents").json()["contents"]
    ]  # fmt: skip

    assert sorted(listed, key=lambda row: row["id"]) == sorted(
        tiny.rows("transactional_contents"), key=lambda row: row["id"]
    )
    assert {row["type"] for row in listed} == {"email", "push", "twilio", "in_app", "inbox"}


def test_unset_fields_of_a_template_s_content_are_null(api: httpx.Client) -> None:
    """Unlike in other contents; there are no `layout`, parent and `deduplicate_id` [live-estuary]."""
    content = api.get("/v1/transactional/1/contents").json()["contents"][0]

    assert {content[name] for name in ("bcc", "cc", "recipient", "preheader_text")} == {None}
    assert not {"layout", "transactional_id", "deduplicate_id"} & set(content)


def test_one_language_comes_in_a_list(api: httpx.Client) -> None:
    """`content` is a list of one, as documented."""
    (german,) = api.get("/v1/transactional/2/language/de").json()["content"]

    assert german["language"] == "de"
    assert german in api.get("/v1/transactional/2/contents").json()["contents"]


@pytest.mark.parametrize("path", ["/v1/transactional/1/content/900", "/v1/transactional/1/language/"])
def test_an_update_overwrites_the_whole_content(small: Sandbox, small_api: httpx.Client, path: str) -> None:
    """Fields that the body lacks become empty; read-only fields stay."""
    if path.endswith("language/"):
        small.add("transactional_contents", transactional_id=1, language="fr", body="Bonjour", subject="Reçu")
        path += "fr"

    (content,) = small_api.put(path, json={"body": "<p>Hi</p>", "name": "Mine"}).json()["content"]

    assert (content["body"], content["subject"], content["headers"]) == ("<p>Hi</p>", "", "[]")
    assert content["name"] != "Mine"
    assert content["updated"] == small.clock.now()


@pytest.mark.parametrize(
    ("path", "status", "key"),
    [
        ("/v1/transactional/77/content/900", 404, "errors"),
        ("/v1/transactional/1/content/901", 404, "errors"),
        ("/v1/transactional/1/language/xx", 400, "meta"),
    ],
)
def test_updates_of_nothing(api: httpx.Client, path: str, status: int, key: str) -> None:
    """404 in the list of errors, 400 in `meta`, as around transactional messages [spec25]."""
    response = api.put(path, json={"body": "x"})

    assert response.status_code == status
    assert set(response.json()) == {key}


def test_a_wrong_type_is_told_in_meta(api: httpx.Client) -> None:
    """`{"meta": {"error": ...}}` names the field."""
    response = api.put("/v1/transactional/1/content/900", json={"body": 5})

    assert (response.status_code, response.json()) == (400, {"meta": {"error": "body must be a string"}})


def test_the_messages_of_a_template(tiny: Sandbox, api: httpx.Client) -> None:
    """A request goes back twelve months with bounds and six without; `state` lists drafts."""
    whole = [row for row in tiny.rows("messages") if row["transactional_message_id"] == 1]
    now = tiny.clock.now()
    bounds = {"start_ts": 0, "end_ts": now, "limit": 1000}

    found = api.get("/v1/transactional/1/messages", params=bounds).json()["messages"]
    recent = api.get("/v1/transactional/1/messages", params={"limit": 1000}).json()["messages"]

    assert found == whole
    assert recent == [row for row in whole if row["created"] >= now - 183 * 86_400]
    assert len(recent) < len(whole)
    assert api.get("/v1/transactional/1/messages", params={"state": "drafted"}).json()["messages"] == []
    assert api.get("/v1/transactional/77/messages").status_code == 404
