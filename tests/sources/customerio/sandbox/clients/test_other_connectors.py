"""Other people's connectors: the requests that they make, their paging loops and when these stop.

What a connector reads in its own way is the whole truth, however oddly it asks.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served
from tests.sources.customerio.sandbox.clients import manifest
from tests.sources.customerio.sandbox.clients.calls import recorded
from tests.sources.customerio.sandbox.wire.routes.track import (
    Row,
    attributes,
    person,
    profile,
    thing,
    track_client,
)

Query = dict[str, str | int]

DAY = 86_400
# What the Singer tap asks every list, whether the list knows it or not.
SINGER: Query = {"limit": 1000, "updated_since": "2020-01-01T00:00:00Z"}


@pytest.fixture
def track(small: Sandbox, small_served: Served) -> Iterator[httpx.Client]:
    """The small world's Track API."""
    with track_client(small, small_served) as client:
        yield client


@pytest.fixture(autouse=True)
def calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Checks that FIDELITY.md names the operations that a connector calls."""
    name = "small" if "small" in request.fixturenames else "tiny"
    sandbox: Sandbox = request.getfixturevalue(name)
    before = len(sandbox.stats.requests)
    yield
    made = {one.operation for one in sandbox.stats.requests[before:]}
    assert made
    assert made <= recorded(request.cls.CLIENT)


def _json(response: httpx.Response) -> Row:
    document: Row = response.raise_for_status().json()
    return document


def _follow(
    api: httpx.Client,
    path: str,
    key: str,
    asked: Query,
    *,
    until_empty: bool = False,
    body: Row | None = None,
) -> list[Row]:
    """Pages until `next` is absent or empty; some connectors stop at an empty page too."""
    rows: list[Row] = []
    method = "GET" if body is None else "POST"
    start: Query = {}
    while True:
        page = _json(api.request(method, f"/v1/{path}", params={**asked, **start}, json=body))
        rows += page[key] or []
        if not page.get("next") or (until_empty and not page[key]):
            return rows
        start = {"start": page["next"]}


def _hundreds(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + 100] for start in range(0, len(ids), 100))


def _truth(sandbox: Sandbox, table: str, *key: str) -> set[tuple[Any, ...]]:
    return {tuple(row[name] for name in key or ("id",)) for row in sandbox.rows(table)}


class TestSinger:
    """tap-customerio 0.2: a limit and a start date to every list, and no trust in pages."""

    CLIENT = "tap-customerio 0.2"

    @pytest.mark.parametrize(
        ("path", "key", "table", "id_"),
        [
            ("broadcasts", "broadcasts", "broadcasts", "id"),
            ("campaigns", "campaigns", "campaigns", "id"),
            ("collections", "collections", "collections", "id"),
            ("exports", "exports", "exports", "id"),
            ("object_types", "types", "object_types", "id"),
            ("reporting_webhooks", "reporting_webhooks", "reporting_webhooks", "id"),
            ("segments", "segments", "segments", "id"),
            ("snippets", "snippets", "snippets", "name"),
            ("subscription_topics", "topics", "subscription_topics", "id"),
            ("transactional", "messages", "transactional_messages", "id"),
            ("workspaces", "workspaces", "workspaces", "id"),
        ],
    )
    def test_a_list_without_pages(
        self, tiny: Sandbox, api: httpx.Client, path: str, key: str, table: str, id_: str
    ) -> None:
        """It raises if such a list has a `next`; none has, and all rows are there."""
        page = _json(api.get(f"/v1/{path}", params=SINGER))

        assert not page.get("next")
        assert _truth(tiny, table, id_) == {(row[id_],) for row in page[key] or []}

    @pytest.mark.parametrize(("path", "limit"), [("newsletters", 1000), ("activities", 100)])
    def test_a_list_with_pages(self, tiny: Sandbox, api: httpx.Client, path: str, limit: int) -> None:
        """It sends `next` back as `start`, and ends where `next` or the page is empty."""
        rows = _follow(api, path, path, {"limit": limit}, until_empty=True)

        assert _truth(tiny, path) == {(row["id"],) for row in rows}

    @pytest.mark.parametrize("kind", ["bounces", "spam_reports"])
    def test_suppressions_have_no_next(self, tiny: Sandbox, api: httpx.Client, kind: str) -> None:
        """It looks for a `next`, which this list does not have, and so gets the first hundred rows."""
        rows = _follow(api, f"esp/suppression/{kind}", "suppressions", {"page": 100})

        truth = {row["email"] for row in tiny.rows("esp_suppressions") if row["suppression_type"] == kind}
        assert {row["email"] for row in rows} <= truth
        assert len(rows) == min(len(truth), 100)

    def test_customers_are_searched_and_then_read_a_hundred_at_a_time(
        self, tiny: Sandbox, api: httpx.Client
    ) -> None:
        """It reads the plain `ids` of the search, and requests them without `id_type`."""
        body = {"filter": {"and": [{"attribute": {"field": "id", "operator": "exists"}}]}}
        ids: list[str] = []
        asked: Query = {"limit": 1000}
        while True:
            page = _json(api.post("/v1/customers", params=asked, json=body))
            ids += page["ids"]
            if not page["next"]:
                break
            asked["start"] = page["next"]

        found = [
            row
            for some in _hundreds(ids)
            for row in _json(api.post("/v1/customers/attributes", json={"ids": some}))["customers"]
        ]

        known = {row["id"] for row in tiny.rows("people") if row["id"]}
        assert known == {row["id"] for row in found} == {row["attributes"]["id"] for row in found}


class TestAirbyte:
    """Airbyte's source-customer-io: bounded windows, inclusive at both ends, and every list to its end."""

    CLIENT = "Airbyte's source-customer-io"

    def test_children_of_every_campaign(self, tiny: Sandbox, api: httpx.Client) -> None:
        """One unpaged request for campaigns; the actions of each, `next` as `start`; ids are texts."""
        campaigns = _json(api.get("/v1/campaigns"))["campaigns"]
        found = {
            (campaign["id"], row["id"])
            for campaign in campaigns
            for row in _follow(api, f"campaigns/{campaign['id']}/actions", "actions", {})
        }

        assert _truth(tiny, "campaign_actions", "campaign_id", "id") == found
        assert all(isinstance(id_, str) for _, id_ in found)

    @pytest.mark.parametrize(
        ("name", "table", "key"),
        [
            ("campaigns", "campaigns", ("id",)),
            ("campaigns_actions", "campaign_actions", ("campaign_id", "id")),
            ("newsletters", "newsletters", ("id",)),
        ],
    )
    @pytest.mark.parametrize("size", [None, 1])
    def test_a_published_stream(
        self, tiny: Sandbox, api: httpx.Client, name: str, table: str, key: tuple[str, ...], size: int | None
    ) -> None:
        """The manifest reads every row once, whatever the size of its pages; no cursor is missing."""
        stream = manifest.STREAMS[name]
        rows = list(manifest.read(api, stream._replace(size=size) if size else stream))

        found = [tuple(row[part] for part in key) for row in rows]
        assert _truth(tiny, table, *key) == set(found)
        assert len(found) == len(set(found))
        assert all(isinstance(row["updated"], int) for row in rows)

    def test_the_children_of_a_deleted_campaign_are_skipped(
        self, small: Sandbox, small_api: httpx.Client
    ) -> None:
        """A campaign that goes between the list and its actions answers 404, which the manifest ignores."""
        gone, *_ = manifest.read(small_api, manifest.STREAMS["campaigns"])
        small.delete("campaigns", gone["id"])

        assert [] == list(manifest.partition(small_api, manifest.STREAMS["campaigns_actions"], gone["id"]))

    def test_messages_in_windows_of_thirty_days(self, tiny: Sandbox, api: httpx.Client) -> None:
        """Windows meet a second apart, a thousand rows a page: each delivery comes once."""
        now, rows = tiny.clock.now(), list[Row]()
        start = min(row["created"] for row in tiny.rows("messages"))
        while start <= now:
            window: Query = {"start_ts": start, "end_ts": min(start + 30 * DAY - 1, now), "limit": 1000}
            rows += _follow(api, "messages", "messages", window)
            start += 30 * DAY

        assert len(rows) == len({row["id"] for row in rows})
        assert _truth(tiny, "messages") == {(row["id"],) for row in rows}

    def test_activities_with_deleted_people(self, tiny: Sandbox, api: httpx.Client) -> None:
        """A hundred a page, newest first, deleted people's too, to the first empty page."""
        asked: Query = {"limit": 100, "deleted": "true"}
        rows = _follow(api, "activities", "activities", asked, until_empty=True)

        assert _truth(tiny, "activities") == {(row["id"],) for row in rows}
        assert rows == sorted(rows, key=lambda row: -row["timestamp"])

    def test_senders_twice_and_members_whole(self, tiny: Sandbox, api: httpx.Client) -> None:
        """Visible and hidden senders are two lists that end by an empty page; members come 30,000 a page."""
        senders = {
            row["id"]
            for hidden in ("false", "true")
            for row in _follow(
                api, "sender_identities", "sender_identities", {"hidden": hidden}, until_empty=True
            )
        }
        members = {
            (segment["id"], row["cio_id"])
            for segment in _json(api.get("/v1/segments"))["segments"]
            for row in _follow(api, f"segments/{segment['id']}/membership", "identifiers", {"limit": 30_000})
        }

        assert {(id_,) for id_ in senders} == _truth(tiny, "sender_identities")
        assert members == _truth(tiny, "segment_memberships", "segment_id", "cio_id")

    def test_people_by_their_cio_ids(self, tiny: Sandbox, api: httpx.Client) -> None:
        """A search for all people with a cio_id, then their profiles by it, a hundred at a time."""
        everyone = {"filter": {"attribute": {"field": "cio_id", "operator": "exists"}}}
        found = _follow(api, "customers", "identifiers", {"limit": 1000}, body=everyone)
        hydrated = [
            row["identifiers"]["cio_id"]
            for some in _hundreds([row["cio_id"] for row in found])
            for row in _json(
                api.post("/v1/customers/attributes", params={"id_type": "cio_id"}, json={"ids": some})
            )["customers"]
        ]

        assert sorted(row["identifiers"]["cio_id"] for row in tiny.rows("people")) == sorted(hydrated)

    @pytest.mark.parametrize("kind", ["bounces", "blocks", "spam_reports", "invalid_emails"])
    def test_suppressions_by_offset(self, tiny: Sandbox, api: httpx.Client, kind: str) -> None:
        """A thousand from each offset, until a page is short; an empty list is null."""
        domain = "mail.example.com"
        rows: list[Row] = []
        for offset in count(0, 1000):
            asked: Query = {"domain": domain, "limit": 1000, "offset": offset}
            page = _json(api.get(f"/v1/esp/suppression/{kind}", params=asked))["suppressions"] or []
            rows += page
            if len(page) < 1000:
                break

        truth = {
            row["email"]
            for row in tiny.rows("esp_suppressions")
            if (row["suppression_type"], row["domain"]) == (kind, domain)
        }
        assert truth == {row["email"] for row in rows}


