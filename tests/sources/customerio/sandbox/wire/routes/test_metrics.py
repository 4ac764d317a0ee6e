"""Metrics are the deliveries, counted: they add up to what `GET /messages` lists, period by period."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

Row = dict[str, Any]
DAY = 86_400
EASTERN = ZoneInfo("America/New_York")

# Every parent that has metrics, and the field by which its deliveries name it.
PARENTS = {
    "/v1/campaigns/{campaign_id}": ("campaign_id",),
    "/v1/campaigns/{campaign_id}/actions/{action_id}": ("campaign_id", "action_id"),
    "/v1/broadcasts/{broadcast_id}": ("broadcast_id",),
    "/v1/broadcasts/{broadcast_id}/actions/{action_id}": ("broadcast_id", "action_id"),
    "/v1/newsletters/{newsletter_id}": ("newsletter_id",),
    "/v1/newsletters/{newsletter_id}/contents/{content_id}": ("newsletter_id", "content_id"),
    "/v1/transactional/{transactional_message_id}": ("transactional_message_id",),
}


@pytest.fixture(scope="module")
def messages(tiny: Sandbox) -> list[Row]:
    """All deliveries except drafts."""
    return list(tiny.rows("messages"))


def _series(api: httpx.Client, path: str, **query: Any) -> dict[str, list[int]]:
    answer = api.get(path, params=query).raise_for_status().json()
    series: dict[str, list[int]] = answer["metric"]["series"]
    return series


def _counted(messages: list[Row], period: Callable[[int], str]) -> Counter[tuple[str, str]]:
    """How many deliveries of each period have each metric, under the series' names."""
    names = {"dropped": "suppressed"}
    metrics = Counter((period(row["created"]), names.get(m, m)) for row in messages for m in row["metrics"])
    return metrics + Counter((period(row["created"]), "created") for row in messages)


def _drafts(api: httpx.Client, path: str, now: int) -> list[Row]:
    """The parent's deliveries that were never sent, of the last twelve months."""
    query: Row = {"drafts": True, "limit": 1000, "start_ts": now - 364 * DAY, "end_ts": now}
    rows: list[Row] = api.get(f"{path}/messages", params=query).raise_for_status().json()["messages"]
    return rows


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _month(at: int) -> str:
    return datetime.fromtimestamp(at, EASTERN).strftime("%Y-%m")


