"""A push keeps its target."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from tests.pipelines.push.conftest import Pushing


@pytest.mark.proof
def test_a_push_that_gets_another_target_is_stopped(pushing: Pushing) -> None:
    """A push whose segment changes is refused: its snapshot is of another segment's members."""
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