class TestKeboola:
    """component-customer-io: the paths of the beta, Python's own `False`, ten thousand rows a page."""

    CLIENT = "Keboola's component"

    @pytest.mark.parametrize(("name", "unless"), [("messages", "drafts"), ("activities", "deleted")])
    def test_pages_go_on_until_next_is_empty(
        self, tiny: Sandbox, api: httpx.Client, name: str, unless: str
    ) -> None:
        """A limit that is far too large is no error, and `next` is there on the last page too."""
        rows = _follow(api, f"api/{name}", name, {"limit": 10_000, unless: "False"})

        truth = _truth(tiny, name)
        assert {(row["id"],) for row in rows} <= truth
        if name == "activities":
            assert truth == {(row["id"],) for row in rows}

    def test_lists_hold_no_errors(self, tiny: Sandbox, api: httpx.Client) -> None:
        """It treats `errors` in a body as a failure, with any status."""
        campaigns, segments = (_json(api.get(f"/v1/api/{name}")) for name in ("campaigns", "segments"))

        assert "errors" not in campaigns and "errors" not in segments
        assert _truth(tiny, "campaigns") == {(row["id"],) for row in campaigns["campaigns"]}
        assert _truth(tiny, "segments") == {(row["id"],) for row in segments["segments"]}

    def test_an_export_is_polled_for_its_link(self, small: Sandbox, small_api: httpx.Client) -> None:
        """All people with an id; the link is polled until it exists, and opens without a key."""
        body = {"filters": {"attribute": {"field": "id", "operator": "exists"}}, "attributes": ["email"]}
        export = _json(small_api.post("/v1/api/exports/customers", json=body))["export"]
        answers = []
        for _ in range(20):
            answers.append(small_api.get(f"/v1/api/exports/{export['id']}/download").json())
            if answers[-1].get("url"):
                break
            small.clock.advance(2)
        file = httpx.get(answers[-1]["url"], trust_env=False).text

        assert all(answer["errors"] for answer in answers[:-1])
        header, *lines = file.splitlines()
        assert {"id", "email"} <= set(header.split(","))
        assert len(lines) == sum(bool(row["id"]) for row in small.rows("people"))


