"""Segments and their members."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served
from sources.customerio.sandbox.state.store.conditions import happened
from sources.customerio.sandbox.state.store.errors import BadRequest

Reader = Callable[..., list[dict[str, Any]]]


def test_membership_is_the_truth_page_by_page(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """Pages of any size add up without overlap; ids are "" where there is none."""
    wanted = [row for row in tiny.rows("segment_memberships") if row["segment_id"] == 1]

    for limit in (3, 30_000):
        found = read(api, "/v1/segments/1/membership", "identifiers", limit=limit)
        assert [{"segment_id": 1, **row} for row in found] == wanted
    body = api.get("/v1/segments/1/membership").json()
    assert body["ids"] == [row["id"] or "" for row in wanted]
    assert api.get("/v1/segments/1/customer_count").json() == {"count": len(wanted), "segment_id": 1}


def test_an_empty_segment_has_null_lists(api: httpx.Client) -> None:
    """Live, an empty segment's lists are null."""
    body = api.get("/v1/segments/6/membership").json()

    assert body == {"segment_id": 6, "ids": None, "identifiers": None, "next": ""}


def test_the_place_in_a_token_is_no_count(api: httpx.Client) -> None:
    """After five members of All Users, the token is a row number inside Customer.io."""
    body = api.get("/v1/segments/1/membership", params={"limit": 5}).json()

    assert len(body["ids"]) == 5
    assert body["next"] not in ("MDo1", "MDo2")


def test_dynamic_segments_follow_people(small: Sandbox) -> None:
    """Changing an attribute joins and leaves; so does arriving."""
    cio_id = small.add("people", id="ann", country="FR")
    assert not _in(small, 3, cio_id)

    small.edit("people", "ann", country="DE")
    assert _in(small, 3, cio_id)

    small.edit("people", "ann", country=None)
    assert not _in(small, 3, cio_id)


def test_a_building_segment_is_stale(small: Sandbox) -> None:
    """While `state` is build no person joins; when it is finished the members are computed again."""
    small.edit("segments", 3, state="build", progress=40)
    cio_id = small.add("people", id="ann", country="DE")
    assert not _in(small, 3, cio_id)

    small.edit("segments", 3, state="finished", progress=None)
    assert _in(small, 3, cio_id)


def test_joining_and_leaving_by_hand(small: Sandbox, small_api: httpx.Client) -> None:
    """Members of a manual segment join and leave, which a person's segments show."""
    cio_id = small.add("people", id="ann")

    small.join_segment(6, "ann")
    assert _in(small, 6, cio_id)
    found = small_api.get("/v1/customers/ann/segments").json()["segments"]
    assert {row["id"] for row in found} == {1, 6}
    assert set(found[0]) == {"id", "name", "description"}

    small.leave_segment(6, "ann")
    assert not _in(small, 6, cio_id)


def test_making_and_deleting_manual_segments(small_api: httpx.Client) -> None:
    """A new segment is manual and empty; dynamic ones cannot be deleted; a deleted one is 404."""
    made = small_api.post("/v1/segments", json={"segment": {"name": "VIP", "description": "few"}}).json()[
        "segment"
    ]

    assert (made["type"], made["state"], made["name"]) == ("manual", "finished", "VIP")
    assert small_api.get(f"/v1/segments/{made['id']}").json() == {"segment": made}
    assert small_api.delete("/v1/segments/1").status_code == 400
    response = small_api.delete(f"/v1/segments/{made['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert small_api.delete(f"/v1/segments/{made['id']}").status_code == 404
    assert small_api.get(f"/v1/segments/{made['id']}/membership").status_code == 404
    assert small_api.post("/v1/segments", json={"segment": {}}).status_code == 400


def test_used_by(tiny: Sandbox, api: httpx.Client) -> None:
    """The segment's id is inside `used_by`, beside campaigns and newsletters, sent and draft."""
    used = api.get("/v1/segments/2/used_by").json()["used_by"]

    assert used["segment_id"] == 2
    assert used["campaigns"] == [
        row["id"] for row in tiny.rows("campaigns") if 2 in row["trigger_segment_ids"]
    ]
    assert used["draft_newsletters"] == [9001]
    assert used["sent_newsletters"]


def _in(sandbox: Sandbox, segment_id: int, cio_id: str) -> bool:
    members = sandbox.rows("segment_memberships")
    return any(row["segment_id"] == segment_id and row["cio_id"] == cio_id for row in members)


def test_the_list_is_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """The list has every segment of the workspace on one page."""
    assert api.get("/v1/segments").json()["segments"] == list(tiny.rows("segments"))


def test_conditions_are_in_the_grammar_of_the_api(api: httpx.Client) -> None:
    """A dynamic segment has a list of conditions about events; a manual one has none."""
    segments = {row["name"]: row for row in api.get("/v1/segments").json()["segments"]}

    first, second = segments["In Germany"]["conditions"]["and"]
    assert set(first) == {"event", "inverse", "times", "within"}
    assert (first["event"]["type"], first["event"]["name"]) == ("attribute_change", "country")
    assert [one["inverse"] for one in (first, second)] == [False, True]
    assert segments["Beta testers"]["conditions"] is None


def test_a_segment_of_page_views_follows_them(small: Sandbox, small_served: Served) -> None:
    """A page view makes a member, a profile merge keeps one, and thirty days later it is none."""
    conditions = {"and": [happened("page", "*", within=30 * 86_400)]}
    segment_id = int(small.add("segments", name="Viewed a page", conditions=conditions))
    cio_id = small.add("people", id="ann")
    viewers = {row["cio_id"] for row in small.rows("segment_memberships") if row["segment_id"] == segment_id}
    seen = {
        row["customer_identifiers"]["cio_id"]
        for row in small.rows("activities")
        if row["type"] == "page" and row["customer_identifiers"]
    }
    assert viewers
    assert viewers <= seen
    assert cio_id not in viewers

    keys = (small.track_site_id, small.track_api_key)
    view = {"type": "person", "identifiers": {"id": "ann"}, "action": "page", "name": "https://example.com"}
    answer = httpx.post(f"{small_served.track_url}/api/v2/entity", auth=keys, json=view, trust_env=False)
    assert answer.status_code == 200
    assert _in(small, segment_id, cio_id)

    small.clock.advance(30 * 86_400)
    assert not _in(small, segment_id, cio_id)


def test_what_a_person_ever_did_is_kept(small: Sandbox, small_served: Served) -> None:
    """A condition without a time holds for an event that the activity log no longer has."""
    conditions = {"and": [happened("event", "paid")]}
    segment_id = int(small.add("segments", name="Paid once", conditions=conditions))
    cio_id = small.add("people", id="ann")
    keys = (small.track_site_id, small.track_api_key)
    paid = {"type": "person", "identifiers": {"id": "ann"}, "action": "event", "name": "paid"}
    answer = httpx.post(f"{small_served.track_url}/api/v2/entity", auth=keys, json=paid, trust_env=False)
    assert answer.status_code == 200

    small.clock.advance(35 * 86_400)

    assert not any(row.get("name") == "paid" for row in small.rows("activities"))
    assert _in(small, segment_id, cio_id)


def test_a_segment_is_no_condition_of_itself(small: Sandbox) -> None:
    """Neither by its own conditions nor by those of another segment."""
    outer = int(small.add("segments", name="Outer", conditions={"and": [{"segment": {"id": 3}}]}))
    with pytest.raises(BadRequest):
        small.edit("segments", outer, conditions={"and": [{"segment": {"id": outer}}]})
    with pytest.raises(BadRequest):
        small.edit("segments", 3, conditions={"and": [{"segment": {"id": outer}}]})
