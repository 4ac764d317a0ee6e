"""People who enter a campaign's segment, or do its event, get its first message; all of it over HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served
from sources.customerio.sandbox.clock import DAY
from tests.sources.customerio.sandbox.wire.routes.track import Row, person, track_client

Messages = Callable[[int], int]


@pytest.fixture
def track(small: Sandbox, small_served: Served) -> Iterator[httpx.Client]:
    """The small world's Track API, whose writes start campaigns."""
    small.knobs.campaigns_start = True
    with track_client(small, small_served) as client:
        yield client


@pytest.fixture
def messages(small_api: httpx.Client, read: Callable[..., list[Row]]) -> Messages:
    """The number of messages of a campaign."""
    return lambda campaign: len(read(small_api, "/v1/messages", "messages", campaign_id=campaign))


def _campaign(small: Sandbox, **fields: Any) -> int:
    """A running campaign with two messages."""
    running = {"type": "seg_attr", "active": True, "state": "running", "trigger_segment_ids": []}
    campaign = int(small.add("campaigns", name="New", **{**running, **fields}))
    for number in (1, 2):
        small.add("campaign_actions", campaign_id=campaign, type="email", name=f"Mail {number}", language="")
    return campaign


def _send(track: httpx.Client, *ops: Row) -> None:
    track.post("/api/v2/batch", json={"batch": ops}).raise_for_status()


def test_who_enters_a_segment_starts_its_campaign(
    small: Sandbox, track: httpx.Client, small_api: httpx.Client, messages: Messages
) -> None:
    """An attribute brings a person in, once; leaving starts nothing, coming back starts it again."""
    campaign = _campaign(small, trigger_segment_ids=[3])
    seen = []
    for country in ("DE", "DE", "FR", "DE"):
        _send(track, person("identify", {"id": "ann"}, attributes={"country": country, "email": "a@x.io"}))
        seen.append(messages(campaign))

    assert seen == [1, 1, 1, 2]
    period: dict[str, Any] = {
        "start": small.clock.now() - DAY,
        "end": small.clock.now() + DAY,
        "resolution": "days",
    }
    found = small_api.get(f"/v1/campaigns/{campaign}/journey_metrics", params=period).raise_for_status()
    assert 2 == sum(found.json()["journey_metric"]["messaged"])


def test_a_campaign_may_take_a_person_once(small: Sandbox, track: httpx.Client, messages: Messages) -> None:
    """With the knob `campaigns_restart` off, coming back starts nothing."""
    small.knobs.campaigns_restart = False
    campaign = _campaign(small, trigger_segment_ids=[3])
    for country in ("DE", "FR", "DE"):
        _send(track, person("identify", {"id": "ann"}, attributes={"country": country}))

    assert 1 == messages(campaign)


def test_an_event_starts_its_campaign(small: Sandbox, track: httpx.Client, messages: Messages) -> None:
    """Each event of that name does, unless it is older than 72 hours; a repeat of one does not."""
    campaign = _campaign(small, type="event", event_name="bought")
    now = small.clock.now()
    ulid = "01M4Y2V44CETSNM7WFSFGASG3A"
    _send(
        track,
        person("identify", {"id": "ann"}),
        person("event", {"id": "ann"}, name="bought", id=ulid),
        person("event", {"id": "ann"}, name="bought", id=ulid),
        person("event", {"id": "ann"}, name="sold"),
        person("event", {"id": "ann"}, name="bought", timestamp=now - 4 * DAY),
        person("event", {"id": "ann"}, name="bought", timestamp=now - 2 * DAY),
    )

    assert 2 == messages(campaign)


def test_a_member_of_a_segment_in_a_segment_starts_its_campaign(
    small: Sandbox, track: httpx.Client, messages: Messages
) -> None:
    """Adding a person to a manual segment brings the person into the segment that names it."""
    outer = small.add("segments", name="Outer", conditions={"and": [{"segment": {"id": 6}}]})
    campaign = _campaign(small, trigger_segment_ids=[int(outer)])
    _send(track, person("identify", {"id": "ann"}))
    assert 0 == messages(campaign)
    track.post("/api/v1/segments/6/add_customers", json={"ids": ["ann"]}).raise_for_status()
    small.clock.advance(60)

    assert 1 == messages(campaign)


def test_a_filter_a_stop_and_the_knob_keep_people_out(
    small: Sandbox, track: httpx.Client, messages: Messages
) -> None:
    """A person outside of a filter gets no message, nor anyone of a stopped campaign or without the knob."""
    filtered = _campaign(small, trigger_segment_ids=[3], filter_segment_ids=[6])
    stopped = _campaign(small, trigger_segment_ids=[3], active=False, state="stopped")
    running = _campaign(small, trigger_segment_ids=[3])
    _send(track, person("identify", {"id": "ann"}, attributes={"country": "DE"}))
    assert 1 == messages(running)
    small.knobs.campaigns_start = False
    _send(track, person("identify", {"id": "bob"}, attributes={"country": "DE"}))

    assert [0, 0, 1] == [messages(one) for one in (filtered, stopped, running)]
