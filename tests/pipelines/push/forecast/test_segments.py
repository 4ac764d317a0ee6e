"""A segment's tree has the conditions of the segments that it names."""

import orjson

from pipelines.push.forecast.conditions import Inverse, Joined, Member, Node, Unclear, read_conditions
from pipelines.push.forecast.segments import Segment, tree_of
from sources.customerio.sandbox.state.store.conditions import equals


def _segment(number: int, conditions: object = None, **more: str) -> Segment:
    text = None if conditions is None else orjson.dumps(conditions).decode()
    fields = {"name": "", "type": "dynamic" if conditions else "manual", "state": "finished", **more}
    return Segment(id=number, conditions=text, **fields)


def _tree(*segments: Segment) -> Node:
    return tree_of(segments[0].id, {segment.id: segment for segment in segments})


def test_a_segment_in_a_segment_is_in_its_tree() -> None:
    """A dynamic segment is replaced by its conditions, one that is filled by hand stays a membership."""
    pro = equals("plan", "pro")
    first = _segment(1, {"and": [{"segment": {"id": 2}}, {"segment": {"id": 3}, "inverse": True}]})

    found = _tree(first, _segment(2, pro), _segment(3))

    assert found == Joined(joint="and", parts=(read_conditions(pro), Inverse(part=Member(segment_id=3))))


def test_a_segment_that_cannot_be_followed_is_unclear() -> None:
    """A circle, a missing segment, one that is being built and one whose conditions are not listed."""
    circle = (
        _segment(1, {"and": [{"segment": {"id": 2}}]}),
        _segment(2, {"and": [{"segment": {"id": 1}}]}),
    )
    cases = {
        "names itself": circle,
        "has no segment 9": (_segment(1, {"and": [{"segment": {"id": 9}}]}),),
        "is being built": (_segment(1, equals("plan", "pro"), state="build"),),
        "are not listed": (_segment(1, type="dynamic"),),
    }
    for reason, segments in cases.items():
        found = _tree(*segments)
        assert isinstance(found, Unclear)
        assert reason in found.reason
