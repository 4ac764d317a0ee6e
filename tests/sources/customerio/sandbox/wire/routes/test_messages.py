"""Deliveries: order, bounds, reach, filters, records, late metrics."""

import base64
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import DEFAULT_START, Fault, Sandbox

Reader = Callable[..., list[dict[str, Any]]]
_DAY = 86_400


def _reads_half_a_year(api: httpx.Client, read: Reader, **params: Any) -> list[dict[str, Any]]:
    return read(api, "/v1/messages", "messages", start_ts=0, end_ts=DEFAULT_START, **params)


def _at(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 10, tzinfo=UTC).timestamp())


def test_pages_of_every_size_give_the_same_list(api: httpx.Client, read: Reader) -> None:
    """Rows of one second are neither lost nor repeated at a page's edge."""
    whole = _reads_half_a_year(api, read, limit=1000)

    assert [row["id"] for row in _reads_half_a_year(api, read, limit=7)] == [row["id"] for row in whole]
    assert len({row["id"] for row in whole}) == len(whole)


def test_one_second_can_hold_more_than_a_page(tiny: Sandbox) -> None:
    """The deliveries of a newsletter share a second, so a time alone cannot be the position of a page."""
    seconds = Counter(row["created"] for row in tiny.rows("messages"))

    assert max(seconds.values()) > 10


def test_newest_first_and_the_last_page_has_no_next(api: httpx.Client) -> None:
    """`created` never rises down the list, and `next` is "" at the end."""
    body = api.get("/v1/messages", params={"limit": 1000}).json()
    created = [row["created"] for row in body["messages"]]

    assert created == sorted(created, reverse=True)
    assert body["next"] == ""


def test_a_token_is_a_position_and_restarts_past_the_end(api: httpx.Client) -> None:
    """A token says a row's position; at the end or past it comes the first page, with its `next`."""
    first = api.get("/v1/messages", params={"limit": 7}).json()
    assert base64.b64decode(first["next"]) == b"v20:7"
    count = len(_reads(api))

    for position in (count, count + 1, 10**9):
        token = base64.b64encode(f"v20:{position}".encode()).decode()
        assert api.get("/v1/messages", params={"limit": 7, "start": token}).json() == first
    last = base64.b64encode(f"v20:{count - 1}".encode()).decode()
    page = api.get("/v1/messages", params={"limit": 7, "start": last}).json()
    assert (len(page["messages"]), page["next"]) == (1, "")


@pytest.mark.parametrize("token", ["djIxOjE=", "MQ==", "MDox", "djIwOi0x", "djIwOg==", "no token"])
def test_a_token_of_another_form_is_400(api: httpx.Client, token: str) -> None:
    """Another version, a bare position, two numbers and a negative one are `bad request`."""
    response = api.get("/v1/messages", params={"start": token})

    assert response.status_code == 400
    assert response.json()["errors"][0]["detail"].startswith("bad request (reference ")


def test_rows_that_arrive_move_the_others_down(small: Sandbox, small_api: httpx.Client) -> None:
    """A position is counted anew: after an arrival the second page begins with a row of the first."""
    small.add("people", id="ann", email="ann@example.com")
    first = small_api.get("/v1/messages", params={"limit": 3}).json()
    send = {"transactional_message_id": 1, "identifiers": {"id": "ann"}, "to": "ann@example.com"}
    small_api.post("/v1/send/email", json=send).raise_for_status()

    second = small_api.get("/v1/messages", params={"limit": 3, "start": first["next"]}).json()

    assert second["messages"][0] == first["messages"][-1]


def _reads(api: httpx.Client) -> list[dict[str, Any]]:
    """The deliveries of six months, on one page."""
    body = api.get("/v1/messages", params={"limit": 1000}).json()
    assert body["next"] == ""
    rows: list[dict[str, Any]] = body["messages"]
    return rows


def test_fifty_a_page_by_default(api: httpx.Client) -> None:
    """Without a limit a page has 50 rows."""
    assert len(api.get("/v1/messages").json()["messages"]) == 50


def test_both_bounds_are_inclusive(tiny: Sandbox, api: httpx.Client) -> None:
    """One second asked for as start and end answers that second's deliveries."""
    row = next(tiny.rows("messages"))

    body = api.get("/v1/messages", params={"start_ts": row["created"], "end_ts": row["created"]}).json()

    assert row in body["messages"]
    assert {found["created"] for found in body["messages"]} == {row["created"]}


def test_long_ago_is_empty_and_no_error(api: httpx.Client) -> None:
    """A range before the first delivery is 200 and []."""
    body = api.get("/v1/messages", params={"start_ts": 0, "end_ts": 2_591_999}).json()

    assert body == {"messages": [], "next": ""}


