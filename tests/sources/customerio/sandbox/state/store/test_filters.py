"""Filters of people."""

import pytest

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.filters import all_people, compile_filter, exists, text
from sources.customerio.sandbox.state.store.people import Person

ANN = Person(number=1, created_at=0, id="ann", email="Ann@example.com", attributes={"plan": "pro"})


def _is(field: str, value: object) -> dict[str, object]:
    return {"attribute": {"field": field, "operator": "eq", "value": value}}


@pytest.mark.parametrize(
    ("given", "matches"),
    [
        (all_people(), True),
        (exists("phone"), False),
        (_is("email", "ann@EXAMPLE.com"), True),
        (_is("plan", "PRO"), False),
        ({"not": _is("plan", "free")}, True),
        ({"and": [_is("plan", "pro"), {"segment": {"id": 4}}]}, True),
        ({"or": [_is("plan", "free"), {"segment": {"id": 5}}]}, False),
    ],
)
def test_filters_match(given: object, matches: bool) -> None:
    """Emails are equal in any case, other values exactly; an unknown segment has no members."""
    test = compile_filter(given, lambda segment, number: (segment, number) == (4, 1))

    assert test(ANN) is matches


@pytest.mark.parametrize(
    "given", [None, {}, {"and": []}, {"xor": []}, {"and": [], "or": []}, {"attribute": {"field": "a"}}]
)
def test_malformed_filters_are_refused(given: object) -> None:
    """A filter has one known key, and a leaf has an operator."""
    with pytest.raises(BadRequest):
        compile_filter(given, lambda _segment, _number: False)


def test_values_are_stored_as_text() -> None:
    """Plain values as text, arrays and objects as JSON, null as empty text."""
    assert [text(value) for value in (True, 1.5, None, ["a"], {"a": 1})] == [
        "true",
        "1.5",
        "",
        '["a"]',
        '{"a":1}',
    ]
