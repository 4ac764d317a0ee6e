"""Knobs, and their effects on answers."""

import httpx
import pytest

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
