"""Subscription topics and people's subscription preferences."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox


def _asked(api: httpx.Client, cio_id: str, **query: str) -> Mapping[str, Any]:
    params = {"id_type": "cio_id", **query}
    body = (
        api.get(f"/v1/customers/{cio_id}/subscription_preferences", params=params).raise_for_status().json()
    )
    customer: Mapping[str, Any] = body["customer"]
    return customer


def test_topics_are_listed_whole(tiny: Sandbox, api: httpx.Client) -> None:
    """Ids count up, and a topic's identifier is made of its id."""
    listed = api.get("/v1/subscription_topics").json()["topics"]

    assert list(tiny.rows("subscription_topics")) == listed
    assert ["topic_1", "topic_2", "topic_3"] == [row["identifier"] for row in listed]
    assert {"id", "identifier", "name", "description", "subscribed_by_default"} == set(listed[0])


def test_without_topics_the_list_is_empty(small: Sandbox, small_api: httpx.Client) -> None:
    """It is [] then, not null."""
    for row in list(small.rows("subscription_topics")):
        small.delete("subscription_topics", row["id"])

    assert {"topics": []} == small_api.get("/v1/subscription_topics").json()


def test_preferences_of_all_people_are_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """Topics without a choice of the person have their default."""
    for row in list(tiny.rows("subscription_preferences"))[:5]:
        cio_id = row["cio_id"]
        found = _asked(api, cio_id)
        assert {name: value for name, value in row.items() if name != "cio_id"} == found
        assert found["topics"][2]["subscribed"] is False


def test_a_choice_counts_at_once(small: Sandbox, small_api: httpx.Client) -> None:
    """A set preference takes precedence over the computed one; `unsubscribed` is a field of its own."""
    who = small.add("people", id="ann", email="ann@example.com")
    assert [True, True, False] == [topic["subscribed"] for topic in _asked(small_api, who)["topics"]]

    chosen = '{"topics":{"topic_1":false,"topic_3":true}}'
    small.edit("people", who, cio_subscription_preferences=chosen, unsubscribed=True)

    found = _asked(small_api, who)
    assert [False, True, True] == [topic["subscribed"] for topic in found["topics"]]
    assert found["unsubscribed"]


def test_the_page_speaks_languages(tiny: Sandbox, api: httpx.Client) -> None:
    """Header and topics come translated where they are; a language without a translation changes nothing."""
    who = next(iter(tiny.rows("people")))["identifiers"]["cio_id"]
    plain, german = _asked(api, who), _asked(api, who, language="de-AT")

    assert "Produktneuheiten" == german["topics"][0]["name"]
    assert german["header"] != plain["header"]
    assert plain["topics"][2] == german["topics"][2]
    assert plain == _asked(api, who, language="sv")


@pytest.mark.parametrize("query", [{"language": "x1"}, {"id_type": "phone"}])
def test_a_bad_question_has_an_envelope_of_its_own(
    tiny: Sandbox, api: httpx.Client, query: dict[str, str]
) -> None:
    """`meta.errors` is a list of texts here; an unknown person is a 404 as elsewhere."""
    who = next(iter(tiny.rows("people")))["identifiers"]["cio_id"]
    path = f"/v1/customers/{who}/subscription_preferences"

    refused = api.get(path, params={"id_type": "cio_id", **query})

    assert 400 == refused.status_code
    assert [str] == [type(error) for error in refused.json()["meta"]["errors"]]
    assert 404 == api.get("/v1/customers/nobody/subscription_preferences").status_code


def test_channels(small: Sandbox, small_api: httpx.Client) -> None:
    """The custom channel has its type and its default; without channels the list is empty."""
    (channel,) = small_api.get("/v1/subscription_channels").json()["channels"]
    assert {"id", "identifier", "type", "name", "description", "subscribed_by_default"} == channel.keys()
    assert (1, "twilio", False) == (channel["id"], channel["type"], channel["subscribed_by_default"])

    small.delete("subscription_channels", 1)

    assert {"channels": []} == small_api.get("/v1/subscription_channels").json()


def test_a_token_of_the_subscription_center(api: httpx.Client) -> None:
    """A person's link lies on the host of the region; an unknown person is a 400, not a 404."""
    issued = api.get("/v1/subscription_center/user-1/token").json()

    assert issued["url"] == f"https://track.customer.io/u/i/{issued['token']}"
    assert 400 == api.get("/v1/subscription_center/nobody/token").status_code
