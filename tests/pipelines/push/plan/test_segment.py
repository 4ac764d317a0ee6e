"""A segment is found by its id or name, and a mirror says which members it cannot remove."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import PushSpec
from tests.pipelines.push.conftest import Pushing

_MEMBER: dict[str, Any] = {
    "object": "segment", "mode": "mirror", "person": {"id": "who"}, "first_run": "all",
}  # fmt: skip


def _mirror(pushing: Pushing, segment: int | str, people: list[str]) -> PushSpec:
    return pushing.declare("vips", [{"who": who} for who in people], segment=segment, **_MEMBER)


@pytest.mark.proof
def test_an_id_may_be_written_as_text(pushing: Pushing) -> None:
    """`segment: "6"` is the segment of id 6, unless one has that name."""
    segment = int(pushing.sandbox.add("segments", name="VIPs", type="manual"))
    who = pushing.ids()[0]
    assert 1 == pushing.push(_mirror(pushing, str(segment), [who])).plan.sends
    assert 0 == pushing.push(_mirror(pushing, segment, [who])).plan.sends
    pushing.sandbox.add("segments", name=str(segment), type="manual")
    assert 1 == pushing.plan(_mirror(pushing, str(segment), [who])).sends
    assert 0 == pushing.plan(_mirror(pushing, segment, [who])).sends


def test_a_segment_that_does_not_exist_is_named(pushing: Pushing) -> None:
    """The message has the manual segments to choose from."""
    with pytest.raises(InvalidSpec, match=r"there is no segment '99999'\. Manual segments"):
        pushing.plan(_mirror(pushing, "99999", pushing.ids()[:1]))


@pytest.mark.proof
def test_a_mirror_says_how_many_members_it_cannot_remove(pushing: Pushing) -> None:
    """Members without an id stay in a mirror by id, which counts them; others are removed."""
    segment = int(pushing.sandbox.add("segments", name="VIPs", type="manual"))
    people = [row["identifiers"] for row in pushing.sandbox.rows("people")]
    mails = [row["email"] for row in people if row["email"] and not row["id"]][:2]
    ids = pushing.ids()[:3]
    by_mail = pushing.declare(
        "added", [{"mail": mail} for mail in mails], segment=segment,
        **{**_MEMBER, "mode": "append", "person": {"email": "mail"}},
    )  # fmt: skip
    assert pushing.push(by_mail).complete
    pushing.push(_mirror(pushing, segment, ids))
    result = pushing.push(_mirror(pushing, segment, ids[:2]))
    assert (len(mails), 1) == (result.plan.unnamed, result.plan.counts["remove"])
    assert [remark for remark in result.plan.remarks if f"{len(mails)} members have no such" in remark]
    kept = pushing.declare("vips", [{"who": ids[0]}], segment=segment, keep_others=True, **_MEMBER)
    assert 0 == pushing.plan(kept).unnamed
