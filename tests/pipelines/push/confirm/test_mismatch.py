"""A value that is read back is compared with the one that was sent, as Customer.io stores it."""

from typing import Any

import pytest

from pipelines.push.confirm.mismatch import same


@pytest.mark.parametrize(
    ("sent", "held", "equal"),
    [
        ("gold", "gold", True),
        ("gold", "silver", False),
        ("", None, True),
        ("", "gold", False),
        (True, "true", True),
        (True, "false", False),
        (3, "3", True),
        (3, "3.0", True),
        (3, "three", False),
        (3, None, False),
        (9007199254740993, "9007199254740992", False),
        (1700000000, "2023-11-14T22:13:20Z", True),
        (1700000000, "2023-11-14", False),
        (0.1, "1e-1", True),
        ("5", 5, True),
        ("", "", True),
        (["a", "b"], '["a", "b"]', True),
        ({"a": 1}, {"a": 1}, True),
        (["a"], "no JSON", False),
    ],
)
def test_values_as_profiles_hold_them(sent: Any, held: Any, equal: bool) -> None:
    """Profiles hold text, objects keep types, and an empty text and no value are the same."""
    assert equal is same(sent, held)