class TestSegment:
    """Segment's Customer.io action: one entity, or a batch whose errors are found by their place."""

    CLIENT = "Segment"

    def test_a_batch_is_split_by_the_places_of_its_errors(self, small: Sandbox, track: httpx.Client) -> None:
        """Items without an error by `batch_index` were accepted, with any 2xx status."""
        batch = [
            person("identify", {"id": "first"}, attributes={"plan": "pro", "created_at": 1_700_000_000}),
            person("identify", {}, attributes={"plan": "nobody"}),
            person("event", {"anonymous_id": "anonymous"}, name="looked", timestamp=1_700_000_000),
            thing("identify", "1", "acme", cio_relationships=[{"identifiers": {"id": "first"}}]),
        ]

        response = track.post("/api/v2/batch", json={"batch": batch})

        assert response.status_code == 207
        assert [(1, True)] == [
            (error["batch_index"], bool(error.get("message") or error.get("reason")))
            for error in response.json()["errors"]
        ]
        assert attributes(small, id="first")["plan"] == "pro"
        assert "acme" in {row["object_id"] for row in small.rows("objects")}

    def test_one_entity_by_each_identifier(self, small: Sandbox, track: httpx.Client) -> None:
        """`cio_` ids lose their prefix, what looks like an address is an email, all else an id."""
        track.post("/api/v2/entity", json=person("identify", {"id": "one"}, attributes={"a": 1}))
        track.post(
            "/api/v2/entity", json=person("identify", {"email": "two@example.com"}, attributes={"a": 1})
        )
        known = profile(small, id="one")
        assert known is not None

        cio_id = {"cio_id": known["identifiers"]["cio_id"]}
        response = track.post("/api/v2/entity", json=person("identify", cio_id, attributes={"a": 2}))

        assert (response.status_code, response.json()) == (200, {})
        assert attributes(small, id="one")["a"] == "2"
        assert profile(small, email="two@example.com") is not None


