"""The Track API, version 1, and the effects of its writes."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sources.customerio.sandbox import Fault, Sandbox, Served
from tests.sources.customerio.sandbox.wire.routes.track import (
    acts,
    attributes,
    outcomes,
    profile,
)

BETA = 5  # the world's manual segment


def _identify(track: httpx.Client, who: str, **given: Any) -> None:
    response = track.put(f"/api/v1/customers/{quote(who, safe='')}", json=given)
    assert (response.status_code, response.content) == (200, b"{}\n")


def test_a_new_person_is_there_at_once(small: Sandbox, track: httpx.Client, small_api: httpx.Client) -> None:
    """An identified person is in the next read, with values as text and lists as JSON."""
    _identify(track, "ann", email="Ann@Example.com", n=3, vip=True, tags=["a", "b"], ratio=1.5)

    found = small_api.get("/v1/customers/ann/attributes").json()["customer"]
    assert found["identifiers"]["email"] == "Ann@Example.com"
    assert attributes(small, id="ann") == {"n": "3", "vip": "true", "tags": '["a","b"]', "ratio": "1.5"}
    (made,) = [row for row in acts(small, "profile_create") if row["customer_id"] == "ann"]
    assert made["timestamp"] == small.clock.now()


def test_values_that_are_null_or_empty_go(small: Sandbox, track: httpx.Client) -> None:
    """Null and "" remove an attribute; the others stay; the change is an activity."""
    _identify(track, "ann", plan="pro", city="Rome", age=7)
    _identify(track, "ann", plan=None, city="", age=8)

    assert attributes(small, id="ann") == {"age": "8"}
    (change,) = [row for row in acts(small, "attribute_change") if row["customer_id"] == "ann"]
    assert change["data"]["plan"] == {"from": "pro", "to": ""}
    assert change["data"]["age"] == {"from": "7", "to": "8"}


def test_the_form_of_an_identifier_decides_its_type(small: Sandbox, track: httpx.Client) -> None:
    """An identifier with @ is an email, with `cio_` a cio_id, else an id; an email's case does not matter."""
    _identify(track, "ann@example.com", plan="pro")
    _identify(track, "ANN@EXAMPLE.COM", id="ann")
    found = profile(small, id="ann")
    assert found is not None
    _identify(track, f"cio_{found['identifiers']['cio_id']}", email="new@example.com")
    _identify(track, "cio_ffffffff", plan="free")

    assert profile(small, id="ann") == profile(small, email="new@example.com")
    assert attributes(small, id="ann") == {"plan": "pro"}
    assert outcomes(small)[-1] == ("dropped", "no person has this cio_id")


def test_a_new_id_with_a_known_email_is_the_same_person(small: Sandbox, track: httpx.Client) -> None:
    """The person with that email gets the new id; there is no second one."""
    _identify(track, "old", email="ann@example.com", plan="pro")
    before = profile(small, id="old")
    _identify(track, "new", email="ANN@example.com", city="Rome")
    after = profile(small, id="new")

    assert before is not None and after is not None
    assert before["identifiers"]["cio_id"] == after["identifiers"]["cio_id"]
    assert profile(small, id="old") is None
    assert attributes(small, id="new") == {"plan": "pro", "city": "Rome"}


def test_identifiers_of_two_people_change_nothing(small: Sandbox, track: httpx.Client) -> None:
    """200, nothing changes, and an activity of the addressed person says why."""
    _identify(track, "ann", email="ann@example.com")
    _identify(track, "bob", email="bob@example.com")
    _identify(track, "ann", email="bob@example.com", plan="pro")

    assert attributes(small, id="ann") == attributes(small, id="bob") == {}
    (failed,) = acts(small, "failed_attribute_change")
    assert failed["customer_id"] == "ann"
    assert failed["data"]["reason"] == "the email belongs to another person"
    assert outcomes(small)[-1] == ("dropped", "the email belongs to another person")


