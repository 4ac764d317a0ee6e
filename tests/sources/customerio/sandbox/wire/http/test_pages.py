"""Tokens of lists: what each says, how each list ends, and what follows a token past the end."""

import base64
from typing import Any

import httpx
import pytest

MESSAGES = ("/v1/messages", "messages", "v20:{}")
OF_NEWSLETTER = ("/v1/newsletters/1/messages", "messages", "v20:{}")
OF_PERSON = ("/v1/customers/user-1/messages", "messages", "v20:{}")
NEWSLETTERS = ("/v1/newsletters", "newsletters", "{}")
SENDERS = ("/v1/sender_identities", "sender_identities", "{}")
MEMBERS = ("/v1/segments/1/membership", "identifiers", "{0}:{0}")
ACTIONS, BROADCAST_ACTIONS = "/v1/campaigns/1/actions", "/v1/broadcasts/501/actions"
OPTOUTS = ("/v1/optouts", "optouts", "{0}:{0}")
_FAR = 1 << 30
_NO_TOKEN = base64.b64encode(b"no token").decode()


def _token(form: str, position: int) -> str:
    return base64.b64encode(form.format(position).encode()).decode()


def _pages(api: httpx.Client, path: str, limit: int) -> list[dict[str, Any]]:
    """The pages from the first to the one without a token."""
    pages: list[dict[str, Any]] = []
    start = ""
    while len(pages) < 100:
        asked: dict[str, str | int] = {"limit": limit} | ({"start": start} if start else {})
        pages.append(api.get(path, params=asked).raise_for_status().json())
        start = pages[-1].get("next") or ""
        if not start:
            return pages
    pytest.fail(f"{path} has no end")


@pytest.mark.parametrize(("path", "key", "form"), [MESSAGES, NEWSLETTERS, SENDERS])
def test_a_token_is_a_position(api: httpx.Client, path: str, key: str, form: str) -> None:
    """After two rows the token says 2; deliveries say it in a form of their own."""
    first = api.get(path, params={"limit": 2}).json()

    assert first["next"] == _token(form, 2)
    assert api.get(path, params={"limit": 1, "start": first["next"]}).json()[key] != first[key][:1]


@pytest.mark.parametrize(("path", "key", "form"), [MESSAGES, OF_NEWSLETTER])
def test_deliveries_begin_again_past_their_end(api: httpx.Client, path: str, key: str, form: str) -> None:
    """The last page has an empty `next`; a token past it leads to the first page and its `next`."""
    limit = 100
    assert _pages(api, path, limit)[-1]["next"] == ""
    first = api.get(path, params={"limit": limit}).json()
    count = sum(len(page[key]) for page in _pages(api, path, limit))

    for position in (count, _FAR):
        past = api.get(path, params={"limit": limit, "start": _token(form, position)}).json()
        assert past == first


def test_a_persons_deliveries_end_without_next(api: httpx.Client) -> None:
    """The key is absent on the last page."""
    path, _, _ = OF_PERSON

    assert "next" not in _pages(api, path, 100)[-1]


@pytest.mark.parametrize(("path", "key", "form"), [NEWSLETTERS, SENDERS])
def test_positions_end_with_an_empty_page(api: httpx.Client, path: str, key: str, form: str) -> None:
    """The page with the last row has a `next`; the one after it is empty, as is every one past the end."""
    pages = _pages(api, path, 1)
    assert [bool(page[key]) for page in pages] == [True] * (len(pages) - 1) + [False]
    assert pages[-1] == {key: [], "next": ""}

    assert api.get(path, params={"start": _token(form, _FAR)}).json() == {key: [], "next": ""}


def test_members_end_with_an_empty_next(api: httpx.Client) -> None:
    """Past the end, and with a token of another place, the lists are null and `next` is empty."""
    path, _, form = MEMBERS
    assert _pages(api, path, 20)[-1]["next"] == ""

    past = api.get(path, params={"start": _token(form, _FAR)}).json()

    assert past == {"segment_id": 1, "ids": None, "identifiers": None, "next": ""}


@pytest.mark.parametrize("path", [ACTIONS, BROADCAST_ACTIONS])
def test_actions_end_without_next(api: httpx.Client, path: str) -> None:
    """The last page has no `next`, and a token of another list is refused, also where no page has one."""
    assert "next" not in _pages(api, path, 10)[-1]

    for foreign in (_token("{}", 1), _token("v20:{}", 1), _NO_TOKEN):
        assert api.get(path, params={"start": foreign}).status_code == 400


def test_optouts_end_without_next(api: httpx.Client) -> None:
    """Past the end the list is empty and has no `next`."""
    path, key, form = OPTOUTS
    assert "next" not in _pages(api, path, 100)[-1]

    assert api.get(path, params={"start": _token(form, _FAR)}).json() == {key: []}


def test_suppressions_of_a_type_end_with_null(api: httpx.Client) -> None:
    """Past the end the list is null, without the category."""
    assert api.get("/v1/esp/suppression/bounces", params={"offset": _FAR}).json() == {"suppressions": None}


@pytest.mark.parametrize(("path", "key"), [("/v1/design_studio/emails", "emails"), ("/v1/assets", "assets")])
def test_numbered_pages_end_by_their_total(api: httpx.Client, path: str, key: str) -> None:
    """No page has a `next`; one past the end is empty and has the true total; page 0 is refused."""
    first = api.get(path).json()
    past = api.get(path, params={"page": 99}).json()

    assert "next" not in first
    assert past[key] == []
    assert past["meta"]["pagination"]["total"] == first["meta"]["pagination"]["total"] == len(first[key])
    assert api.get(path, params={"page": 0}).status_code == 400


@pytest.mark.parametrize("path", [MESSAGES[0], NEWSLETTERS[0], SENDERS[0], ACTIONS, OPTOUTS[0]])
def test_text_that_is_no_token_is_refused(api: httpx.Client, path: str) -> None:
    """The error does not say what is wrong; its reference is new each time."""
    bodies = [api.get(path, params={"start": _NO_TOKEN}) for _ in range(2)]

    assert [body.status_code for body in bodies] == [400, 400]
    details = [body.json()["errors"][0]["detail"] for body in bodies]
    assert all(detail.startswith("bad request (reference ") for detail in details)
    assert details[0] != details[1]