class TestRudderStack:
    """RudderStack's native batches: 207 alone is read item by item, any other 2xx is success for all."""

    CLIENT = "RudderStack"

    def test_a_207_names_each_failed_item_and_what_is_wrong(
        self, small: Sandbox, track: httpx.Client
    ) -> None:
        """It ignores errors without a numeric place, so each has one, with reason, field or message."""
        items = [
            person("identify", {"id": f"person-{number}"}, attributes={"n": number}) for number in range(3)
        ]
        items.insert(1, person("event", {"id": "person-0"}))

        response = track.post("/api/v2/batch", json={"batch": items})
        failed = {
            error["batch_index"]: [error[name] for name in ("reason", "field", "message") if error.get(name)]
            for error in response.json()["errors"]
        }

        assert response.status_code == 207
        assert [1] == list(failed) and failed[1]
        assert all(profile(small, id=f"person-{number}") for number in range(3))

    def test_a_good_batch_has_no_207(self, small: Sandbox, track: httpx.Client) -> None:
        """Inserts and deletes of records in one batch, in their order, are a plain 200."""
        batch = [
            person("identify", {"id": "record"}, attributes={"plan": "pro"}),
            person("delete", {"id": "record"}),
        ]

        assert track.post("/api/v2/batch", json={"batch": batch}).status_code == 200
        assert profile(small, id="record") is None
