"""Every mart equals, cell by cell, a pandas computation over the sandbox's state, tiny and demo workspace."""

import datetime
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.demo import CampaignResult, campaigns
from tests.conftest import Warehouse
from tests.warehouse import truth

pytestmark = pytest.mark.proof

EPOCH = datetime.date(1970, 1, 1)


def day(number: int) -> datetime.date:
    """The UTC date of a number of days since 1970."""
    return EPOCH + datetime.timedelta(days=int(number))


@pytest.fixture(scope="module", params=["tiny", "demo"])
def marts(request: pytest.FixtureRequest) -> Warehouse:
    """A warehouse with marts after a full sync."""
    if request.param == "tiny":
        return request.getfixturevalue("built")[0]  # type: ignore[no-any-return]
    return request.getfixturevalue("demonstrated")  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def sent(marts: Warehouse) -> pd.DataFrame:
    """Every delivery of the sandbox."""
    return truth.deliveries(marts.sandbox.rows("messages"))


def rows_of(marts: Warehouse, table: str, key: Iterable[str], sql: str = "") -> dict[Any, dict[str, Any]]:
    """The rows of a mart by key, times as Unix seconds."""
    with duckdb.connect(marts.settings.published_file, read_only=True) as connection:
        found = connection.execute(sql or f"FROM {table}")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, map(_plain, cells), strict=True)) for cells in found.fetchall()]
    keyed = {tuple(row[name] for name in key): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


def _plain(cell: Any) -> Any:
    return int(cell.timestamp()) if isinstance(cell, datetime.datetime) else cell


def same(found: Mapping[Any, Mapping[str, Any]], expected: Mapping[Any, Mapping[str, Any]]) -> None:
    """Assert the same keys, and the expected values in each row; numbers to nine digits."""
    assert set(found) == set(expected)
    for key, row in expected.items():
        for name, value in row.items():
            cell = found[key][name]
            if isinstance(value, float) and not pd.isna(value):
                close = cell is not None and math.isclose(cell, value, rel_tol=1e-9, abs_tol=1e-12)
                assert close, (key, name, cell, value)
            else:
                assert cell == (None if pd.isna(value) else value), (key, name)


def test_what_was_synced(marts: Warehouse) -> None:
    """Every raw table equals the sandbox's by key and field."""
    marts.assert_equals_world()


def test_deliveries(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Each delivery is there once, with its message, person and times."""
    expected = {
        (row.delivery_id,): {
            "message_key": row.message_key,
            "source_type": row.source_type,
            "channel": row.channel,
            "cio_id": row.cio_id,
            "recipient_domain": row.recipient_domain,
            "created_at": row.created,
            "created_on": day(row.day),
            "is_reached": bool(row.reached),
            "is_lost": bool(row.lost),
            **{f"{metric}_at": getattr(row, metric) for metric in truth.METRICS},
        }
        for row in truth.records(sent)
    }
    same(rows_of(marts, "fct_delivery", ["delivery_id"]), expected)


def test_deliveries_with_names(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Each delivery has the names of its campaign and message, and the person's address."""
    campaigns_ = {row["id"]: row["name"] for row in marts.sandbox.rows("campaigns")}
    actions = {(row["campaign_id"], int(row["id"])): row for row in marts.sandbox.rows("campaign_actions")}
    people = {
        row["identifiers"]["cio_id"]: row["identifiers"]["email"] for row in marts.sandbox.rows("people")
    }
    found = rows_of(marts, "delivery", ["delivery_id"])
    of_campaigns = [row for row in found.values() if row["source_type"] == "campaign"]

    assert {delivery for (delivery,) in found} == set(sent.delivery_id)
    assert len(of_campaigns) > 100
    for row in of_campaigns:
        action = actions[row["parent_id"], int(row["message_key"].split(":")[2])]
        assert (campaigns_[row["parent_id"]], action["name"]) == (row["parent_name"], row["message_name"])
        assert (action.get("subject") or None) == row["subject"]
    for row in found.values():
        assert (people.get(row["cio_id"]) or None) == row["email"]


def test_delivery_events(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Each metric of each delivery is a row, also metrics without a column."""
    expected = {
        (row.delivery_id, metric): {
            "happened_at": at,
            "happened_on": day(at // truth.DAY),
            "channel": row.channel,
        }
        for row in truth.records(sent)
        for metric, at in {**row.all_metrics, "created": row.created}.items()
        if "link:" not in metric
    }
    assert any(metric == "secondary:delivered" for _, metric in expected)
    same(rows_of(marts, "fct_delivery_event", ["delivery_id", "metric"]), expected)


def test_messages(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Every sending action, content and template is a row, and each delivery belongs to one."""
    box = marts.sandbox
    channels = {"email", "push", "twilio", "in_app", "slack", "webhook", "whatsapp", "inbox"}
    listed = {
        *(
            f"campaign:{a['campaign_id']}:{a['id']}"
            for a in box.rows("campaign_actions")
            if a["type"] in channels
        ),
        *(f"broadcast:{a['broadcast_id']}:{a['id']}" for a in box.rows("broadcast_actions")),
        *(f"newsletter:{a['newsletter_id']}:{a['id']}" for a in box.rows("newsletter_contents")),
        *(f"transactional:{a['transactional_id']}:{a['id']}" for a in box.rows("transactional_contents")),
    }
    number = Counter(sent.message_key)
    found = rows_of(marts, "dim_message", ["message_key"])
    assert {key for (key,) in found} == {*listed, *number, "unknown"}
    assert {key: row["deliveries"] for (key,), row in found.items() if row["deliveries"]} == dict(number)
    names = {row["id"]: row["name"] for row in box.rows("campaigns")}
    for row in found.values():
        if row["source_type"] == "campaign":
            assert row["parent_name"] == names[row["parent_id"]]


def test_message_performance(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Counts, rates and intervals of each message."""
    by = ["message_key"]
    mature, told = truth.mature(sent, by, marts.sandbox.clock.now()), truth.told(sent, by)
    expected = {
        (key,): {
            "first_day": day(rows.day.min()),
            "last_day": day(rows.day.max()),
            **mature[(key,)],
            **told[(key,)],
        }
        for key, rows in truth.groups(sent, "message_key")
    }
    same(rows_of(marts, "message_performance", ["message_key"]), expected)


def test_messages_by_day(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Counts of each message, day and channel."""
    expected = {
        (key, day(number), channel): row
        for (key, number, channel), row in truth.counts(sent, ["message_key", "day", "channel"]).items()
    }
    same(rows_of(marts, "message_daily", ["message_key", "created_on", "channel"]), expected)


@pytest.mark.parametrize("source", ["campaign", "broadcast", "newsletter", "transactional"])
def test_performance(marts: Warehouse, sent: pd.DataFrame, source: str) -> None:
    """Counts, rates, people and number of messages of each campaign, newsletter, broadcast and so on."""
    by, theirs = ["parent_id"], sent[sent.source_type == source]
    mature, told = truth.mature(theirs, by, marts.sandbox.clock.now()), truth.told(theirs, by)
    expected = {
        (parent,): {
            "people": rows.cio_id.nunique(),
            "messages": rows.message_key.nunique(),
            **mature[(parent,)],
            **told[(parent,)],
        }
        for parent, rows in truth.groups(theirs, "parent_id")
    }
    assert expected
    if source == "transactional":
        for (parent,), row in expected.items():
            rows = sent[(sent.source_type == source) & (sent.parent_id == parent)]
            waits = (rows.sent - rows.created).dropna()
            row["p50_seconds_to_send"] = float(np.quantile(waits, 0.5))
            row["p95_seconds_to_send"] = float(np.quantile(waits, 0.95))
            row["forgotten"] = int(rows.forgotten.sum())
    same(rows_of(marts, f"{source}_performance", ["parent_id"]), expected)


def test_channels_by_day(marts: Warehouse, sent: pd.DataFrame) -> None:
    """By the cohort clock, counts and rates; by the event clock, the counts of the day's events."""
    by = ["day", "channel", "source_type"]
    mature = truth.mature(sent, by, marts.sandbox.clock.now())
    expected: dict[Any, dict[str, Any]] = {
        (day(key[0]), "cohort", *key[1:]): {**mature[key], **row} for key, row in truth.told(sent, by).items()
    }
    happened: dict[Any, Counter[str]] = defaultdict(Counter)
    for row in truth.records(sent):
        for metric, at in {**row.all_metrics, "deliveries": row.created}.items():
            happened[day(at // truth.DAY), "event", row.channel, row.source_type][metric] += 1
    for key, number in happened.items():
        names = ("deliveries", *truth.METRICS)
        expected[key] = {**{name: number[name] for name in names}, "open_rate": None, "reached": None}
    same(rows_of(marts, "channel_daily", ["day", "clock", "channel", "source_type"]), expected)


def test_time_to_engage(marts: Warehouse, sent: pd.DataFrame) -> None:
    """The number of people who engaged within each time after delivery, and the quantiles."""
    kinds = {
        "open": ("opened", "openable"), "human_open": ("human_opened", "openable"),
        "click": ("clicked", "clickable"), "human_click": ("human_clicked", "clickable"),
        "conversion": ("converted", "reached"),
    }  # fmt: skip
    minute, hour = 60, 3600
    ends = [5 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 4 * hour, 8 * hour]
    ends += [number * truth.DAY for number in (1, 2, 3, 7, 14, 30)]
    expected = {}
    for engagement, (metric, among) in kinds.items():
        for key, rows in truth.groups(sent[sent[among]], "message_key"):
            seconds = (rows[metric] - rows.delivered.fillna(rows.sent)).dropna()
            for bucket, end in enumerate(ends, 1):
                expected[key, engagement, bucket] = {
                    "upto_seconds": end,
                    "engaged_within": int((seconds <= end).sum()),
                    "engaged": len(seconds),
                    "reached": len(rows),
                    "before_delivery": int((seconds < 0).sum()),
                    "p50_seconds": float(np.quantile(seconds, 0.5)) if len(seconds) else None,
                    "p90_seconds": float(np.quantile(seconds, 0.9)) if len(seconds) else None,
                }
    same(rows_of(marts, "time_to_engage", ["message_key", "engagement", "bucket"]), expected)


def test_send_times(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Rates by channel, weekday (1 is Monday) and hour of sending."""
    went = sent[sent.sent.notna()].copy()
    moments = pd.to_datetime(went.sent, unit="s")
    went["weekday"], went["hour"] = moments.dt.day_of_week + 1, moments.dt.hour
    names = ("human_open_rate", "human_click_rate", "conversion_rate")
    expected = {}
    for key, told in truth.told(went, ["channel", "weekday", "hour"]).items():
        expected[key] = {name: value for name, value in told.items() if name.startswith(names)}
        expected[key] |= {"sent": told["sent"], "reached": told["reached"]}
    same(rows_of(marts, "send_time_heatmap", ["channel", "weekday", "hour"]), expected)


def test_deliverability(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Email by day and domain, with the sums of the 28 days that end with each."""
    email = sent[sent.channel == "email"].assign(
        recipient_domain=lambda rows: rows.recipient_domain.fillna("unknown")
    )
    kept = ("delivery_rate", "bounce_rate", "loss_rate", "spam_rate", "human_open_rate", "sent", "deferred")
    told = truth.told(email, ["day", "recipient_domain"])
    expected = {}
    for (number, domain), row in told.items():
        window = [told.get((other, domain), {}) for other in range(number - 27, number + 1)]
        spammed = sum(other.get("spam_rate_numerator", 0) for other in window)
        reached = sum(other.get("spam_rate_denominator", 0) for other in window)
        expected[day(number), domain] = {
            **{name: value for name, value in row.items() if name.startswith(kept)},
            "reached_28d": reached,
            "spam_rate_28d": spammed / reached if reached else None,
        }
    found = rows_of(marts, "deliverability_domain_daily", ["day", "recipient_domain"])
    assert {row["sending_domain"] for row in found.values()} == {"example.com"}
    same(found, expected)


def test_ab_tests(marts: Warehouse, sent: pd.DataFrame) -> None:
    """The counts of an arm are those of its contents, or of its message below a campaign's random split."""
    arms = {
        (f"newsletter:{group['newsletter_id']}", group["id"]): [
            f"newsletter:{group['newsletter_id']}:{content}" for content in group["content_ids"]
        ]
        for group in marts.sandbox.rows("newsletter_test_groups")
    }
    actions = list(marts.sandbox.rows("campaign_actions"))
    splits = {int(action["id"]) for action in actions if action["type"] == "split_randomized"}
    for action in actions:
        campaign, parent = action["campaign_id"], action.get("parent_action_id")
        if parent in splits:
            arms[f"campaign:{campaign}:{parent}", int(action["id"])] = [f"campaign:{campaign}:{action['id']}"]
    test_of = {message: arm for arm, messages in arms.items() for message in messages}
    theirs = sent[sent.message_key.isin(list(test_of))].copy()
    theirs["test"], theirs["arm"] = zip(*theirs.message_key.map(test_of), strict=True)
    told = truth.told(theirs, ["test", "arm"])
    tests = Counter(test for test, _ in told)
    expected = {
        (test, arm, metric): {
            "x": row[f"{metric}_numerator"],
            "n": row[f"{metric}_denominator"],
            "rate": row[metric],
            "deliveries": row["deliveries"],
            "is_control": arm == min(other for other_test, other in told if other_test == test),
        }
        for (test, arm), row in told.items()
        for metric in ("human_open_rate", "human_click_rate", "conversion_rate", "unsubscribe_rate")
        if tests[test] > 1
    }
    assert {"newsletter", "campaign"} == {test.partition(":")[0] for test, _, _ in expected}
    found = rows_of(marts, "ab_test_results", ["test_key", "arm", "metric"])
    same(found, expected)
    assert all((row["verdict"] == "control") == row["is_control"] for row in found.values())


def test_journeys(marts: Warehouse) -> None:
    """Journeys by day, as Customer.io counts them, one step per column."""
    steps = ("started", "activated", "never_activated", "messaged", "finished", "exited_early", "converted")
    expected: dict[Any, dict[str, Any]] = {}
    for row in marts.sandbox.rows("campaign_journey_metrics"):
        key = (row["campaign_id"], day(row["start_at"] // truth.DAY))
        expected.setdefault(key, dict.fromkeys(steps, 0))[row["metric"]] = row["value"]
    for row in expected.values():
        row["activated_share"] = row["activated"] / row["started"] if row["started"] else None
    assert expected
    same(rows_of(marts, "journey_funnel_daily", ["campaign_id", "day"]), expected)


def test_journey_steps(marts: Warehouse, sent: pd.DataFrame) -> None:
    """Each campaign's actions in their order, with the messages of each."""
    number = Counter(sent.message_key)
    expected = {
        (campaign["id"], place): {
            "action_id": action["id"],
            "action_type": action["type"],
            "deliveries": number[f"campaign:{campaign['id']}:{action['id']}"],
        }
        for campaign in marts.sandbox.rows("campaigns")
        for place, action in enumerate(campaign["actions"], 1)
    }
    same(rows_of(marts, "journey_step", ["campaign_id", "position"]), expected)


def test_segments(marts: Warehouse) -> None:
    """Sizes and members of segments since the first reading."""
    now = marts.sandbox.clock.now()
    members = Counter(row["segment_id"] for row in marts.sandbox.rows("segment_memberships"))
    expected = {
        (row["id"], day(now // truth.DAY)): {
            "members": members[row["id"]],
            "customer_count": members[row["id"]],
        }
        for row in marts.sandbox.rows("segments")
    }
    same(rows_of(marts, "segment_history", ["segment_id", "day"]), expected)
    intervals = {
        (row["segment_id"], row["cio_id"]): {"valid_from": now, "valid_to": None}
        for row in marts.sandbox.rows("segment_memberships")
    }
    same(rows_of(marts, "segment_membership_history", ["segment_id", "cio_id"]), intervals)
    names = {row["id"]: row["name"] for row in marts.sandbox.rows("segments")}
    members_now = {
        (row["segment_id"], row["cio_id"]): {
            "segment_name": names[row["segment_id"]],
            "person_id": row["id"] or None,
            "email": row["email"] or None,
            "valid_from": now,
        }
        for row in marts.sandbox.rows("segment_memberships")
    }
    same(rows_of(marts, "segment_member", ["segment_id", "cio_id"]), members_now)


def test_people(marts: Warehouse, sent: pd.DataFrame) -> None:
    """People have their identity, their recent messages, and their segments."""
    now = marts.sandbox.clock.now()
    segments = {row["id"]: row["name"] for row in marts.sandbox.rows("segments")}
    member = defaultdict(list)
    for row in marts.sandbox.rows("segment_memberships"):
        member[row["cio_id"]].append(segments[row["segment_id"]])
    to_people = sent[~sent.channel.isin(truth.NOBODY)]
    of_person = dict(truth.groups(to_people, "cio_id"))
    optouts = defaultdict(list)
    for row in marts.sandbox.rows("optouts"):
        optouts[row["cio_id"]].append(row["from"])
    assert optouts
    expected: dict[Any, dict[str, Any]] = {}
    for person in marts.sandbox.rows("people"):
        identifiers = person["identifiers"]
        of_senders = sorted(optouts[identifiers["cio_id"]])
        has_phone = bool(person["attributes"].get("phone"))
        rows = of_person.get(identifiers["cio_id"], to_people.iloc[:0])
        acts = rows[["human_opened", "human_clicked", "converted", "replied"]].max(axis=None)
        expected[(identifiers["cio_id"],)] = {
            "person_id": identifiers["id"] or None,
            "email": identifiers["email"] or None,
            "plan": person["attributes"].get("plan"),
            "is_unsubscribed": person["unsubscribed"],
            "messages_sent": int(rows.sent.notna().sum()),
            "last_engaged_at": None if pd.isna(acts) else int(acts),
            **{
                f"{act}_{days}d": int((rows[act] > now - days * truth.DAY).sum())
                for act in ("sent", "opened", "clicked", "converted")
                for days in (7, 30, 90, 365)
            },
            "segments": len(member[identifiers["cio_id"]]),
            "segment_names": ", ".join(sorted(member[identifiers["cio_id"]])) or None,
            "sms_optouts": len(of_senders),
            "sms_optout_senders": ", ".join(of_senders) or None,
            "can_sms": has_phone and not person["unsubscribed"] and not of_senders,
            "can_push": bool(person["devices"]) and not person["unsubscribed"],
        }
    same(rows_of(marts, "person_360", ["cio_id"]), expected)


def test_the_demo_shows_the_marts_rates(marts: Warehouse) -> None:
    """The counts and rates that the demo computes without marts are those of the mart, for each campaign."""
    names = [field.name for field in fields(CampaignResult)][1:]
    expected = {
        name: dict(zip(names, cells, strict=True))
        for name, *cells in marts.query(f"SELECT name, {', '.join(names)} FROM campaign_performance")
    }

    shown = {row.campaign: asdict(row) for row in campaigns(marts.settings.published_file)}

    assert set(expected) <= set(shown)
    for name, cells in expected.items():
        assert pytest.approx(cells) == {column: shown[name][column] for column in names}


def test_suppressions(marts: Warehouse) -> None:
    """Addresses by list and day, with their people."""
    people = {(row["identifiers"]["email"] or "").lower() for row in marts.sandbox.rows("people")} - {""}
    lists: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in marts.sandbox.rows("esp_suppressions"):
        lists[row["suppression_type"], row["domain"]].append(row)
    expected = {}
    for (kind, domain), rows in lists.items():
        days = Counter(row["created"] // truth.DAY for row in rows)
        own = sum(row["email"].lower() in people for row in rows)
        for number, added in days.items():
            expected[day(number), "email", kind, domain, None] = {
                "added": added,
                "lifted": 0,
                "current_addresses": sum(count for other, count in days.items() if other <= number),
                "own_people_now": own,
                "foreign_addresses_now": len(rows) - own,
            }
    phones = sum(bool(row["attributes"].get("phone")) for row in marts.sandbox.rows("people"))
    today = day(marts.sandbox.clock.now() // truth.DAY)
    optouts = Counter((row["channel"], row["from"]) for row in marts.sandbox.rows("optouts"))
    for (channel, sender), number in optouts.items():
        counts: dict[str, Any] = dict.fromkeys(("added", "current_addresses", "own_people_now"), number)
        counts |= {"lifted": 0, "foreign_addresses_now": 0, "share_of_people_now": number / phones}
        expected[today, channel, "optout", None, sender] = counts
    assert expected and optouts
    key = ["day", "channel", "suppression_type", "sending_domain", "sender"]
    same(rows_of(marts, "suppression_health", key), expected)


def _without_utm(href: str) -> str:
    parts = urlsplit(href)
    kept = [pair for pair in parts.query.split("&") if pair and not pair.startswith("utm_")]
    return urlunsplit(parts._replace(query="&".join(kept))).rstrip("/")


def test_links(marts: Warehouse) -> None:
    """Clicks by URL without UTM parameters; each click once, although days and months both count it."""
    clicks: Counter[Any] = Counter()
    unique: Counter[Any] = Counter()
    for source, parent in (
        ("campaign", "campaign_id"), ("broadcast", "broadcast_id"), ("newsletter", "newsletter_id"),
        ("transactional", "transactional_id"),
    ):  # fmt: skip
        rows = list(marts.sandbox.rows(f"{source}_link_metrics"))
        by_months = {row[parent] for row in rows if row["period"] == "months"}
        for row in rows:
            if (row["period"] == "months") == (row[parent] in by_months):
                url = _without_utm(row["href"])
                clicks[source, row[parent], url] += row["clicked"]
                unique[source, row[parent], url] += row["unique_clicked"]
    people = _clickers(marts)
    expected = {
        key: {"clicks": number, "unique_clicks": unique[key], **people[key]} for key, number in clicks.items()
    }
    assert any(row["people"] for row in expected.values())
    same(rows_of(marts, "link_performance", ["source_type", "parent_id", "url"]), expected)


def _clickers(marts: Warehouse) -> dict[Any, dict[str, int]]:
    """The deliveries in which people, or machines alone, clicked a URL, and the people, by parent and URL."""
    urls = {
        (source, row[parent], row["link_id"]): _without_utm(row["href"])
        for source, (parent, _) in truth.PARENTS.items()
        for row in marts.sandbox.rows(f"{source}_link_metrics")
        for parent in [parent if source != "transactional" else "transactional_id"]
    }
    human, machine, people = defaultdict(set), defaultdict(set), defaultdict(set)
    for click in _clicks(marts):
        url = urls.get((click["source_type"], click["parent_id"], click["link_id"]))
        key = (click["source_type"], click["parent_id"], url)
        if click["human_clicked_at"]:
            human[key].add(click["delivery_id"])
            people[key].add(click["cio_id"])
        elif click["knows_human_clicks"]:
            machine[key].add(click["delivery_id"])
    keys = {(source, parent, url) for (source, parent, _), url in urls.items()}
    return {
        key: {
            "human_clicked_deliveries": len(human[key]),
            "machine_clicked_deliveries": len(machine[key] - human[key]),
            "people": sum(isinstance(cio_id, str) for cio_id in people[key]),
        }
        for key in keys
    }


def _clicks(marts: Warehouse) -> list[dict[str, Any]]:
    """Each link that was clicked in each delivery of the sandbox."""
    sent = truth.deliveries(marts.sandbox.rows("messages"))
    return [
        {
            "delivery_id": row.delivery_id,
            "link_id": int(name.partition(":")[2]),
            "clicked_at": at,
            "human_clicked_at": row.all_metrics.get(f"human_{name}") if row.clicks_known else None,
            "knows_human_clicks": bool(row.clicks_known),
            "message_key": row.message_key,
            "source_type": row.source_type,
            "parent_id": row.parent_id,
            "channel": row.channel,
            "cio_id": row.cio_id,
        }
        for row in truth.records(sent)
        for name, at in row.all_metrics.items()
        if name.startswith("link:")
    ]


def test_link_clicks(marts: Warehouse) -> None:
    """Each link that was clicked in a delivery is a row, with the first click of anyone and of a person."""
    expected = {(row["delivery_id"], row["link_id"]): row for row in _clicks(marts)}
    assert expected
    same(rows_of(marts, "fct_link_click", ["delivery_id", "link_id"]), expected)


def test_events_and_revenue(marts: Warehouse) -> None:
    """Each event, page and screen is a row; orders have their total as an amount, which days add up."""
    expected = {
        (row["id"],): {
            "event_type": row["type"],
            "event_name": row.get("name") or row.get("url"),
            "happened_at": row["timestamp"],
            "cio_id": (row["customer_identifiers"] or {}).get("cio_id"),
            "amount": row["data"].get("total") if row.get("name") == "order_placed" else None,
        }
        for row in marts.sandbox.rows("activities")
        if row["type"] in ("event", "page", "screen")
    }
    found = rows_of(marts, "fct_event", ["activity_id"])
    assert {"event", "page", "screen"} == {row["event_type"] for row in expected.values()}
    same(found, expected)

    by_day = defaultdict(list)
    for row in expected.values():
        if (row["event_type"], row["event_name"]) == ("event", "order_placed"):
            by_day[day(row["happened_at"] // 86_400), "order_placed"].append(row)
    same(
        rows_of(marts, "revenue_daily", ["day", "event_name"]),
        {
            key: {
                "amounts": len(amounts := [row["amount"] for row in rows if row["amount"] is not None]),
                "without_amount": len(rows) - len(amounts),
                "people": len({row["cio_id"] for row in rows} - {None}),
                "revenue": float(sum(amounts)) if amounts else None,
            }
            for key, rows in by_day.items()
        },
    )


def test_ops(marts: Warehouse) -> None:
    """Every synced table has its runs and freshness, and no time that was read is missing."""
    now = marts.sandbox.clock.now()
    audited = rows_of(marts, "ops.sync_audit", ["table_name"])
    assert audited[("messages",)]["rows_read"] == len(list(marts.sandbox.rows("messages")))
    fresh = rows_of(marts, "ops.freshness", ["table_name"])
    assert set(fresh) == set(audited)
    # The current second is not read, and some more pass during a run.
    assert 1 <= fresh[("messages",)]["lag_seconds"] < 600
    covered = rows_of(marts, "ops.coverage", ["table_name"])
    assert covered[("messages",)]["last_second_at"] == now - 1
    assert covered[("messages",)]["gap_before_seconds"] is None
    assert json.dumps(marts.query("FROM ops.schema_changes")) == "[]"