def test_an_identifier_that_is_set_needs_the_cio_id(small: Sandbox, track: httpx.Client) -> None:
    """By id, an email that is set does not change, unless the workspace allows it; by cio_id it does."""
    _identify(track, "ann", email="ann@example.com")
    _identify(track, "ann", email="two@example.com")
    assert profile(small, email="two@example.com") is None
    assert acts(small, "failed_attribute_change")[0]["customer_id"] == "ann"

    small.knobs.email_by_id = True
    _identify(track, "ann", email="two@example.com")
    assert profile(small, email="two@example.com") == profile(small, id="ann")


def test_an_older_update_is_ignored(small: Sandbox, track: httpx.Client) -> None:
    """A write older than the profile's latest edit changes nothing; one of the same time does."""
    now = small.clock.now()
    _identify(track, "ann", plan="pro", _timestamp=now - 100)
    _identify(track, "ann", plan="free", _timestamp=now - 200)
    assert attributes(small, id="ann") == {"plan": "pro"}
    assert outcomes(small)[-1][0] == "dropped"
    (skipped,) = acts(small, "skipped_update")
    assert skipped["customer_id"] == "ann"

    _identify(track, "ann", plan="team", _timestamp=now - 100)
    found = profile(small, id="ann")
    assert found is not None
    assert (found["attributes"]["plan"], found["timestamps"]["plan"]) == ("team", now - 100)


def test_update_only(small: Sandbox, track: httpx.Client) -> None:
    """With `_update` no person is created, which version 1 shows as an activity; a known one is updated."""
    _identify(track, "ann", plan="pro", _update=True)
    assert profile(small, id="ann") is None
    (failed,) = acts(small, "failed_attribute_change")
    assert (failed["customer_identifiers"], failed["data"]["identifiers"]) == (None, {"id": "ann"})

    _identify(track, "ann")
    _identify(track, "ann", plan="pro", _update=True)
    assert attributes(small, id="ann") == {"plan": "pro"}


def test_reserved_attributes(small: Sandbox, track: httpx.Client) -> None:
    """`unsubscribed` is true for few values; preferences are set whole or one by one."""
    for value, expected in ((True, "true"), ("TRUE", "true"), (1, "true"), ("1", "true"), ("yes", "false")):
        _identify(track, "ann", unsubscribed=value)
        assert attributes(small, id="ann")["unsubscribed"] == expected
    _identify(track, "ann", cio_subscription_preferences={"topics": {"topic_1": True, "topic_2": True}})
    _identify(track, "ann", **{"cio_subscription_preferences.topics.topic_2": False})

    known = attributes(small, id="ann")
    assert known["cio_subscription_preferences"] == '{"topics":{"topic_1":true,"topic_2":false}}'
    assert known["_cio_subscription_preferences_computed"] == '{"topics":{"topic_1":true,"topic_2":false}}'


def test_too_long_is_dropped_and_told(small: Sandbox, track: httpx.Client) -> None:
    """Version 1 accepts a write that breaks a limit, and drops it."""
    _identify(track, "ann", bio="é" * 501)
    _identify(track, "bob", **{"n" * 151: 1})
    _identify(track, "cat", **{f"a{n}": n for n in range(301)})
    _identify(track, "i" * 151)
    _identify(track, "dan", bio="é" * 500)

    assert [outcome for outcome, _ in outcomes(small)] == ["dropped"] * 4 + ["applied"]
    assert len(acts(small, "failed_attribute_change")) == 4


def test_deleting_and_coming_back(small: Sandbox, track: httpx.Client) -> None:
    """A deleted person is gone; the same id later is a new person."""
    _identify(track, "ann", plan="pro")
    first = profile(small, id="ann")
    assert track.delete("/api/v1/customers/ann").status_code == 200
    assert profile(small, id="ann") is None
    _identify(track, "ann")
    second = profile(small, id="ann")

    assert first is not None and second is not None
    assert first["identifiers"]["cio_id"] != second["identifiers"]["cio_id"]
    assert attributes(small, id="ann") == {}


