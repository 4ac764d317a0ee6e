"""Conditions are read into trees; a part that is not of the grammar is unclear, and breaks nothing."""

from pipelines.push.forecast.conditions import (
    Changes,
    Inverse,
    Joined,
    Match,
    Member,
    Performed,
    Unclear,
    ValueTest,
    read_conditions,
    walk,
)
from sources.customerio.sandbox.state.store.conditions import CHANGE, equals, happened


def test_conditions_of_one_attribute_beside_each_other_are_one_test() -> None:
    """An attribute equals a text: it changed to it, with no later change from it."""
    to = ValueTest(side="to", operator="eq", value="pro", inverse=False)
    from_ = ValueTest(side="from", operator="eq", value="pro", inverse=False)

    assert read_conditions(equals("plan", "pro")) == Changes(
        name="plan",
        wanted=(Match(tests=(to,), times=1, within=0),),
        unwanted=(Match(tests=(from_,), times=1, within=0),),
    )


def test_lists_events_and_segments_are_read_at_any_depth() -> None:
    """and, or and not join; an event is counted; a segment names another one, inverted or not."""
    bought = happened("event", "order", within=3600)
    given = {"and": [{"or": [bought, {"segment": {"id": 5}, "inverse": True}]}, {"not": {"and": [bought]}}]}
    performed = Performed(type="event", name="order", times=1, within=3600, filtered=False)

    assert read_conditions(given) == Joined(
        joint="and",
        parts=(
            Joined(joint="or", parts=(performed, Inverse(part=Member(segment_id=5)))),
            Inverse(part=performed),
        ),
    )


def test_what_is_not_of_the_grammar_is_unclear() -> None:
    """Unknown forms, types, operators and sides are unclear, each with a reason; the rest is read."""
    odd = happened(CHANGE, "plan", [{"field": "to", "operator": "gt", "inverse": False, "value": "5"}])
    given: object
    for given in (None, {}, {"and": []}, {"xor": [odd]}, odd, happened("email_opened", "x"),
                  {"event": 5}, {"segment": "five"}, happened(CHANGE, "p", [{"field": "now"}])):  # fmt: skip
        found = read_conditions(given)
        assert isinstance(found, Unclear), given
        assert found.reason
    tree = read_conditions({"and": [odd, equals("plan", "pro")]})
    assert 1 == sum(isinstance(one, Unclear) for one in walk(tree))
    assert 1 == sum(isinstance(one, Changes) for one in walk(tree))
