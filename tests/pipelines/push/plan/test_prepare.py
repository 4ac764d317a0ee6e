"""A push keeps its target."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from tests.pipelines.push.conftest import Pushing


def test_a_sync_that_gets_another_target_is_stopped(pushing: Pushing) -> None:
    """What is known of the members of one segment says nothing about another."""
    for name in ("A", "B"):
        pushing.sandbox.add("segments", name=name, type="manual")
    what: dict[str, Any] = {
        "object": "segment",
        "mode": "append",
        "person": {"id": "who"},
        "first_run": "all",
    }
    rows = [{"who": who} for who in pushing.ids()[:3]]
    pushing.push(pushing.declare("vips", rows, segment="A", **what))
    with pytest.raises(InvalidSpec, match="until now it was of segment A"):
        pushing.push(pushing.declare("vips", rows, segment="B", **what))