def test_the_suppressed_stay_away(small: Sandbox, track: httpx.Client) -> None:
    """Suppressing blocks id and email, without a trace; unsuppressing frees both and restores nothing."""
    _identify(track, "ann", email="ann@example.com", plan="pro")
    assert track.post("/api/v1/customers/ann/suppress").status_code == 200
    _identify(track, "ann", plan="free")
    _identify(track, "ANN@example.com", plan="free")
    _identify(track, "other", email="ann@example.com")
    track.post("/api/v1/customers/ann/events", json={"name": "bought"})
    assert profile(small, id="ann") is profile(small, id="other") is None
    assert [reason for _, reason in outcomes(small)[2:]] == ["the identifier is suppressed"] * 4
    assert not acts(small, "failed_attribute_change", "failed_event")

    assert track.post("/api/v1/customers/ann@example.com/unsuppress").status_code == 200
    _identify(track, "ann", email="ann@example.com")
    assert attributes(small, id="ann") == {}


def test_the_worlds_suppressed_people_stay_away_too(small: Sandbox, track: httpx.Client) -> None:
    """A person suppressed in the user interface is not created again by a write."""
    _identify(track, "ann", email="ann@example.com")
    small.suppress("ann")
    _identify(track, "ann")

    assert profile(small, id="ann") is None


def test_events(small: Sandbox, track: httpx.Client) -> None:
    """An event is an activity at its own time, with its data; names are trimmed; ULIDs count once."""
    _identify(track, "ann")
    ulid, at = "01ARZ3NDEKTSV4RRFFQ69G5FAV", small.clock.now() - 5000
    body = {"name": "  bought ", "id": ulid, "timestamp": at, "data": {"price": 23.45, "items": ["socks"]}}
    for _ in range(2):
        assert track.post("/api/v1/customers/ann/events", json=body).content == b"{}\n"
    track.post("/api/v1/customers/ann/events", json={"name": "/pricing", "type": "page"})

    (bought,) = [row for row in acts(small, "event") if row["customer_id"] == "ann"]
    assert (bought["name"], bought["timestamp"]) == ("bought", at)
    assert bought["data"] == {"price": 23.45, "items": ["socks"]}
    (page,) = [row for row in acts(small, "page") if row["customer_id"] == "ann"]
    assert page["url"] == "/pricing"
    assert outcomes(small)[2] == ("dropped", "an event with this id was received before")


def test_an_event_of_an_unknown_person_fails(small: Sandbox, track: httpx.Client) -> None:
    """The event is accepted and becomes a `failed_event`; a knob lets it create the person."""
    track.post("/api/v1/customers/ann/events", json={"name": "bought"})
    (failed,) = acts(small, "failed_event")
    assert failed["data"]["reason"] == "there is no such person"

    small.knobs.events_create = True
    track.post("/api/v1/customers/ann/events", json={"name": "bought"})
    assert profile(small, id="ann") is not None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": "x" * 101}, "event name cannot be longer than 100 bytes"),
        ({"name": " "}, "event name is required"),
        ({"name": "x", "id": 7}, "id must be a string"),
        ({"name": "x", "timestamp": "monday"}, "timestamp must be a unix timestamp in seconds"),
        ({"name": "x", "data": {"d": "y" * 100_001}}, "event data cannot be larger than 100000 bytes"),
    ],
)
def test_wrong_events_are_refused(track: httpx.Client, body: dict[str, Any], reason: str) -> None:
    """400 and a list of reasons."""
    response = track.post("/api/v1/customers/ann/events", json=body)

    assert (response.status_code, response.json()) == (400, {"meta": {"errors": [reason]}})


