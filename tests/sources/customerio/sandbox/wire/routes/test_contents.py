"""Contents of newsletters: variants, languages, test groups, and the effects of a deletion."""

from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

# In the tiny world: 1 is an A/B test, 4 has two languages, 7 is an A/B test in two languages.
TESTED, TRANSLATED, BOTH = 1, 4, 7


def _contents(api: httpx.Client, newsletter_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/v1/newsletters/{newsletter_id}/contents").json()["contents"]
    return found


def test_contents_are_those_of_the_newsletter_and_of_its_deliveries(tiny: Sandbox, api: httpx.Client) -> None:
    """The ids of a newsletter's contents are its `content_ids`, and no delivery names another one."""
    sent = {
        (row["newsletter_id"], row["content_id"]) for row in tiny.rows("messages") if row["newsletter_id"]
    }
    for newsletter in tiny.rows("newsletters"):
        contents = _contents(api, newsletter["id"])
        assert [row["id"] for row in contents] == newsletter["content_ids"]
        assert {row["type"] for row in contents} == {newsletter["type"]}
        named = {content_id for newsletter_id, content_id in sent if newsletter_id == newsletter["id"]}
        assert named <= set(newsletter["content_ids"])


def test_subjects_of_deliveries_are_those_of_their_contents(tiny: Sandbox) -> None:
    """A delivery has the subject of its content."""
    subjects = {row["id"]: row["subject"] for row in tiny.rows("newsletter_contents")}

    for row in tiny.rows("messages"):
        if row["content_id"] is not None:
            assert (row["subject"] or "") == subjects[row["content_id"]]


def test_a_content_carries_its_times_and_empty_text(api: httpx.Client) -> None:
    """`updated` is in `deduplicate_id`; unset text is "", headers are the text `[]` [live-estuary]."""
    content = _contents(api, TRANSLATED)[0]

    assert content["deduplicate_id"] == f"{content['id']}:{content['updated']}"
    assert 0 < content["created"] <= content["updated"]
    assert (content["body_plain"], content["body_amp"], content["cc"], content["bcc"]) == ("", "", "", "")
    assert (content["headers"], content["preprocessor"], content["test_group_id"]) == ("[]", "none", 0)
    assert content["reply_to_id"] is None


def test_the_first_test_group_is_number_zero(api: httpx.Client) -> None:
    """Groups count within their newsletter, and one of them has won."""
    groups = api.get(f"/v1/newsletters/{TESTED}/test_groups").json()["test_groups"]

    assert [group["id"] for group in groups] == [0, 1]
    assert [group["content_ids"] for group in groups] == [[10], [11]]
    assert sum(group["winner"] for group in groups) == 1
    assert set(groups[0]) == {"id", "name", "label", "winner", "content_ids"}


def test_a_newsletter_that_tests_nothing_has_no_groups(api: httpx.Client) -> None:
    """[] and no error."""
    assert api.get(f"/v1/newsletters/{TRANSLATED}/test_groups").json() == {"test_groups": []}


def test_a_language_of_a_newsletter_and_of_a_test_group(api: httpx.Client) -> None:
    """Each is a content of its own, which the list has too."""
    german = api.get(f"/v1/newsletters/{TRANSLATED}/language/de").json()["content"]
    tested = api.get(f"/v1/newsletters/{BOTH}/test_group/1/language/de").json()["content"]

    assert german in _contents(api, TRANSLATED)
    assert tested in _contents(api, BOTH)
    assert (german["language"], tested["language"]) == ("de", "de")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/newsletters/77/contents", 404),
        ("/v1/newsletters/77/test_groups", 404),
        ("/v1/newsletters/1/contents/20", 404),
        ("/v1/newsletters/4/language/fr", 400),
        ("/v1/newsletters/7/test_group/5/language/de", 404),
        ("/v1/newsletters/7/test_group/0/language/fr", 400),
        ("/v1/newsletters/4/test_group/0/language/de", 404),
    ],
)
def test_what_is_not_there(api: httpx.Client, path: str, status: int) -> None:
    """Missing things are 404, missing languages 400."""
    assert api.get(path).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/v1/newsletters/7/contents/70",
        "/v1/newsletters/4/language/de",
        "/v1/newsletters/7/test_group/1/language/de",
    ],
)
def test_contents_can_be_changed(path: str) -> None:
    """The body and the subject change, and so does `updated`; the newsletter's own stays."""
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
            newsletters = list(sandbox.rows("newsletters"))

            answer = api.put(path, json={"body": "Hi", "subject": "New"}).json()["content"]

            assert api.get(path).json()["content"] == answer
            assert (answer["body"], answer["subject"]) == ("Hi", "New")
            assert answer["updated"] == sandbox.clock.now()
            assert list(sandbox.rows("newsletters")) == newsletters


