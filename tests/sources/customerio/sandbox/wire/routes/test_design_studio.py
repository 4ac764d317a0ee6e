"""Design Studio: lists by folder and time, details, writes, and its errors without a reference."""

from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.state.store.ids import WorkspaceIds

DS = "/v1/design_studio"
FOLDERS = [WorkspaceIds(1).uuid("design_studio_folders", number) for number in (1, 2, 3)]
WELCOME, SALE = (f"{DS}/emails/{WorkspaceIds(1).uuid('design_studio_emails', number)}" for number in (1, 2))


def _names(api: httpx.Client, kind: str, **params: Any) -> list[str]:
    rows = api.get(f"{DS}/{kind}", params=params).raise_for_status().json()[kind]
    return [row["name"] for row in rows]


def _detail(response: httpx.Response) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    assert {"detail": error["detail"], "status": str(response.status_code)} == error
    return response.status_code, error["detail"]


def test_rows_and_meta(small_api: httpx.Client) -> None:
    """Each list has its rows' keys, the folders beside them, and a total in `meta`."""
    keys = {"id", "name", "parent_folder_id", "created", "updated"}
    more = {
        "folders": set(),
        "emails": {"is_template", "is_linked", "has_translations"},
        "components": {"tag"},
    }
    for kind, own in more.items():
        body = small_api.get(f"{DS}/{kind}").json()
        assert {kind, "folders", "meta"} == body.keys()
        assert all(keys | own == row.keys() for row in body[kind])
        paging = {"page": 1, "limit": 1000, "total": len(body[kind])}
        assert {"pagination": paging, "filters": {}} == body["meta"]
        assert 3 == len(body["folders"])


def test_a_folder_has_what_lies_below_it(small_api: httpx.Client) -> None:
    """The subtree is listed unless only direct descendants are asked for; the root is the whole tree."""
    below = _names(small_api, "emails", parent_folder_id=FOLDERS[0])
    direct = {"direct_descendants_only": "true"}

    assert {"Welcome", "Spring sale", "Spring sale, reminder"} <= set(below)
    assert "Plain letter" not in below
    assert "Spring sale" not in _names(small_api, "emails", parent_folder_id=FOLDERS[0], **direct)
    assert ["Spring 2026"] == _names(small_api, "folders", parent_folder_id=FOLDERS[0])
    assert ["Campaigns", "Templates"] == _names(small_api, "folders", **direct)
    assert set(below) < set(_names(small_api, "emails"))


def test_the_window_is_open_at_both_ends(small: Sandbox, small_api: httpx.Client) -> None:
    """`updated_after` leaves out the second itself: the cursor of a sync is one second less."""
    small.clock.advance(3600)
    small_api.put(WELCOME, json={"name": "Hello"})
    at = small_api.get(WELCOME).json()["email"]["updated"]

    assert small.clock.now() == at
    assert ["Hello"] == _names(small_api, "emails", updated_after=at - 1)
    assert ["Hello"] == _names(small_api, "emails", updated_after=at - 1, updated_before=at + 1)
    assert [] == _names(small_api, "emails", updated_after=at)
    assert "Hello" not in _names(small_api, "emails", updated_before=at)
    body = small_api.get(f"{DS}/emails", params={"updated_after": at - 1, "limit": 1}).json()
    assert 1 == body["meta"]["pagination"]["total"]
    assert {"updated_after": str(at - 1)} == body["meta"]["filters"]


def test_order_pages_and_filters(small_api: httpx.Client) -> None:
    """Rows are sorted and cut as asked for; a page past the end is empty and has the true total."""
    names = _names(small_api, "emails", sort_by="name")
    assert sorted(names) == names
    assert names[::-1] == _names(small_api, "emails", sort_by="name", sort_order="desc")
    assert names[2:4] == _names(small_api, "emails", sort_by="name", page=2, limit=2)
    past = small_api.get(f"{DS}/emails", params={"page": 99, "limit": 2}).json()
    assert ([], len(names)) == (past["emails"], past["meta"]["pagination"]["total"])
    assert {"Plain letter", "Two columns"} == set(_names(small_api, "emails", is_template="true"))
    assert names == _names(small_api, "emails", sort_by="name", is_template="any")
    assert ["Welcome"] == _names(small_api, "emails", is_linked="true", has_translations="true")
    assert ["Footer"] == _names(small_api, "components", tag="x-footer")


@pytest.mark.parametrize(
    ("params", "status", "detail"),
    [
        ({"updated_after": "soon"}, 400, "invalid value for updated_after: soon"),
        ({"limit": "10001"}, 400, "limit must be an integer between 1 and 10000"),
        ({"limit": "0"}, 400, "limit must be an integer between 1 and 10000"),
        ({"page": "0"}, 400, "page must be an integer >= 1"),
        ({"sort_by": "size"}, 400, "sort_by must be one of: created, updated, name"),
        ({"sort_order": "up"}, 400, "sort_order must be one of: asc, desc"),
        ({"is_template": "maybe"}, 400, "invalid value for is_template: maybe"),
        ({"parent_folder_id": "77"}, 404, "parent folder not found"),
    ],
)
def test_bad_parameters(api: httpx.Client, params: dict[str, str], status: int, detail: str) -> None:
    """The texts are those that were seen live, without a reference."""
    assert (status, detail) == _detail(api.get(f"{DS}/emails", params=params))