def test_anonymous_events_find_their_person(small: Sandbox, track: httpx.Client) -> None:
    """An identified person gets the anonymous events of the last 30 days, and later ones."""
    now = small.clock.now()
    for name, at in (("old", now - 29 * 86_400), ("new", now - 60)):
        body = {"name": name, "anonymous_id": "cookie", "timestamp": at}
        assert track.post("/api/v1/events", json=body).status_code == 200
    assert track.post("/api/v1/events", json={"name": "never", "anonymous_id": ""}).status_code == 200
    assert {row["customer_identifiers"] for row in acts(small, "event") if row["name"] in ("old", "new")} == {
        None
    }
    _identify(track, "ann", anonymous_id="cookie")
    track.post("/api/v1/events", json={"name": "later", "anonymous_id": "cookie"})

    theirs = {row["name"] for row in acts(small, "event") if row["customer_id"] == "ann"}
    assert theirs == {"old", "new", "later"}
    assert acts(small, "anon_merge")[0]["customer_id"] == "ann"


def test_devices(small: Sandbox, track: httpx.Client) -> None:
    """A device is added, changed and deleted; one without a platform is refused."""
    _identify(track, "ann")
    device = {"id": "tok/1", "platform": "ios", "last_used": 77, "attributes": {"app_version": "1"}}
    for version in ("1", "2"):
        device["attributes"] = {"app_version": version}
        assert track.put("/api/v1/customers/ann/devices", json={"device": device}).status_code == 200
    found = profile(small, id="ann")
    assert found is not None
    (held,) = found["devices"]
    assert (held["id"], held["last_used"], held["attributes"]["app_version"]) == ("tok/1", 77, "2")

    assert track.delete("/api/v1/customers/ann/devices/tok%2F1").status_code == 200
    found = profile(small, id="ann")
    assert found is not None
    assert found["devices"] == []
    assert track.put("/api/v1/customers/ann/devices", json={"device": {"id": "t"}}).status_code == 400


def test_merging(small: Sandbox, track: httpx.Client) -> None:
    """The primary keeps its attributes and gets the missing ones; the secondary is deleted."""
    _identify(track, "ann", plan="pro")
    _identify(track, "bob", email="bob@example.com", plan="free", city="Rome")
    track.post("/api/v1/customers/bob/events", json={"name": "bought"})
    track.post(f"/api/v1/segments/{BETA}/add_customers", json={"ids": ["bob"]})
    both = {"primary": {"id": "ann"}, "secondary": {"email": "BOB@example.com"}}
    assert track.post("/api/v1/merge_customers", json=both).status_code == 200

    assert profile(small, id="bob") is None
    assert profile(small, email="bob@example.com") == profile(small, id="ann")
    assert attributes(small, id="ann") == {"plan": "pro", "city": "Rome"}
    assert "bought" in {row["name"] for row in acts(small, "event") if row["customer_id"] == "ann"}
    members = [row["id"] for row in small.rows("segment_memberships") if row["segment_id"] == BETA]
    assert "ann" in members
    assert acts(small, "profile_merge")[0]["customer_id"] == "ann"


def test_merging_into_an_unknown_person_does_nothing(small: Sandbox, track: httpx.Client) -> None:
    """A missing primary is a 200 without effect; two identifiers of one person are a 400."""
    _identify(track, "bob")
    nobody = {"primary": {"id": "ann"}, "secondary": {"id": "bob"}}
    assert track.post("/api/v1/merge_customers", json=nobody).status_code == 200
    assert profile(small, id="bob") is not None

    two = {"primary": {"id": "ann", "email": "a@example.com"}, "secondary": {"id": "bob"}}
    response = track.post("/api/v1/merge_customers", json=two)
    assert response.status_code == 400
    assert "exactly one identifier" in response.json()["meta"]["error"]


