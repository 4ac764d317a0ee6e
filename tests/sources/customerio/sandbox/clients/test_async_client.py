"""The third-party client `async-customerio` reads from the sandbox and writes to it unchanged."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from async_customerio import AsyncAPIClient, AsyncCustomerIO, AsyncCustomerIOError, SendEmailRequest

from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.sandbox.clients.tls import tls
from tests.sources.customerio.sandbox.wire.routes.track import attributes, profile

Clients = Callable[[AsyncAPIClient, AsyncCustomerIO], Awaitable[None]]
Run = Callable[[Clients], None]


@pytest.fixture
def run(small: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a coroutine with clients of both APIs, whose hosts are the small world's, over HTTPS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def run_with(work: Clients) -> None:
        with small.serve() as served, tls(urlsplit(served.app_url).port or 0, tmp_path) as port:
            asyncio.run(_with_clients(small, port, work))

    return run_with


async def _with_clients(sandbox: Sandbox, port: int, work: Clients) -> None:
    app = AsyncAPIClient(sandbox.app_api_key, url=f"https://localhost:{port}")
    track = AsyncCustomerIO(sandbox.track_site_id, sandbox.track_api_key, host="localhost", port=port)
    async with app, track:
        await work(app, track)


async def _pages(call: Callable[..., Awaitable[dict[str, Any]]], key: str, *args: Any) -> list[Any]:
    rows: list[Any] = []
    start: str | None = None
    while True:
        page = await call(*args, start=start, limit=7)
        rows += page[key] or []
        start = page["next"]
        if not start:
            return rows


def test_people_are_searched_and_read_page_by_page(small: Sandbox, run: Run) -> None:
    """Its search, pages, lookups and attributes find every person of the workspace."""
    truth = {row["identifiers"]["cio_id"]: row for row in small.rows("people")}
    known = next(row for row in truth.values() if row["id"] and row["attributes"].get("email"))

    async def work(app: AsyncAPIClient, _: AsyncCustomerIO) -> None:
        everyone = {"attribute": {"field": "cio_id", "operator": "exists"}}
        found = await _pages(app.customers.search, "identifiers", everyone)
        hydrated = await app.customers.get_by_ids([known["id"]])
        one = await app.customers.get_attributes(known["identifiers"]["cio_id"], id_type="cio_id")
        same = await app.customers.get_by_email(known["attributes"]["email"])
        sent = await app.customers.get_messages(known["id"])
        acts_ = await app.customers.get_activities(known["id"])

        assert set(truth) == {row["cio_id"] for row in found}
        assert known["id"] == hydrated["customers"][0]["id"]
        assert known["attributes"]["email"] == one["customer"]["attributes"]["email"]
        assert known["identifiers"]["cio_id"] in {row["cio_id"] for row in same["results"]}
        assert isinstance(sent["messages"], list | None)
        assert acts_["activities"]

    run(work)


def test_segments_and_transactional_messages_are_read_and_changed(small: Sandbox, run: Run) -> None:
    """Lists, members, counts, metrics; a segment that it makes, fills and deletes."""
    segment = next(row for row in small.rows("segments") if row["type"] == "dynamic")
    members = {
        row["cio_id"] for row in small.rows("segment_memberships") if row["segment_id"] == segment["id"]
    }
    person = next(row for row in small.rows("people") if row["id"])

    async def work(app: AsyncAPIClient, track: AsyncCustomerIO) -> None:
        assert {row["id"] for row in small.rows("segments")} == {
            row["id"] for row in (await app.segments.list())["segments"]
        }
        assert members == {
            row["cio_id"] for row in await _pages(app.segments.get_membership, "identifiers", segment["id"])
        }
        assert (await app.segments.get_customer_count(segment["id"]))["count"] == len(members)
        made = (await app.segments.create("Made elsewhere"))["segment"]["id"]
        await track.add_to_segment(made, [person["id"]])
        assert (await app.segments.get_customer_count(made))["count"] == 1
        await app.segments.delete(made)
        with pytest.raises(AsyncCustomerIOError, match="404"):
            await app.segments.get(made)

        (first, *_) = (await app.transactional.list())["messages"]
        assert (await app.transactional.get(first["id"]))["message"]["id"] == first["id"]
        assert "series" in (await app.transactional.get_metrics(first["id"], steps=3))["metric"]
        assert "links" in await app.transactional.get_link_metrics(first["id"], unique=True)

    run(work)


def test_both_versions_of_the_track_api_are_written(small: Sandbox, run: Run) -> None:
    """People, events, devices and a batch with a bad item arrive as they do at the real hosts."""

    async def work(_: AsyncAPIClient, track: AsyncCustomerIO) -> None:
        assert (await track.get_region())["region"] == "us"
        await track.identify("one", email="one@example.com", plan="pro")
        await track.track("one", "bought", total=12)
        await track.add_device("one", "token-1", "ios")
        await track.v2.identify_person({"id": "two"}, plan="team")
        await track.v2.merge_persons({"id": "one"}, {"id": "two"})
        bad = {"type": "person", "action": "identify", "identifiers": {}}
        good = {"type": "person", "action": "identify", "identifiers": {"id": "three"}}
        answer = await track.v2.send_batch([bad, {**good, "attributes": {"plan": "free"}}])

        assert [0] == [error["batch_index"] for error in answer["errors"]]

    run(work)

    assert "pro" == attributes(small, id="one")["plan"]
    assert profile(small, id="two") is None
    assert "free" == attributes(small, id="three")["plan"]
    assert "bought" in {row.get("name") for row in small.rows("activities") if row["type"] == "event"}


def test_an_email_is_sent_and_a_wrong_key_is_told(small: Sandbox, run: Run) -> None:
    """A send names a delivery that the workspace has; the sandbox's errors are errors there."""
    person = next(row for row in small.rows("people") if row["id"] and row["attributes"].get("email"))
    sent: list[str] = []

    async def work(app: AsyncAPIClient, _: AsyncCustomerIO) -> None:
        request = SendEmailRequest(
            transactional_message_id=1,
            to=person["attributes"]["email"],
            identifiers={"id": person["id"]},
        )
        sent.append((await app.send_email(request))["delivery_id"])
        async with AsyncAPIClient("wrong", url=app.base_url) as stranger:
            with pytest.raises(AsyncCustomerIOError, match="401"):
                await stranger.segments.list()

    run(work)

    small.clock.advance(60)
    assert set(sent) <= {row["id"] for row in small.rows("messages")}