def _filled(parent: str, messages: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Paths of that kind of parent, with their deliveries."""
    fields = PARENTS[parent]

    def ids(row: Row) -> tuple[int, ...]:
        return tuple(row[name] or 0 for name in fields)

    for found, rows in groupby(sorted(messages, key=ids), key=ids):
        if all(found):
            yield parent.format(**dict(zip(fields, found, strict=True))), list(rows)


def test_a_campaign_s_days_are_its_deliveries_day_by_day(
    tiny: Sandbox, api: httpx.Client, messages: list[Row]
) -> None:
    """Version 2 in UTC, for a year: each number is that of deliveries created on that day."""
    now = tiny.clock.now()
    start = now - now % DAY - 364 * DAY
    for path, rows in _filled("/v1/campaigns/{campaign_id}", messages):
        drafts = _drafts(api, path, now)
        expected = _counted([*rows, *drafts], _day)
        window = {"version": 2, "res": "days", "tz": "UTC", "start": start, "end": now}

        series = _series(api, f"{path}/metrics", **window)

        assert {365} == {len(numbers) for numbers in series.values()}
        found = {
            (_day(start + place * DAY), metric): number
            for metric, numbers in series.items()
            for place, number in enumerate(numbers)
            if number and not metric.endswith("xx")
        }
        assert found == {key: number for key, number in expected.items() if key[1] in series}


@pytest.mark.parametrize("parent", PARENTS)
def test_months_add_up_to_the_deliveries_of_their_parent(
    parent: str, api: httpx.Client, messages: list[Row]
) -> None:
    """Version 1 by month: the series of every parent and its parts are the counts of their deliveries."""
    parents = list(_filled(parent, messages))
    assert parents
    for path, rows in parents:
        expected = _counted(rows, _month)

        series = _series(api, f"{path}/metrics", period="months", steps=0)

        assert len({len(numbers) for numbers in series.values()}) == 1
        for metric in {"sent", "delivered", "opened", "clicked", "bounced", "suppressed"}:
            by_month = [number for (_, name), number in sorted(expected.items()) if name == metric]
            assert by_month == [number for number in series[metric] if number], (path, metric)


def test_the_series_are_the_documented_ones(api: httpx.Client) -> None:
    """Campaigns have no machine metrics in version 1, transactional messages no webhook response metrics."""
    new = set(_series(api, "/v1/campaigns/1/metrics", version=2, res="days"))
    old = set(_series(api, "/v1/campaigns/1/metrics", version=1))
    transactional = set(_series(api, "/v1/transactional/1/metrics"))

    assert 24 == len(new)
    assert {"human_opened", "prefetch_opened", "human_clicked", "prefetch_clicked"} == new - old
    assert {"2xx", "3xx", "4xx", "5xx"} == new - transactional
    assert (
        new
        == set(_series(api, "/v1/newsletters/1/metrics"))
        == set(_series(api, "/v1/broadcasts/501/metrics"))
    )


@pytest.mark.parametrize(
    ("query", "length"),
    [
        ({}, 45),
        ({"steps": 1}, 2),
        ({"steps": 3}, 3),
        ({"steps": 0}, 45),
        ({"steps": 999}, 45),
        ({"period": "hours"}, 24),
        ({"period": "weeks"}, 12),
        ({"period": "months"}, 12),
        ({"period": "months", "steps": 0}, 121),
    ],
)
def test_version_1_counts_steps_back(api: httpx.Client, query: Row, length: int) -> None:
    """Never fewer than two steps, never more than the most; 0 is the most; months default to twelve."""
    assert length == len(_series(api, "/v1/newsletters/1/metrics", **query)["sent"])


def test_version_1_days_begin_at_midnight_in_new_york(small: Sandbox, small_api: httpx.Client) -> None:
    """At 23:59:59 there, the last number is of the old day; a second later it is of the new one."""
    start = datetime.fromtimestamp(small.clock.now(), EASTERN)
    midnight = start.replace(hour=23, minute=59, second=59)
    small.clock.advance(int(midnight.timestamp()) - small.clock.now())
    before = _series(small_api, "/v1/campaigns/1/metrics")["created"]

    small.clock.advance(1)

    after = _series(small_api, "/v1/campaigns/1/metrics")["created"]
    assert after[:-1] == before[1:]
    new = [
        row
        for row in small.rows("messages")
        if row["created"] == small.clock.now() and row["campaign_id"] == 1
    ]
    assert len(new) == after[-1]
    today = [row for row in small.rows("messages") if row["campaign_id"] == 1]
    today = [row for row in today if datetime.fromtimestamp(row["created"], EASTERN).date() == start.date()]
    assert len(today) == before[-1] > 0


def test_version_2_takes_a_window_and_a_time_zone(api: httpx.Client, messages: list[Row]) -> None:
    """Both bounds are included and cut the first and the last period short."""
    mine = sorted(row["created"] for row in messages if row["campaign_id"] == 1)
    first, last = mine[3], mine[-3]
    query: Row = {"version": 2, "res": "monthly", "tz": "Asia/Kolkata", "start": first, "end": last}

    answer = api.get("/v1/campaigns/1/metrics", params=query).json()["metric"]

    within = [at for at in mine if first <= at <= last]
    drafted = sum(answer["series"]["drafted"])
    assert len(within) == sum(answer["series"]["created"]) - drafted
    assert "months" == answer["res"]
    assert answer["start"].endswith("-01T00:00:00+05:30")
    assert last == datetime.fromisoformat(answer["end"]).timestamp()


def test_a_type_leaves_the_other_channels_out(api: httpx.Client, messages: list[Row]) -> None:
    """The channels' numbers add up to all; one that does not occur has none."""
    whole = _series(api, "/v1/campaigns/1/metrics", version=2, res="months")
    channels = {row["type"] for row in messages if row["campaign_id"] == 1}
    parts = [_series(api, "/v1/campaigns/1/metrics", version=2, res="months", type=name) for name in channels]

    assert len(channels) > 2
    assert whole == {
        name: [sum(each) for each in zip(*(part[name] for part in parts), strict=True)] for name in whole
    }
    other = _series(api, "/v1/newsletters/1/metrics", period="months", type="whatsapp")
    assert 0 == sum(map(sum, other.values()))


def test_webhooks_are_counted_by_what_they_were_answered(api: httpx.Client, messages: list[Row]) -> None:
    """Successful webhooks are 2xx, failed ones 5xx; other channels have no responses."""
    hooks = [row for row in messages if row["type"] == "webhook" and row["campaign_id"]]
    for path, rows in _filled("/v1/campaigns/{campaign_id}/actions/{action_id}", hooks):
        series = _series(api, f"{path}/metrics", version=2, res="months", start=1_700_000_000)
        assert sum("sent" in row["metrics"] for row in rows) == sum(series["2xx"])
        assert sum("failed" in row["metrics"] for row in rows) == sum(series["5xx"])
    mail = _series(api, "/v1/transactional/1/metrics")
    assert "2xx" not in mail


def test_late_metrics_count_for_the_day_on_which_the_message_was_made(
    small: Sandbox, small_api: httpx.Client
) -> None:
    """Two months later the days that were there have the same messages, and some of them more of the rest."""
    now = small.clock.now()
    query: Row = {"version": 2, "res": "days", "tz": "UTC", "start": now - 30 * DAY, "end": now}
    paths = [f"/v1/campaigns/{row['id']}/metrics" for row in small.rows("campaigns")]
    before = [_series(small_api, path, **query) for path in paths]
    small.clock.advance(60 * DAY)

    after = [_series(small_api, path, **query) for path in paths]

    for old, new in zip(before, after, strict=True):
        assert old["created"] == new["created"]
        assert all(a <= b for name in old for a, b in zip(old[name], new[name], strict=True))
    assert before != after


@pytest.mark.parametrize("parent", PARENTS)
def test_links_clicks_add_up_to_the_clicked_messages(
    parent: str, api: httpx.Client, messages: list[Row]
) -> None:
    """One click a message is unique; all clicks are as many or more, link by link and month by month."""
    seen = 0
    for path, rows in _filled(parent, messages):
        query: Row = {"period": "months", "steps": 0}
        links, unique = (
            api.get(f"{path}/metrics/links", params=query | more).json()["links"]
            for more in ({}, {"unique": True})
        )
        clicks = {
            link["link"]["id"]: (link["metric"]["series"]["clicked"], only["metric"]["series"]["clicked"])
            for link, only in zip(links, unique, strict=True)
        }
        assert len(links) == len(clicks)
        for total, once in clicks.values():
            assert all(a >= b for a, b in zip(total, once, strict=True))
            assert [bool(number) for number in total] == [bool(number) for number in once]
        if "actions" in path or "contents" in path:
            continue  # these calls have no `unique`
        clicked = sum("clicked" in row["metrics"] for row in rows)
        assert clicked == sum(sum(once) for _, once in clicks.values()), path
        seen += clicked
    assert seen or "{action_id}" in parent or "{content_id}" in parent or "broadcast" in parent


def test_some_people_click_again(small: Sandbox, small_api: httpx.Client) -> None:
    """Over all of a world there are more clicks than messages that were clicked."""
    totals = []
    for unique in (False, True):
        query: Row = {"period": "months", "steps": 0, "unique": unique}
        links = [
            link
            for campaign in small.rows("campaigns")
            for link in small_api.get(f"/v1/campaigns/{campaign['id']}/metrics/links", params=query).json()[
                "links"
            ]
        ]
        totals.append(sum(sum(link["metric"]["series"]["clicked"]) for link in links))

    assert totals[0] > totals[1] > 0


def test_a_click_s_activity_names_a_link_of_its_message(tiny: Sandbox, api: httpx.Client) -> None:
    """`href` and `link_id` of clicked activities are links that the action lists."""
    sent = {row["id"]: row for row in tiny.rows("messages")}
    clicked = [row for row in tiny.rows("activities") if row["type"].startswith("clicked_") and row["data"]]
    assert clicked
    for row in clicked:
        message = sent[row["delivery_id"]]
        path = next(
            parent.format(**message)
            for parent, names in reversed(PARENTS.items())
            if all(message[name] for name in names)
        )
        links = api.get(f"{path}/metrics/links", params={"period": "months", "steps": 0}).json()["links"]
        [mine] = [link for link in links if link["link"]["id"] == row["data"]["link_id"]]
        assert mine["link"]["href"] == row["data"]["href"]
        assert sum(mine["metric"]["series"]["clicked"]) > 0


@pytest.mark.parametrize("name", ["res", "resolution"])
def test_journeys_tell_the_same_story_as_the_deliveries(
    name: str, tiny: Sandbox, api: httpx.Client, messages: list[Row]
) -> None:
    """Deliveries of a person after a gap of two weeks are messaged journeys; other numbers agree."""
    now, compared = tiny.clock.now(), 0
    for path, rows in _filled("/v1/campaigns/{campaign_id}", messages):
        drafts = _drafts(api, path, now)
        expected: Counter[str] = Counter()
        latest: dict[str | None, int] = {}
        for row in sorted([*rows, *drafts], key=lambda row: int(row["created"])):
            person = (row["customer_identifiers"] or {}).get("cio_id")
            if row["created"] - latest.get(person, 0) > 14 * DAY:
                expected[_month(row["created"])] += 1
            latest[person] = row["created"]
        window: Row = {"start": now - 364 * DAY, "end": now, name: "months"}

        found = api.get(f"{path}/journey_metrics", params=window).raise_for_status().json()["journey_metric"]

        # Deliveries of suppressed people have no person.
        if None not in latest:
            compared += 1
            assert [number for _, number in sorted(expected.items())] == [n for n in found["messaged"] if n]
        for numbers in zip(*found.values(), strict=True):
            journey = dict(zip(found, numbers, strict=True))
            assert journey["started"] == journey["activated"] + journey["never_activated"]
            assert journey["started"] >= journey["activated"] >= journey["messaged"] >= journey["converted"]
            assert journey["activated"] >= journey["finished"] + journey["exited_early"]
    assert compared


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/campaigns/1/journey_metrics", 400),
        ("/v1/campaigns/1/journey_metrics?start=2&end=1&res=days", 400),
        ("/v1/campaigns/1/journey_metrics?start=1&end=2&res=years", 400),
        ("/v1/campaigns/1/metrics?version=2&res=days&start=2&end=1", 400),
        ("/v1/campaigns/1/metrics?version=2&res=days&tz=Mars/Olympus", 400),
        ("/v1/campaigns/1/metrics?version=2&res=days&start=1&end=999999999", 400),
        ("/v1/campaigns/1/metrics?period=minutes", 400),
        ("/v1/campaigns/1/metrics?steps=many", 400),
        ("/v1/campaigns/x/metrics", 400),
        ("/v1/campaigns/999/metrics", 404),
        ("/v1/campaigns/999/journey_metrics?start=1&end=2&res=days", 404),
        ("/v1/campaigns/1/actions/999/metrics", 404),
        ("/v1/campaigns/2/actions/18/metrics", 404),
        ("/v1/broadcasts/999/metrics/links", 404),
        ("/v1/newsletters/2/contents/10/metrics", 404),
        ("/v1/newsletters/x/metrics", 404),
        ("/v1/transactional/999/metrics", 404),
    ],
)
def test_what_cannot_be_told_is_refused(api: httpx.Client, path: str, status: int) -> None:
    """An invalid window is a 400; an unknown record, or one of another parent, is a 404."""
    answer = api.get(path)

    assert status == answer.status_code
    assert str(status) == answer.json()["errors"][0]["status"]


def test_a_vanished_parent_has_no_metrics(small: Sandbox, small_api: httpx.Client) -> None:
    """After a deletion its metrics are not found, nor those of its parts."""
    action = next(row for row in small.rows("campaign_actions") if row["campaign_id"] == 1)
    small.delete("campaigns", 1)

    for path in ("metrics", "metrics/links", f"actions/{action['id']}/metrics"):
        assert 404 == small_api.get(f"/v1/campaigns/1/{path}").status_code
