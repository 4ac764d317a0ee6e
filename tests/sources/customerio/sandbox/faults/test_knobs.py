"""Knobs, and their effects on answers."""

import re
from pathlib import Path

import httpx
import pytest

from sources import customerio
from sources.customerio.sandbox import Knobs, Sandbox


def test_a_narrow_key(small: Sandbox, small_api: httpx.Client) -> None:
    """Operations that the key's scope forbids are 403, the others work."""
    small.knobs.forbidden = {"getPeopleFilter", "exportPeopleData"}

    refused = small_api.post("/v1/customers", json={})

    assert refused.status_code == 403
    assert refused.json()["errors"][0]["detail"].startswith("forbidden (reference ")
    assert small_api.get("/v1/campaigns").status_code == 200


def test_unknown_knobs_are_refused() -> None:
    """A misspelt knob is refused with the known ones, and none is set."""
    knobs = Knobs()

    with pytest.raises(ValueError, match="no knob colour"):
        knobs.set({"colour": 1, "export_takes_s": 5})
    assert knobs.export_takes_s == 30


def test_a_knob_takes_only_its_values() -> None:
    """A value that the knob does not have is refused with those that it has."""
    with pytest.raises(ValueError, match="event_ids is accept, dedupe, refuse, not 'drop'"):
        Knobs().set({"event_ids": "drop"})


def test_json_values_have_the_knobs_types() -> None:
    """Sets and pairs are arrays in JSON."""
    knobs = Knobs()

    knobs.set({"forbidden": ["a", "a"], "delivery_columns": [["Id", "id"]]})

    assert (knobs.forbidden, knobs.delivery_columns) == ({"a"}, (("Id", "id"),))
    assert knobs.export_options().delivery_columns == (("Id", "id"),)


def test_each_knob_has_a_meaning_and_a_basis() -> None:
    """The basis is tags of FACTS.md, `unverified`, or `sandbox` for a setting of the sandbox itself."""
    facts = (Path(customerio.__file__).parent / "FACTS.md").read_text("utf-8")
    tags = set(re.findall(r"^\| `([^`]+)` \|", facts, re.M))
    for knob in Knobs.all():
        words = [word.strip("[]") for word in re.split(r", |(?<=\])(?=\[)", knob.basis)]
        assert set(words) <= tags | {"unverified", "sandbox"}, knob
        assert len(knob.meaning.split()) > 3, knob


def test_a_limit_that_is_too_large(small: Sandbox, small_api: httpx.Client) -> None:
    """A `limit` above the largest is taken, as seen live, or refused by the knob."""
    large, largest = {"limit": "1001"}, {"limit": "1000"}
    assert small_api.get("/v1/messages", params=large).status_code == 200

    small.knobs.limits_refused = True

    assert small_api.get("/v1/messages", params=large).status_code == 400
    assert small_api.get("/v1/messages", params=largest).status_code == 200


def test_a_token_past_the_end_of_messages(small: Sandbox, small_api: httpx.Client) -> None:
    """It leads back to the first page, as seen live; by the knob, to an empty one."""
    past = {"start": "djIwOjk5OTk5OQ=="}  # v20:999999
    first = small_api.get("/v1/messages").json()
    assert small_api.get("/v1/messages", params=past).json() == first

    small.knobs.messages_restart = False

    assert small_api.get("/v1/messages", params=past).json() == {"messages": [], "next": ""}


def test_bounds_of_design_studio(small: Sandbox, small_api: httpx.Client) -> None:
    """Bounds leave out their own second, as seen live; by the knob they include it."""
    path, key = "/v1/design_studio/emails", "emails"
    email = small_api.get(path).json()[key][0]
    window = {"created_after": email["created"], "created_before": email["created"]}
    assert small_api.get(path, params=window).json()[key] == []

    small.knobs.studio_bounds_inclusive = True

    assert email in small_api.get(path, params=window).json()[key]


def test_a_message_to_an_unknown_person(small: Sandbox, small_api: httpx.Client) -> None:
    """It adds the person; by the knob it is refused, and adds none."""

    def send(email: str) -> int:
        body = {"transactional_message_id": 1, "to": email, "identifiers": {"email": email}}
        return small_api.post("/v1/send/email", json=body).status_code

    assert send("new@example.com") == 200
    small.knobs.sends_create = False

    assert send("newer@example.com") == 400
    emails = {row["identifiers"]["email"] for row in small.rows("people")}
    assert "new@example.com" in emails
    assert "newer@example.com" not in emails
