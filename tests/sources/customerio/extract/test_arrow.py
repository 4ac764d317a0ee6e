"""Rows become Arrow tables whose columns keep their types."""

from typing import Any

import pytest

from sources.customerio.catalogue import Resource
from sources.customerio.extract.arrow import from_arrow, to_arrow, with_own
from sources.customerio.extract.own_columns import columns_of
from sources.customerio.extract.rows import Row, row_hashes, typed

THINGS = Resource(
    table="things",
    description="A thing.",
    operation="listCampaigns",
    key=("id",),
    family="config",
    columns={"id": "bigint", "name": "text", "share": "double", "active": "bool", "extra": "json"},
)


def _cells(**row: Any) -> dict[str, Any]:
    [cells] = to_arrow(THINGS, typed(THINGS, [row])).to_pylist()
    return {name: value for name, value in cells.items() if value is not None}


def test_known_columns_are_always_there() -> None:
    """The columns of the API and of the project are there, also without a row."""
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
    """Ids may come as integers or as strings; the type of a column never changes."""
    assert expected == _cells(**given)


def test_json_cells_keep_to_their_rows() -> None:
    """Nulls, empty values and letters of several bytes leave the cells around them as they were sent."""
    sent: list[Any] = [None, {"name": "é"}, "", None, [], "日本", None]
    table = to_arrow(
        THINGS, typed(THINGS, [{"id": number, "extra": cell} for number, cell in enumerate(sent)])
    )

    assert [None, '{"name":"é"}', '""', None, "[]", '"日本"', None] == table["extra"].to_pylist()


def test_unknown_fields_land_as_json() -> None:
    """A field that Customer.io adds is a JSON column from its first row on, with values of any type."""
    rows: list[Row] = [{"id": 1, "colour": "red"}, {"id": 2, "colour": {"r": 255}}, {"id": 3}]
    table = to_arrow(THINGS, typed(THINGS, rows))

    assert ['"red"', '{"r":255}', None] == table.column("colour").to_pylist()


def test_rows_come_back_from_arrow() -> None:
    """A row has the same fingerprint after a way through Arrow; columns that a table lacks are null."""
    read: list[Row] = [
        {"id": 1, "name": "a", "active": True, "extra": {"b": [1]}},
        {"id": 2, "share": 0.5},
    ]
    rows = typed(THINGS, read)
    [batch] = to_arrow(THINGS, rows).to_batches()

    assert rows == from_arrow(THINGS, batch)
    assert row_hashes(rows) == row_hashes(from_arrow(THINGS, batch))
    assert row_hashes(typed(THINGS, [{"id": 1}, {"id": 2}])) == row_hashes(
        from_arrow(THINGS, batch.select(["id"]))
    )