def test_a_deleted_newsletter_is_gone_and_its_deliveries_stay(
    small: Sandbox, small_api: httpx.Client
) -> None:
    """204, then 404; its contents and groups are deleted, its deliveries stay."""
    sent = [row["id"] for row in small.rows("messages") if row["newsletter_id"] == 1]
    assert any(row["newsletter_id"] == 1 for row in small.rows("newsletter_test_groups"))

    answers = [small_api.delete("/v1/newsletters/1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert answers[0].content == b""
    assert small_api.get("/v1/newsletters/1/contents").status_code == 404
    assert 1 not in {row["id"] for row in small_api.get("/v1/newsletters").json()["newsletters"]}
    for table in ("newsletter_contents", "newsletter_test_groups"):
        assert all(row["newsletter_id"] != 1 for row in small.rows(table))
    assert [row["id"] for row in small.rows("messages") if row["newsletter_id"] == 1] == sent


def test_truths_are_what_the_lists_say(tiny: Sandbox, api: httpx.Client) -> None:
    """Contents and groups of all newsletters together, groups with their newsletter's id."""
    ids = [row["id"] for row in tiny.rows("newsletters")]
    contents = [row for newsletter_id in ids for row in _contents(api, newsletter_id)]
    groups = [
        {"newsletter_id": newsletter_id, **row} for newsletter_id in ids
        for row in api.get(f"/v1/newsletters/{newsletter_id}/test_groups").json()["test_groups"]
    ]  # fmt: skip

    assert sorted(contents, key=lambda row: int(row["id"])) == sorted(
        tiny.rows("newsletter_contents"), key=lambda row: int(row["id"])
    )
    assert groups == list(tiny.rows("newsletter_test_groups"))


NEW = {"name": "News", "type": "email", "subject": "Hello", "recipients": {"segment": {"id": 1}}}


def test_languages_and_test_groups_are_added_and_removed(small_api: httpx.Client) -> None:
    """A language is added once, to a newsletter or to a test group; the first group makes two."""
    path = f"/v1/newsletters/{small_api.post('/v1/newsletters', json=NEW).json()['newsletter']['id']}"
    added = small_api.post(f"{path}/language", json={"language": "it", "subject": "Ciao"}).json()["content"]
    assert ("it", "Ciao") == (added["language"], added["subject"])
    assert 409 == small_api.post(f"{path}/language", json={"language": "it"}).status_code
    assert 400 == small_api.post(f"{path}/language", json={"subject": "Ciao"}).status_code
    assert 204 == small_api.delete(f"{path}/language/it").status_code
    assert 400 == small_api.delete(f"{path}/language/it").status_code

    updated = small_api.post(f"{path}/test_groups").json()["newsletter"]
    groups = small_api.get(f"{path}/test_groups").json()["test_groups"]
    assert [0, 1] == [group["id"] for group in groups]
    assert updated["content_ids"] == [one for group in groups for one in group["content_ids"]]

    language = f"{path}/test_group/1/language"
    assert 200 == small_api.post(language, json={"language": "it", "subject": "Ciao B"}).status_code
    assert "Ciao B" == small_api.get(f"{language}/it").json()["content"]["subject"]
    assert 400 == small_api.get(f"{path}/test_group/0/language/it").status_code
    assert 204 == small_api.delete(f"{language}/it").status_code
    assert 400 == small_api.get(f"{language}/it").status_code
    assert 404 == small_api.post(f"{path}/test_group/7/language", json={"language": "it"}).status_code