def test_manual_segments(small: Sandbox, track: httpx.Client) -> None:
    """People join and leave by any identifier; unknown identifiers are ignored."""
    _identify(track, "ann", email="ann@example.com")
    _identify(track, "bob")
    _identify(track, "7")

    def members() -> set[str]:
        rows = [row for row in small.rows("segment_memberships") if row["segment_id"] == BETA]
        return {row["id"] for row in rows} & {"ann", "bob", "7"}

    def call(action: str, ids: list[str | int], **query: str) -> int:
        url = f"/api/v1/segments/{BETA}/{action}_customers"
        return track.post(url, params=query, json={"ids": ids}).status_code

    assert call("add", ["bob", "nobody"]) == 200
    assert outcomes(small)[-1] == ("applied", "1 of 2 ids match nobody")
    assert call("add", ["ANN@example.com"], id_type="email") == 200
    assert members() == {"ann", "bob"}
    assert call("add", [7]) == 200
    assert members() == {"ann", "bob", "7"}
    assert call("remove", [7]) == 200
    assert call("remove", ["ann@example.com"], id_type="email") == 200
    assert members() == {"bob"}

    small.knobs.removes_by_id = True
    call("remove", ["bob"], id_type="email")
    assert members() == set()


@pytest.mark.parametrize(
    ("segment", "body", "reason"),
    [
        (BETA, {"ids": []}, "ids must have between 1 and 1000 entries"),
        (BETA, {"ids": ["x"] * 1001}, "ids must have between 1 and 1000 entries"),
        (BETA, {"ids": [True]}, "ids must be an array of strings or numbers"),
        (1, {"ids": ["x"]}, "the segment is not a manual segment"),
        (777, {"ids": ["x"]}, "segment with id 777 does not exist"),
    ],
)
def test_wrong_memberships_are_refused(
    track: httpx.Client, segment: int, body: dict[str, Any], reason: str
) -> None:
    """400 and a list of reasons."""
    response = track.post(f"/api/v1/segments/{segment}/add_customers", json=body)

    assert (response.status_code, response.json()) == (400, {"meta": {"errors": [reason]}})


def test_reported_metrics(small: Sandbox, track: httpx.Client) -> None:
    """A reported metric is set on the delivery and is an activity; an unknown delivery has no effect."""
    rows = (row for row in small.rows("messages") if row["type"] == "email" and row["customer_id"])
    delivery = next(row["id"] for row in rows if "clicked" not in row["metrics"])
    at = small.clock.now() - 5
    body = {"delivery_id": delivery, "metric": "clicked", "timestamp": at, "href": "https://example.com/"}
    assert track.post("/api/v1/metrics", json=body).status_code == 200
    push = {"delivery_id": "nonsense", "event": "opened", "device_id": "d", "timestamp": at}
    assert track.post("/api/v1/push/events", json=push).status_code == 200

    after = next(row for row in small.rows("messages") if row["id"] == delivery)
    assert after["metrics"]["clicked"] == after["metrics"]["human_clicked"] == at
    (clicked,) = [row for row in acts(small, "clicked_email") if row["delivery_id"] == delivery]
    assert clicked["data"]["href"] == "https://example.com/"
    assert outcomes(small) == [("applied", ""), ("dropped", "there is no such delivery")]
    assert track.post("/api/v1/metrics", json={"delivery_id": delivery, "metric": "x"}).status_code == 400


def test_older_paths_are_answered(track: httpx.Client, small: Sandbox, small_api: httpx.Client) -> None:
    """Older paths of pushes and of the App API are still answered."""
    pushed = {"delivery_id": "x", "event": "opened", "device_id": "d", "timestamp": 1}
    assert track.post("/push/events", json=pushed).status_code == 200
    assert [row["call"] for row in small.writes()] == ["pushMetrics"]
    assert small_api.get("/v1/api/segments").json() == small_api.get("/v1/segments").json()


def test_forms(small: Sandbox, track: httpx.Client) -> None:
    """The person who submits a form is added or updated, with 204; an invalid form is refused."""
    response = track.post(
        "/api/v1/forms/newsletter/submit", json={"data": {"email": "a@example.com", "x": "y"}}
    )
    assert (response.status_code, response.content) == (204, b"")
    assert attributes(small, email="a@example.com") == {"x": "y"}

    for data in ({"x": "y"}, {"id": "a", "email": "a@example.com"}, {"id": "a", "n": 1}):
        response = track.post("/api/v1/forms/7/submit", json={"data": data})
        assert response.status_code == 400
        assert response.json()["meta"]["errors"]


