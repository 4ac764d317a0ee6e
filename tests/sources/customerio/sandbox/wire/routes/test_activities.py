"""Activities: order, lateness, retention, shapes."""

from collections.abc import Callable
from typing import Any

import httpx

from sources.customerio.sandbox import Sandbox

Reader = Callable[..., list[dict[str, Any]]]
_DAY = 86_400


def test_newest_timestamp_first_and_everything_is_found(
    tiny: Sandbox, api: httpx.Client, read: Reader
) -> None:
    """Pages of ten, the default, give the whole truth in order of `timestamp`."""
    found = read(api, "/v1/activities", "activities")

    assert found == list(tiny.rows("activities"))
    stamps = [row["timestamp"] for row in found]
    assert stamps == sorted(stamps, reverse=True)
    assert len({row["id"] for row in found}) == len(found)
    assert len(api.get("/v1/activities").json()["activities"]) == 10


def test_some_rows_are_from_tomorrow_and_nothing_is_older_than_thirty_days(small: Sandbox) -> None:
    """Future-dated events exist; activities older than the retention are gone."""
    from_the_future = 0
    for _ in range(16):
        small.clock.advance(_DAY)
        stamps = [row["timestamp"] for row in small.rows("activities")]
        from_the_future += max(stamps) > small.clock.now()
        assert min(stamps) >= small.clock.now() - 30 * _DAY

    assert from_the_future


def test_rows_arrive_behind_newer_ones(tiny: Sandbox) -> None:
    """As the clock advances, rows appear whose timestamp is older than rows that were already listed."""
    sandbox = Sandbox(scale="tiny")
    known = {row["id"]: row["timestamp"] for row in sandbox.rows("activities")}
    late = 0
    for _ in range(10):
        newest = max(stamp for stamp in known.values() if stamp <= sandbox.clock.now())
        sandbox.clock.advance(_DAY)
        for row in sandbox.rows("activities"):
            late += row["id"] not in known and row["timestamp"] < newest
            known[row["id"]] = row["timestamp"]

    assert late > 0
    assert next(tiny.rows("activities"))["id"] in known


def test_old_rows_disappear(small: Sandbox) -> None:
    """After 31 days none of today's rows is left, here or in the API."""
    today = {row["id"] for row in small.rows("activities") if row["timestamp"] <= small.clock.now()}
    small.clock.advance(31 * _DAY)

    assert not today & {row["id"] for row in small.rows("activities")}


def test_filters(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """By type, by name of event or attribute, and by person."""
    rows = list(tiny.rows("activities"))
    opened = [row for row in rows if row["type"] == "opened_email"]
    ordered = [row for row in rows if row.get("name") == "order_placed"]
    plans = [row for row in rows if row["type"] == "attribute_change" and "plan" in row["data"]]

    assert opened
    assert read(api, "/v1/activities", "activities", type="opened_email") == opened
    assert read(api, "/v1/activities", "activities", name="order_placed", limit=3) == ordered
    assert read(api, "/v1/activities", "activities", name="plan") == plans
    assert read(api, "/v1/activities", "activities", type="no such type") == []
    assert read(api, "/v1/activities", "activities", deleted="true", limit=100) == rows


def test_a_cio_id_needs_its_prefix_here(tiny: Sandbox, api: httpx.Client, read: Reader) -> None:
    """`customer_id` with `id_type=cio_id` needs the prefix; an unknown person is an empty list."""
    row = next(row for row in tiny.rows("activities") if row["customer_id"])
    who = row["customer_identifiers"]
    wanted = [found for found in tiny.rows("activities") if found["customer_identifiers"] == who]

    def ask(**params: str) -> list[dict[str, Any]]:
        return read(api, "/v1/activities", "activities", **params)

    assert ask(customer_id="cio_" + who["cio_id"], id_type="cio_id") == wanted
    assert ask(customer_id=who["cio_id"], id_type="cio_id") == []
    assert ask(customer_id=who["id"]) == wanted
    assert ask(customer_id="nobody") == []
    assert read(api, f"/v1/customers/{who['id']}/activities", "activities") == wanted
    assert api.get("/v1/customers/nobody/activities").status_code == 404


def test_live_shapes(tiny: Sandbox) -> None:
    """Opens carry an instant and a client, deliveries name their delivery, events their name."""
    rows = list(tiny.rows("activities"))
    opened = next(row for row in rows if row["type"] == "opened_email")
    event = next(row for row in rows if row["type"] == "event")

    assert opened["data"]["opened"] == opened["timestamp"]
    assert opened["data"]["delivery_id"] == opened["delivery_id"]
    assert opened["delivery_type"] == "email"
    assert opened["data"]["ip_address"]
    assert event["name"] == event["data"]["name"]
    assert event["delivery_id"] is None
    assert all(len(row["id"]) == 26 for row in rows)


def test_a_change_is_an_activity(small: Sandbox) -> None:
    """Editing a person records the old and the new value; an unset one is ""."""
    person = next(row for row in small.rows("people") if row["id"])
    old = person["attributes"]["plan"]

    small.edit("people", person["id"], plan="gold", shoe_size=42)

    row = next(small.rows("activities"), None)
    changes = [row for row in small.rows("activities") if "shoe_size" in row["data"]]
    assert row is not None
    assert changes[0]["data"] == {"plan": {"from": old, "to": "gold"}, "shoe_size": {"from": "", "to": "42"}}
    assert changes[0]["timestamp"] == small.clock.now()
