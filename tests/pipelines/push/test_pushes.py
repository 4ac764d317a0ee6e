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


@pytest.mark.proof
def test_one_wrong_file_stops_only_its_own_push(shell: Shell, pushing: Pushing) -> None:
    """Each command handles the other pushes, names the file, and ends with a code that tells."""
    what = {"object": "person", "mode": "upsert", "person": {"id": "u"}}
    pushing.declare("good", [{"u": "y"}], **what)
    pushing.declare("later", [{"u": "z"}], after=["wrong"], **what)
    (pushing.folder / "wrong.yml").write_text("sync: wrong\nobject: persn\n")
    folder = ("--folder", str(pushing.folder))
    named = "wrong.yml, line 2, column 1: object: it is 'person'"

    alone = shell.run("push", "run", "good", *folder)
    assert 0 == alone.code, alone.err
    checked = shell.run("push", "validate", *folder)
    assert (2, True) == (checked.code, named in checked.err)
    assert "good: valid; 1 columns." in checked.out
    ran = shell.run("push", "run", *folder)
    assert (4, True) == (ran.code, named in ran.err)
    assert "later: it waits, since it comes after wrong" in ran.out
    assert ["y"] == [row["op"]["identifiers"]["id"] for row in pushing.sandbox.writes()]
    (pushing.folder / "good.yml").write_text("sync: good\nobject: persn\n")
    (pushing.folder / "later.yml").unlink()
    assert 2 == shell.run("push", "run", *folder).code, "all of them are a user's mistakes"