def test_an_email_has_its_content(small_api: httpx.Client) -> None:
    """A single email has languages, content, envelope and transformers; an unknown id is a 404."""
    email = small_api.get(WELCOME).json()["email"]

    assert ["de", "fr"] == email["available_languages"]
    assert {"subject", "preheader_text", "html", "amp", "text"} == email["content"].keys()
    assert {"from_id", "reply_to_id", "recipient", "bcc", "fake_bcc", "headers"} == email["envelope"].keys()
    assert {} == email["transformers"]
    assert 404 == small_api.get(f"{DS}/emails/77").status_code


@pytest.mark.parametrize("kind", ["folder", "email", "component"])
def test_records_are_written(small: Sandbox, small_api: httpx.Client, kind: str) -> None:
    """A record is created in a folder, moved to the root, renamed and deleted."""
    body = {"name": "New", "parent_folder_id": FOLDERS[2]}
    made = small_api.post(f"{DS}/{kind}s", json=body).json()[kind]
    assert ("New", FOLDERS[2], small.clock.now()) == (made["name"], made["parent_folder_id"], made["created"])
    path = f"{DS}/{kind}s/{made['id']}"

    small.clock.advance(60)
    assert 204 == small_api.put(path, json={"name": "Newer", "parent_folder_id": None}).status_code
    changed = small_api.get(path).json()[kind]
    assert ("Newer", None) == (changed["name"], changed["parent_folder_id"])
    assert (made["created"], made["created"] + 60) == (changed["created"], changed["updated"])

    assert 204 == small_api.delete(path).status_code
    assert 404 == small_api.get(path).status_code


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 7}, {"name": "A", "parent_folder_id": "77"}])
@pytest.mark.parametrize("kind", ["folders", "emails", "components"])
def test_a_bad_body_is_refused(api: httpx.Client, kind: str, body: dict[str, Any]) -> None:
    """A record needs a name, and a folder that exists."""
    expected = 404 if "parent_folder_id" in body else 400
    assert expected == api.post(f"{DS}/{kind}", json=body).status_code
    assert 400 == api.post(f"{DS}/{kind}", content=b"[]").status_code


def test_parts_of_an_email_are_merged(small_api: httpx.Client) -> None:
    """A change of the subject keeps the rest; parts of another type are refused."""
    before = small_api.get(SALE).json()["email"]
    assert 204 == small_api.put(SALE, json={"content": {"subject": "Last days"}}).status_code
    after = small_api.get(SALE).json()["email"]

    assert ("Last days", before["content"]["html"]) == (after["content"]["subject"], after["content"]["html"])
    refused: tuple[dict[str, Any], ...] = (
        {"content": "x"},
        {"content": {"html": 3}},
        {"envelope": []},
        {"is_template": "yes"},
    )
    for wrong in refused:
        assert 400 == small_api.put(SALE, json=wrong).status_code


def test_what_is_in_use_is_not_deleted(small_api: httpx.Client) -> None:
    """A full folder, a linked email and a component of an email are a 409; a folder never lies in itself."""
    for path in (f"folders/{FOLDERS[0]}", WELCOME.removeprefix(DS + "/")):
        assert 409 == small_api.delete(f"{DS}/{path}").status_code
    header = WorkspaceIds(1).uuid("design_studio_components", 1)
    assert 409 == small_api.delete(f"{DS}/components/{header}").status_code
    moved = small_api.put(f"{DS}/folders/{FOLDERS[0]}", json={"parent_folder_id": FOLDERS[1]})
    assert (400, "a folder cannot be moved into itself") == _detail(moved)


def test_translations(small_api: httpx.Client) -> None:
    """A translation is added once, changed and removed; the email says which languages it has."""
    path = f"{SALE}/languages"
    assert {"email_translations": []} == small_api.get(path).json()
    body = {"language": "it", "content": {"subject": "Saldi"}}
    made = small_api.post(path, json=body).json()["email_translation"]
    assert ("it", "Saldi") == (made["language"], made["content"]["subject"])
    assert 409 == small_api.post(path, json=body).status_code
    assert 400 == small_api.post(path, json={}).status_code

    assert 204 == small_api.put(f"{path}/it", json={"content": {"subject": "Saldi!"}}).status_code
    assert "Saldi!" == small_api.get(f"{path}/it").json()["email_translation"]["content"]["subject"]
    assert ["it"] == small_api.get(SALE).json()["email"]["available_languages"]

    assert 204 == small_api.delete(f"{path}/it").status_code
    assert 404 == small_api.get(f"{path}/it").status_code


def test_days_change_some_emails(small: Sandbox, small_api: httpx.Client) -> None:
    """In two weeks emails are edited and some are added."""
    before = small_api.get(f"{DS}/emails").json()["emails"]
    since = small.clock.now()
    small.clock.advance(14 * 86_400)

    changed = _names(small_api, "emails", updated_after=since)
    assert 3 <= len(changed) < len(before)
    assert len(before) < len(_names(small_api, "emails"))
