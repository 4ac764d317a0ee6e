"""Opt-outs: the list of all people with some, a person's own, and changes that are applied later."""

from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

ANN = "/v1/customers/ann/optouts"


@pytest.fixture
def ann(small: Sandbox) -> str:
    """A person without opt-outs; returns the `cio_id`."""
    return small.add("people", id="ann", email="ann@example.com", phone="+15555550199")


def _put(api: httpx.Client, *changes: dict[str, Any], path: str = ANN) -> int:
    return api.put(path, json={"optouts": list(changes)}).status_code


def test_pages_have_each_person_once_and_end_without_next(api: httpx.Client) -> None:
    """The last page has no `next` key, and small pages have the rows of the large one."""
    whole = api.get("/v1/optouts", params={"limit": 1000}).json()
    assert {"optouts"} == whole.keys()
    assert len(whole["optouts"]) > 3
    assert {"cio_id", "customer_id", "optouts"} == whole["optouts"][0].keys()

    rows: list[dict[str, Any]] = []
    page = api.get("/v1/optouts", params={"limit": 2}).json()
    while "next" in page:
        rows += page["optouts"]
        page = api.get("/v1/optouts", params={"limit": 2, "start": page["next"]}).json()

    assert whole["optouts"] == rows + page["optouts"]
    assert 400 == api.get("/v1/optouts", params={"start": "no token"}).status_code


def test_one_sender(api: httpx.Client) -> None:
    """`from` shows only that sender's opt-outs, by a number or a name in any case."""
    by_name = api.get("/v1/optouts", params={"from": "ACME", "limit": 1000}).json()["optouts"]

    assert by_name
    assert {"acme"} == {one["from"] for row in by_name for one in row["optouts"]}
    assert [] == api.get("/v1/optouts", params={"from": "+19990000"}).json()["optouts"]


def test_a_change_is_applied_later(small: Sandbox, small_api: httpx.Client, ann: str) -> None:
    """The answer is 204; the opt-out can be read after some seconds, and opting in removes the person."""
    assert 204 == _put(small_api, {"from": "Acme", "optout": True}, {"from": "+1555", "optout": True})
    assert {"optouts": []} == small_api.get(ANN).json()

    small.clock.advance(5)

    mine = [{"channel": "sms", "from": "+1555"}, {"channel": "sms", "from": "acme"}]
    assert mine == small_api.get(ANN).json()["optouts"]
    listed = small_api.get("/v1/optouts", params={"limit": 1000}).json()["optouts"]
    assert {"cio_id": ann, "customer_id": "ann", "optouts": mine} in listed
    by_email = small_api.get("/v1/customers/ann@example.com/optouts", params={"id_type": "email"})
    assert mine == by_email.json()["optouts"]

    small.knobs.optout_takes_s = 0
    _put(small_api, {"from": "acme", "optout": False}, {"from": "+1555", "optout": False, "channel": "sms"})
    after = small_api.get("/v1/optouts", params={"limit": 1000}).json()["optouts"]
    assert ann not in {row["cio_id"] for row in after}


@pytest.mark.parametrize(
    "change",
    [
        {"from": "+1555"},
        {"optout": True},
        {"from": "+1555", "optout": "yes"},
        {"from": "+1555", "optout": True, "channel": "pigeon"},
    ],
)
def test_a_bad_body_is_refused(
    small: Sandbox, small_api: httpx.Client, ann: str, change: dict[str, Any]
) -> None:
    """A change needs a sender, a boolean, and a channel that exists; a refused one changes nothing."""
    small.knobs.optout_takes_s = 0
    assert 400 == _put(small_api, {"from": "+1", "optout": True}, change)
    assert 400 == _put(small_api)
    assert 400 == small_api.put(ANN, content=b"[]").status_code
    assert {"optouts": []} == small_api.get(ANN).json()
    assert ann


def test_an_unknown_person_is_a_404(small_api: httpx.Client) -> None:
    """So is a change of an unknown person."""
    assert 404 == small_api.get("/v1/customers/nobody/optouts").status_code
    assert 404 == _put(small_api, {"from": "+1", "optout": True}, path="/v1/customers/nobody/optouts")


def test_they_go_with_the_person_and_change_by_the_day(small: Sandbox, small_api: httpx.Client) -> None:
    """A deleted person is not listed; ten days later the list is another one."""
    before = small_api.get("/v1/optouts", params={"limit": 1000}).json()["optouts"]
    gone = before[0]["cio_id"]
    small.delete("people", gone)
    assert before[1:] == small_api.get("/v1/optouts", params={"limit": 1000}).json()["optouts"]

    small.clock.advance(10 * 86_400)
    after = small_api.get("/v1/optouts", params={"limit": 1000}).json()["optouts"]
    assert before[1:] != after
