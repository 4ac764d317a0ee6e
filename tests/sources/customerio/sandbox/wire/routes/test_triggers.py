"""Triggers of broadcasts: accepted, queued, processed, refused."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

_DAY = 86_400
TRIGGERS = "/v1/campaigns/501/triggers"


def _trigger(api: httpx.Client, body: dict[str, Any], path: str = TRIGGERS) -> int:
    return int(api.post(path, json=body).raise_for_status().json()["id"])


def _sent(sandbox: Sandbox, since: int) -> list[dict[str, Any]]:
    return [row for row in sandbox.rows("messages") if row["broadcast_id"] and row["created"] >= since]


def test_the_worlds_broadcasts_were_triggered(tiny: Sandbox, api: httpx.Client) -> None:
    """Every broadcast delivery was created within minutes after a trigger of its broadcast."""
    for broadcast in tiny.rows("broadcasts"):
        rows = api.get(f"/v1/broadcasts/{broadcast['id']}/triggers").json()["triggers"]
        sent = [row["created"] for row in tiny.rows("messages") if row["broadcast_id"] == broadcast["id"]]
        assert sent
        for created in sent:
            assert any(0 <= created - row["processed_at"] < 600 for row in rows)
        single = api.get(f"/v1/campaigns/{broadcast['id']}/triggers/{rows[0]['id']}").json()
        assert single == rows[0]
        assert set(single) == {"id", "broadcast_id", "created_at", "processed_at"}


def test_a_trigger_waits_and_is_processed(small: Sandbox, small_api: httpx.Client) -> None:
    """`processed_at` is null until it is processed; then all members have a delivery of that time."""
    began = small.clock.now()
    trigger_id = _trigger(small_api, {"data": {"headline": "Hi"}})
    status = f"{TRIGGERS}/{trigger_id}"
    assert small_api.get(status).json()["processed_at"] is None
    assert _sent(small, began) == []

    small.clock.advance(2 * 3600)  # some activities are an hour and a half late

    processed_at = small_api.get(status).json()["processed_at"]
    assert began < processed_at < began + 60
    sent = _sent(small, began)
    assert {row["created"] for row in sent} == {processed_at}
    assert len(sent) == len(list(small.rows("people")))
    assert {(row["broadcast_id"], row["action_id"], row["msg_template_id"]) for row in sent} == {
        (501, 5001, 700)
    }
    assert any("delivered" in row["metrics"] for row in sent)
    log = {row["delivery_id"] for row in small.rows("activities") if row["type"] == "sent_email"}
    assert {row["id"] for row in sent if "sent" in row["metrics"]} == log & {row["id"] for row in sent}


def test_an_audience_by_filter_is_who_matches_then(small: Sandbox, small_api: httpx.Client) -> None:
    """A person who is added while the trigger waits gets a delivery too."""
    began = small.clock.now()
    _trigger(small_api, {"recipients": {"attribute": {"field": "team", "operator": "eq", "value": "red"}}})
    small.add("people", id="ann", email="ann@example.com", team="red")
    small.clock.advance(60)

    assert [row["customer_id"] for row in _sent(small, began)] == ["ann"]


@pytest.mark.parametrize(
    "body",
    [
        {"ids": ["ann", "bob", "ann"]},
        {"emails": ["ANN@example.com", "bob@example.com"]},
        {"per_user_data": [{"id": "ann", "data": {"a": 1}}, {"email": "bob@example.com"}]},
        {"ids": ["ann", "nobody", "bob"], "id_ignore_missing": True},
        {"emails": ["ann@example.com", "no@example.com", "bob@example.com"], "email_ignore_missing": True},
    ],
)
def test_an_audience_by_name(small: Sandbox, small_api: httpx.Client, body: dict[str, Any]) -> None:
    """Each person once, in the order of the list."""
    for name in ("bob", "ann"):
        small.add("people", id=name, email=f"{name}@example.com")
    began = small.clock.now()

    _trigger(small_api, body)
    small.clock.advance(60)

    assert sorted(str(row["customer_id"]) for row in _sent(small, began)) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("body", "field", "lines"),
    [
        ({"ids": ["ann", "nope", "nada"]}, "ids", ["line 2 : ", "line 3 : "]),
        ({"emails": ["no@example.com"]}, "emails", ["line 1 : "]),
        ({"per_user_data": [{"id": "nope"}]}, "per_user_data", ["line 1 : "]),
    ],
)
def test_missing_people_are_errors_of_the_trigger(
    small: Sandbox, small_api: httpx.Client, body: dict[str, Any], field: str, lines: list[str]
) -> None:
    """422 with a pointer names the trigger, whose errors are plain texts; nothing is sent."""
    began = small.clock.now()
    small.add("people", id="ann")

    response = small_api.post(TRIGGERS, json=body)

    (error,) = response.json()["errors"]
    assert response.status_code == 422
    assert error["source"] == {"pointer": f"/data/attributes/{field}"}
    (trigger,) = [row for row in small.rows("broadcast_triggers") if row["created_at"] >= began]
    assert f"for trigger {trigger['id']}" in error["detail"]
    body = small_api.get(f"{TRIGGERS}/{trigger['id']}/errors").json()
    assert [text[:9] for text in body["errors"]] == lines
    assert body["next"] == ""
    first = small_api.get(f"{TRIGGERS}/{trigger['id']}/errors", params={"limit": 1}).json()
    assert first["errors"] == body["errors"][:1]
    small.clock.advance(_DAY)
    assert all(row["broadcast_id"] != 501 or row["created"] < began for row in small.rows("messages"))


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"recipients": {}}, "recipients", "empty recipients filter is not valid"),
        ({"recipients": {"nor": []}}, "recipients", "no condition called"),
        ({"ids": ["a"], "emails": ["b"]}, "emails", "together with ids"),
        ({"ids": []}, "ids", "not empty"),
        ({"ids": [str(n) for n in range(10_001)]}, "ids", "may have 10000"),
        ({"ids": ["a"], "email_ignore_missing": True}, "email_ignore_missing", "not allowed"),
        (
            {"recipients": {"segment": {"id": 1}}, "id_ignore_missing": True},
            "id_ignore_missing",
            "not allowed",
        ),
        ({"emails": ["a"], "email_add_duplicates": 1}, "email_add_duplicates", "boolean"),
        ({"data": "text"}, "data", "object"),
        ({"data": {"a": "x" * 50_000}}, "data", "50000 bytes"),
        ({"per_user_data": [{"data": {}}]}, "per_user_data/0", "id or an email"),
        ({"data_file_url": "ftp://example.com/a"}, "data_file_url", "http"),
        ({"audience": 1}, "audience", "not allowed"),
    ],
)
def test_refusals_point_at_what_is_wrong(
    api: httpx.Client, body: dict[str, Any], pointer: str, detail: str
) -> None:
    """422, with the JSON pointer, and no trigger."""
    before = api.get("/v1/broadcasts/501/triggers").json()

    response = api.post(TRIGGERS, json=body)

    (error,) = response.json()["errors"]
    assert (response.status_code, error["status"]) == (422, "422")
    assert error["source"] == {"pointer": f"/data/attributes/{pointer}"}
    assert detail in error["detail"]
    assert api.get("/v1/broadcasts/501/triggers").json() == before


def test_five_wait_and_no_more(small: Sandbox, small_api: httpx.Client) -> None:
    """The sixth is a 429 with Retry-After; later one more is accepted, and all are processed in order."""
    ids = [_trigger(small_api, {}) for _ in range(5)]

    refused = small_api.post(TRIGGERS, json={})
    small.clock.advance(int(refused.headers["retry-after"]))
    ids.append(_trigger(small_api, {}))

    assert refused.status_code == 429
    small.clock.advance(_DAY)
    rows = {row["id"]: row for row in small.rows("broadcast_triggers")}
    processed = [rows[trigger_id]["processed_at"] for trigger_id in ids]
    assert processed == sorted(set(processed))


def test_a_language_reaches_who_speaks_it() -> None:
    """Of an action in two languages, each person gets one delivery, made from the object of theirs."""
    sandbox = Sandbox(scale="tiny")
    sandbox.add("people", id="eva", email="eva@example.com", language="de")
    sandbox.add("people", id="ann", email="ann@example.com", language="fr")
    began = sandbox.clock.now()
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        with httpx.Client(base_url=served.app_url, headers=headers, trust_env=False) as api:
            _trigger(api, {"ids": ["eva", "ann"]}, "/v1/campaigns/502/triggers")
    sandbox.clock.advance(60)

    actions = {row["customer_id"]: row["action_id"] for row in _sent(sandbox, began)}
    assert actions == {"eva": 13_002, "ann": 5_002}


def test_a_deleted_broadcast_sends_no_more(small: Sandbox, small_api: httpx.Client) -> None:
    """Its waiting triggers are deleted, its paths are 404."""
    began = small.clock.now()
    trigger_id = _trigger(small_api, {})

    small.delete("broadcasts", 501)
    small.clock.advance(_DAY)

    assert _sent(small, began) == []
    assert small_api.get(f"{TRIGGERS}/{trigger_id}").status_code == 404
    assert small_api.post(TRIGGERS, json={}).status_code == 404


def test_a_deleted_broadcast_has_no_new_triggers(small: Sandbox) -> None:
    """Weeks after it was deleted, no record of the workspace belongs to it."""
    small.delete("broadcasts", 501)
    small.clock.advance(60 * _DAY)

    assert {row["broadcast_id"] for row in small.rows("broadcast_triggers")} == {
        row["id"] for row in small.rows("broadcasts")
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/broadcasts/77/triggers", 404),
        ("/v1/campaigns/501/triggers/77", 404),
        ("/v1/campaigns/501/triggers/77/errors", 404),
        ("/v1/campaigns/501/triggers/one", 400),
    ],
)
def test_what_is_not_there(api: httpx.Client, path: str, status: int) -> None:
    """Missing triggers are 404, ids that are not numbers 400."""
    assert api.get(path).status_code == status


def test_without_bounds_a_broadcast_answers_a_month_from_its_first_trigger(
    tiny: Sandbox, api: httpx.Client
) -> None:
    """Without bounds the deliveries of the first month are listed, later ones only with bounds."""
    first = min(row["created_at"] for row in tiny.rows("broadcast_triggers") if row["broadcast_id"] == 501)
    whole = [row for row in tiny.rows("messages") if row["broadcast_id"] == 501]
    bounds = {"start_ts": 0, "end_ts": tiny.clock.now(), "limit": 1000}

    plain = api.get("/v1/broadcasts/501/messages", params={"limit": 1000}).json()["messages"]

    assert plain == [row for row in whole if row["created"] <= first + 31 * _DAY]
    assert 0 < len(plain) < len(whole)
    assert api.get("/v1/broadcasts/501/messages", params=bounds).json()["messages"] == whole


@pytest.fixture
def file_url() -> Iterator[str]:
    """A file of JSON lines on loopback that names Ann."""

    class Lines(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"id": "ann", "data": {"voucher": "x"}}\n\n')

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Lines)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/people.json"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_audience_in_a_file(small: Sandbox, small_api: httpx.Client, file_url: str) -> None:
    """The lines are downloaded from the URL in the request."""
    small.add("people", id="ann", email="ann@example.com")
    began = small.clock.now()

    _trigger(small_api, {"data_file_url": file_url, "data": {"a": 1}})
    small.clock.advance(60)

    assert [row["customer_id"] for row in _sent(small, began)] == ["ann"]