def test_unsubscribing_needs_no_key(small: Sandbox, small_served: Served) -> None:
    """The unsubscribe link of a delivery unsubscribes its recipient."""
    row = next(row for row in small.rows("messages") if row["type"] == "email" and row["customer_id"])
    with httpx.Client(base_url=small_served.track_url, trust_env=False) as stranger:
        url = f"/unsubscribe/{quote(row['id'], safe='')}"
        assert stranger.post(url, json={"unsubscribe": True}).status_code == 200
        assert stranger.post("/unsubscribe/nonsense", json={"unsubscribe": True}).status_code == 400

    assert attributes(small, id=row["customer_id"])["unsubscribed"] == "true"
    after = next(found for found in small.rows("messages") if found["id"] == row["id"])
    assert after["metrics"]["unsubscribed"] == small.clock.now()


def test_writes_wait_if_they_are_told_to(small: Sandbox, track: httpx.Client) -> None:
    """Until the delay is over a write is `waiting` and changes nothing; then writes are applied in order."""
    small.knobs.apply_delay_s = 60
    _identify(track, "ann", plan="pro")
    small.clock.advance(30)
    _identify(track, "ann", plan="free")
    assert profile(small, id="ann") is None
    assert [outcome for outcome, _ in outcomes(small)] == ["waiting", "waiting"]

    small.clock.advance(30)
    assert attributes(small, id="ann") == {"plan": "pro"}
    small.clock.advance(30)
    assert attributes(small, id="ann") == {"plan": "free"}


def test_a_region_redirects(small: Sandbox, track: httpx.Client) -> None:
    """The wrong region's host redirects a write with its method, body and keys; `getRegion` answers there."""
    other = Sandbox(scale="tiny", region="eu")
    with other.serve() as home:
        small.knobs.track_redirect = home.track_url
        response = track.put("/api/v1/customers/a%2Fb", json={"plan": "pro"})
        assert response.status_code == 307
        assert response.headers["location"] == f"{home.track_url}/api/v1/customers/a%2Fb"
        assert track.get("/api/v1/accounts/region").status_code == 200
        keys = (other.track_site_id, other.track_api_key)
        httpx.put(response.headers["location"], json={"plan": "pro"}, auth=keys, trust_env=False)
    assert attributes(other, id="a/b") == {"plan": "pro"}
    assert not small.writes()


def test_faults_strike_here_too(small: Sandbox, track: httpx.Client) -> None:
    """Errors take the place of an answer; a cut connection loses the answer, not the write."""
    small.faults.add(Fault(operation="identify", status=429, retry_after="3"))
    response = track.put("/api/v1/customers/ann", json={})
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert not small.writes()

    small.faults.clear()
    small.faults.add(Fault(operation="identify", drop_connection=True))
    with pytest.raises(httpx.RemoteProtocolError):
        track.put("/api/v1/customers/ann", json={})
    assert [row["call"] for row in small.writes()] == ["identify"]


@pytest.mark.parametrize("key", ["", "Basic abc", "Bearer x"])
def test_writes_need_the_key(small: Sandbox, small_served: Served, key: str) -> None:
    """Without the right keys a write is refused."""
    url = f"{small_served.track_url}/api/v1/customers/a"
    response = httpx.put(url, json={}, headers={"Authorization": key}, trust_env=False)

    assert response.status_code == 401
    assert not small.writes()


def test_what_is_no_object_is_refused(track: httpx.Client) -> None:
    """A body that is not a JSON object is a 400."""
    response = track.put("/api/v1/customers/a", content=b"[1]")

    assert (response.status_code, list(response.json()["meta"])) == (400, ["errors"])
