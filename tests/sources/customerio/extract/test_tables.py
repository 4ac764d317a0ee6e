"""Rows become tables whose columns keep their types, whatever a row brings along."""

from typing import Any

import orjson
import pytest

from sources.customerio.catalogue import ColumnType, Resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract.tables import columns_of, row_hashes, to_arrow, with_own

THINGS = Resource(
    table="things",
    operation="listCampaigns",
    key=("id",),
    family="config",
    columns={"id": "bigint", "name": "text", "share": "double", "active": "bool", "extra": "json"},
)


def _cells(**row: Any) -> dict[str, Any]:
    [cells] = to_arrow(THINGS, [row]).to_pylist()
    return {name: value for name, value in cells.items() if value is not None}


def test_known_columns_are_always_there() -> None:
    """The API's, then the project's own, also without a row."""
    table = with_own(THINGS, to_arrow(THINGS, []), first_seen_at=[], row_hash=[])

    assert list(columns_of(THINGS)) == table.column_names
    assert ["first_seen_at", "_row_hash", "deleted_at"] == table.column_names[-3:]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"id": 7}, {"id": 7}, id="an id as integer"),
        pytest.param({"id": "7"}, {"id": 7}, id="an id as text"),
        pytest.param({"id": 7.0}, {"id": 7}, id="an id with a fraction of nothing"),
        pytest.param({"id": 2**63 - 1}, {"id": 2**63 - 1}, id="the largest integer"),
        pytest.param({"name": 12}, {"name": "12"}, id="a number where text belongs"),
        pytest.param({"name": {"b": 1}}, {"name": '{"b":1}'}, id="an object where text belongs"),
        pytest.param({"share": 1}, {"share": 1.0}, id="an integer where a share belongs"),
        pytest.param({"share": "0.25"}, {"share": 0.25}, id="a share as text"),
        pytest.param({"active": "true"}, {"active": True}, id="a truth as text"),
        pytest.param({"extra": [1, {"a": None}]}, {"extra": '[1,{"a":null}]'}, id="JSON"),
        pytest.param({"extra": "text"}, {"extra": '"text"'}, id="text as JSON"),
        pytest.param({"id": None, "extra": None}, {}, id="nulls"),
    ],
)
def test_values_take_their_column_s_type(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Ids come as integers here and as strings there; a column's type never changes."""
    assert expected == _cells(**given)


def test_unknown_fields_land_as_json() -> None:
    """A field that Customer.io adds is a JSON column, from its first row on, whatever its type is then."""
    table = to_arrow(THINGS, [{"id": 1, "colour": "red"}, {"id": 2, "colour": {"r": 255}}, {"id": 3}])

    assert ['"red"', '{"r":255}', None] == table.column("colour").to_pylist()


@pytest.mark.parametrize(
    ("column", "value", "kind", "found"),
    [
        ("id", "hunter2", "bigint", "str"),
        ("id", True, "bigint", "bool"),
        ("id", 1.5, "bigint", "float"),
        ("id", 2**63, "bigint", "int"),
        ("id", "9" * 30, "bigint", "str"),
        ("id", ["hunter2"], "bigint", "list"),
        ("share", "hunter2", "double", "str"),
        ("share", {"hunter2": 1}, "double", "dict"),
        ("active", "hunter2", "bool", "str"),
        ("active", 3, "bool", "int"),
    ],
)
def test_a_value_that_does_not_fit_is_named_without_being_shown(
    column: str, value: object, kind: ColumnType, found: str
) -> None:
    """The message says table, column and both types; the value may be personal."""
    with pytest.raises(BadAnswer) as raised:
        to_arrow(THINGS, [{"id": 1}, {column: value}])

    message = str(raised.value)
    assert all(fact in message for fact in (f"things.{column}", f"a {found} ", f"a {kind} "))
    assert str(value) not in message.replace("Declare", "")
    assert "hunter2" not in message
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_fingerprint_knows_no_order_of_keys() -> None:
    """Equal rows have equal fingerprints, at every depth, beside any others; any difference shows."""
    row = {"id": 1, "name": "a", "extra": {"x": [1, 2], "y": None}}
    same = {"extra": {"y": None, "x": [1, 2]}, "name": "a", "id": "1"}
    others: list[dict[str, Any]] = [
        {**row, "id": 2},
        {**row, "name": "b"},
        {**row, "name": None},
        {**row, "extra": {"x": [2, 1], "y": None}},
        {**row, "extra": {"x": [1, 2]}},
        {**row, "colour": "red"},
        {**row, "colour": None, "shape": "red"},
        {**row, "active": False},
        {**row, "share": 0.0},
        {"id": 1, "extra": "a"},
    ]

    [alone] = row_hashes(to_arrow(THINGS, [same]))
    first, *rest = row_hashes(to_arrow(THINGS, [row, *others]))

    assert alone == first
    assert len({first, *rest}) == 1 + len(others)
    assert all(-(2**63) <= fingerprint < 2**63 for fingerprint in (first, *rest))


def test_numbers_that_json_may_hold_can_be_fingerprinted() -> None:
    """The largest integers and fractions of JSON are no obstacle."""
    row = orjson.loads(b'{"id":1,"extra":{"a":18446744073709551615,"b":1e308,"c":-9223372036854775808}}')

    assert row_hashes(to_arrow(THINGS, [row]))
