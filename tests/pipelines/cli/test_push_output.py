"""A sample of a plan is a line that shows what would be another value."""

from typing import Any

import pytest

from pipelines.cli.push_output import sample_line

PERSON = {"type": "person", "action": "identify", "identifiers": {"id": "7"}}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, {**PERSON, "attributes": {"tier": "gold", "_update": True}}, "add 7: tier gold"),
        ({"attributes": {"tier": ""}}, {**PERSON, "attributes": {"tier": "gold"}}, 'add 7: tier "" -> gold'),
        (
            {"attributes": {"tier": "silver", "city": "Wien"}},
            {**PERSON, "attributes": {"tier": "gold", "city": "Wien"}},
            "add 7: tier silver -> gold",
        ),
        (
            None,
            {**PERSON, "device": {"token": "t", "attributes": {"old": False}, "tags": ["a"], "at": None}},
            'add 7: device.token t, device.old false, device.tags ["a"], device.at null',
        ),
        (
            {"attributes": {"tier": "s…(6)"}},
            {**PERSON, "attributes": {"tier": "s…(6)"}},
            "add 7: tier s…(6) -> s…(6)",
        ),
        (None, {**PERSON, "action": "suppress"}, "add 7"),
        (None, "7", "add 7"),
    ],
)
def test_a_row_of_a_plan_is_a_line(before: Any, after: Any, line: str) -> None:
    """Names are those of the attributes; what does not change is left out."""
    assert line == sample_line({"action": "add", "key": "7", "before": before, "after": after})