@pytest.mark.parametrize(
    ("params", "first", "last"),
    [
        ({}, _at(2026, 4, 15), DEFAULT_START),
        ({"start_ts": 0}, _at(2026, 4, 15), DEFAULT_START),
        ({"end_ts": _at(2026, 7, 15)}, _at(2026, 1, 15), _at(2026, 7, 15)),
        ({"start_ts": 0, "end_ts": _at(2026, 8, 20)}, _at(2026, 2, 20), _at(2026, 8, 20)),
        ({"start_ts": _at(2026, 8, 1), "end_ts": 2**40}, 0, DEFAULT_START),
    ],
)
def test_one_request_reaches_six_months(
    tiny: Sandbox, api: httpx.Client, read: Reader, params: dict[str, int], first: int, last: int
) -> None:
    """The range ends at `end_ts`, or now, and is cut to six months from its end."""
    # Six months before a far end are after everything there is.
    wanted = [row["id"] for row in tiny.rows("messages") if first <= row["created"] <= last]
    if params.get("end_ts", 0) > DEFAULT_START:
        wanted = []

    assert [row["id"] for row in read(api, "/v1/messages", "messages", limit=1000, **params)] == wanted


def test_windows_add_up_to_the_truth(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """Five months at a time, every delivery of the world is found, field by field."""
    found: list[dict[str, Any]] = []
    end, asked = DEFAULT_START, {"limit": 100, "get_tracked_responses": "true"}
    while end > DEFAULT_START - 400 * _DAY:
        start = end - 150 * _DAY
        found += read(api, "/v1/messages", "messages", start_ts=start + 1, end_ts=end, **asked)
        end = start

    assert found == list(tiny.rows("messages"))


def test_a_campaign_reaches_twelve_months_if_asked(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """Six months without bounds, twelve with."""
    whole = [row for row in tiny.rows("messages") if row["campaign_id"] == 1]
    half = [row for row in whole if row["created"] >= _at(2026, 4, 15)]

    assert len(half) < len(whole)
    assert read(api, "/v1/campaigns/1/messages", "messages") == half
    assert read(api, "/v1/campaigns/1/messages", "messages", start_ts=0, end_ts=DEFAULT_START) == whole


def test_a_newsletter_answers_from_its_first_delivery(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """The oldest newsletter is older than six months and still answers without bounds."""
    whole = [row for row in tiny.rows("messages") if row["newsletter_id"] == 1]

    assert whole[-1]["created"] < _at(2026, 4, 15)
    assert read(api, "/v1/newsletters/1/messages", "messages", limit=3) == whole


def test_a_broadcast_answers_a_month_behind_its_first_trigger(
    tiny: Sandbox, api: httpx.Client, read: Reader
) -> None:
    """Without bounds only the first month's deliveries of a broadcast are listed."""
    whole = [row for row in tiny.rows("messages") if row["broadcast_id"] == 501]
    month = [row for row in whole if row["created"] <= whole[-1]["created"] + 31 * _DAY]

    assert 0 < len(month) < len(whole)
    assert read(api, "/v1/broadcasts/501/messages", "messages") == month
    bounds = {"start_ts": 0, "end_ts": DEFAULT_START}
    assert read(api, "/v1/broadcasts/501/messages", "messages", **bounds) == whole


@pytest.mark.parametrize(
    ("name", "value"), [("type", "push"), ("campaign_id", 2), ("newsletter_id", 10), ("action_id", 19)]
)
def test_filters_by_parent_and_type(api: httpx.Client, read: Reader, name: str, value: object) -> None:
    """A filter keeps the rows whose field has the value, in the same order."""
    wanted = [row for row in _reads_half_a_year(api, read, limit=1000) if row[name] == value]

    assert wanted
    assert _reads_half_a_year(api, read, limit=4, **{name: value}) == wanted


def test_the_metric_filter_wants_the_metric(api: httpx.Client, read: Reader) -> None:
    """`metric=clicked` lists what was clicked; a metric that does not exist lists nothing."""
    wanted = [row for row in _reads_half_a_year(api, read, limit=1000) if "clicked" in row["metrics"]]

    assert wanted
    assert _reads_half_a_year(api, read, metric="clicked") == wanted
    assert _reads_half_a_year(api, read, metric="nonsense") == []


def test_drafts_are_instead_of_sent(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """Drafts are hidden by default and alone with `drafts=true`; all they have is `drafted`."""
    drafts = _reads_half_a_year(api, read, drafts="true")

    assert drafts
    assert all(list(row["metrics"]) == ["drafted"] for row in drafts)
    assert not {row["id"] for row in drafts} & {row["id"] for row in tiny.rows("messages")}
    assert api.get(f"/v1/messages/{drafts[0]['id']}").json() == {"message": drafts[0]}


def test_a_record_names_every_parent(tiny: Sandbox) -> None:
    """All parents are keys; exactly one kind is set, none for transactional deliveries."""
    parents = ("campaign_id", "newsletter_id", "broadcast_id", "transactional_message_id")

    for row in tiny.rows("messages"):
        assert sum(row[name] is not None for name in parents) == 1
        assert row["msg_template_id"]
        if row["transactional_message_id"]:
            assert row["action_id"] is None
            assert row["content_id"] is None


def test_records_have_the_odd_shapes(tiny: Sandbox) -> None:
    """There are deliveries without customer_id, failed, without content, and triggered by events."""
    rows = list(tiny.rows("messages"))

    assert any(row["customer_id"] is None and row["customer_identifiers"]["email"] for row in rows)
    assert any(row["customer_identifiers"] is None for row in rows)
    assert any(row["failure_message"] for row in rows)
    assert any(row["forgotten"] for row in rows)
    assert any(row["trigger_event_id"] for row in rows)
    assert {"email", "push", "twilio", "in_app", "webhook", "slack"} == {row["type"] for row in rows}


def test_ids_are_opaque_and_found_by_path(tiny: Sandbox, api: httpx.Client) -> None:
    """Ids are base64url with padding, some of it double, and look up their own record."""
    rows = list(tiny.rows("messages"))[:40]

    assert {row["id"].count("=") for row in rows} == {1, 2}
    for row in rows[:10]:
        assert api.get(f"/v1/messages/{row['id']}").json() == {"message": row}


def test_a_click_is_a_metric_of_its_link_too(tiny: Sandbox) -> None:
    """`link:<n>`, and `human_link:<n>` if a person clicked, at the time of the click [live-estuary]."""
    clicked = [row["metrics"] for row in tiny.rows("messages") if "clicked" in row["metrics"]]
    names = {name for metrics in clicked for name in metrics if "link:" in name}

    assert len(names) > 4
    for metrics in clicked:
        links = {name.split(":")[0]: at for name, at in metrics.items() if "link:" in name}
        expected = {"link": metrics["clicked"], "human_link": metrics.get("human_clicked")}
        assert links in ({name: at for name, at in expected.items() if at}, {})
    unclicked = (row["metrics"] for row in tiny.rows("messages") if "clicked" not in row["metrics"])
    assert not any("link:" in name for metrics in unclicked for name in metrics)


def test_a_row_has_all_keys(tiny: Sandbox) -> None:
    """Unset keys are null, none but tracked responses is absent [live-estuary]."""
    keys = {
        "id", "deduplicate_id", "msg_template_id", "action_id", "parent_action_id", "customer_id",
        "transactional_message_id", "customer_identifiers", "trigger_event_id", "recipient", "subject",
        "metrics", "created", "failure_message", "newsletter_id", "content_id", "campaign_id",
        "broadcast_id", "type", "forgotten",
    }  # fmt: skip
    assert all(set(row) - {"tracked_responses"} == keys for row in tiny.rows("messages"))


@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        ("transactional_id", "transactional_message_id"),
        ("template_id", "msg_template_id"),
        ("content_id", "content_id"),
    ],
)
def test_filters_by_content(
    tiny: Sandbox, api: httpx.Client, read: Reader, parameter: str, field: str
) -> None:
    """Deliveries of one transactional message, one template or one content [sdk node]."""
    value = next(row[field] for row in tiny.rows("messages") if row[field] is not None)
    wanted = [row for row in _reads_half_a_year(api, read, limit=1000) if row[field] == value]

    assert wanted == _reads_half_a_year(api, read, limit=1000, **{parameter: value})
    assert wanted


def test_a_trigger_counts_with_its_broadcast_alone(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """The deliveries of a broadcast's triggers are those of the broadcast; an unknown trigger has none."""
    triggers = list(tiny.rows("broadcast_triggers"))
    broadcast = triggers[-1]["broadcast_id"]
    numbers = [row["id"] for row in triggers if row["broadcast_id"] == broadcast]
    whole = [row for row in _reads_half_a_year(api, read, limit=1000) if row["broadcast_id"] == broadcast]

    found = [
        row
        for number in numbers
        for row in _reads_half_a_year(api, read, limit=1000, campaign_id=broadcast, trigger_id=number)
    ]

    assert whole
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in whole)
    assert _reads_half_a_year(api, read, campaign_id=broadcast, trigger_id=10**6) == []
    everything = _reads_half_a_year(api, read, limit=1000)
    assert _reads_half_a_year(api, read, limit=1000, trigger_id=10**6) == everything


def test_associations_are_named_beside_the_deliveries(api: httpx.Client) -> None:
    """With `associations=true` the parents of the page's rows follow."""
    plain = api.get("/v1/messages").json()
    body = api.get("/v1/messages", params={"associations": "true"}).json()

    assert plain == {name: body[name] for name in ("messages", "next")}
    assert set(body) == {"messages", "next", "campaigns", "actions", "newsletters", "contents"}
    campaigns = {row["campaign_id"] for row in body["messages"]} - {None}
    assert {row["id"] for row in body["campaigns"]} == campaigns
    one = api.get(f"/v1/messages/{body['messages'][0]['id']}", params={"associations": "true"}).json()
    assert one["message"] == body["messages"][0]
    assert set(one) == {"message", "campaigns", "actions", "newsletters", "contents"}


def test_responses_are_listed_when_they_are_asked_for(tiny: Sandbox, api: httpx.Client) -> None:
    """A clicked in-app message has the component's name and the time; others have no key [live-estuary]."""
    (row, *_) = [row for row in tiny.rows("messages") if "tracked_responses" in row]
    bounds = {"start_ts": row["created"], "end_ts": row["created"], "limit": 1000}

    (plain,) = [one for one in _listed(api, bounds) if one["id"] == row["id"]]
    found = {one["id"]: one for one in _listed(api, {**bounds, "get_tracked_responses": "true"})}
    single = api.get(f"/v1/messages/{row['id']}", params={"get_tracked_responses": "true"}).json()

    assert "tracked_responses" not in plain
    assert row == found[row["id"]] == single["message"]
    ((_, answer),) = row["tracked_responses"].items()
    assert ("in_app", row["metrics"]["clicked"]) == (row["type"], answer["ts"])
    assert all("tracked_responses" not in one for one in found.values() if one["type"] != "in_app")


def _listed(api: httpx.Client, params: dict[str, Any]) -> list[dict[str, Any]]:
    """A page of deliveries."""
    rows: list[dict[str, Any]] = api.get("/v1/messages", params=params).json()["messages"]
    return rows


def test_a_persons_messages(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """One person's deliveries, by email in another case; an unknown person is 404."""
    row = next(row for row in tiny.rows("messages") if row["customer_id"])
    who = row["customer_identifiers"]
    wanted = [
        found["id"] for found in tiny.rows("messages")
        if found["customer_identifiers"] == who and found["created"] >= _at(2026, 4, 15)
    ]  # fmt: skip

    found = read(api, f"/v1/customers/{who['email'].upper()}/messages", "messages", id_type="email")

    assert [row["id"] for row in found] == wanted
    assert api.get("/v1/customers/nobody/messages").status_code == 404
    last = api.get(f"/v1/customers/{who['email']}/messages", params={"id_type": "email", "limit": 1000})
    assert "next" not in last.json(), "the key is absent at the end [live-estuary]"


def test_metrics_arrive_late_and_move_the_deduplicate_id(small: Sandbox) -> None:
    """Months later old deliveries have more metrics, never fewer, and say so in deduplicate_id."""
    before = {row["id"]: row for row in small.rows("messages")}
    small.clock.advance(60 * _DAY)
    after = {row["id"]: row for row in small.rows("messages")}

    changed = [after[key] for key, row in before.items() if after[key] != row]
    assert changed
    for row in changed:
        earlier = before[row["id"]]
        assert earlier["metrics"].items() <= row["metrics"].items()
        assert row["deduplicate_id"] == f"{row['id']}:{max(row['metrics'].values())}"
        assert row["created"] == earlier["created"]


def test_no_metric_lies_in_the_future(small: Sandbox) -> None:
    """Metrics of the future are not shown."""
    now = small.clock.now()

    assert all(max(row["metrics"].values(), default=0) <= now for row in small.rows("messages"))
    assert all(row["created"] <= now for row in small.rows("messages"))


def test_an_empty_page_can_have_a_next(small: Sandbox, small_api: httpx.Client, read: Reader) -> None:
    """A fault gives a page without rows whose `next` leads to all of them."""
    small.faults.add(
        Fault(operation="listMessages", empty_page=True),
        Fault(operation="listMessages", empty_page=True, after=2),
    )

    assert small_api.get("/v1/messages").json()["messages"] == []
    asked = {"limit": 30, "get_tracked_responses": "true"}
    assert read(small_api, "/v1/messages", "messages", **asked) == list(small.rows("messages"))


def test_an_empty_list_can_be_null(small: Sandbox, small_api: httpx.Client) -> None:
    """A fault replaces [] by null, because it is unknown which one Customer.io sends."""
    small.faults.add(Fault(operation="listMessages", null_rows=True, times=None))

    assert small_api.get("/v1/messages", params={"end_ts": 5}).json() == {"messages": None, "next": ""}
    assert small_api.get("/v1/messages").json()["messages"]
