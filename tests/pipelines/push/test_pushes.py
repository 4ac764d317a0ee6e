"""Several pushes run one after the other."""

import pytest

from tests.pipelines.conftest import Shell
from tests.pipelines.push.conftest import Pushing


@pytest.mark.proof
def test_a_push_waits_for_those_before_it(shell: Shell, pushing: Pushing) -> None:
    """A push waits if one that it comes after was stopped; others run."""
    what = {"object": "person", "mode": "upsert", "person": {"id": "u"}}
    pushing.declare("first", [{"u": f"x{number}"} for number in range(60)], **{**what, "brakes": {}})
    pushing.declare("second", [{"u": "y"}], after=["first"], **what)
    pushing.declare("third", [{"u": "z"}], **what)
    ran = shell.run("push", "run", "--folder", str(pushing.folder), "--json")
    assert 3 == ran.code
    assert "first" == ran.document["syncs"][1]["waits_for"]
    assert ["z"] == [row["op"]["identifiers"]["id"] for row in pushing.sandbox.writes()]
