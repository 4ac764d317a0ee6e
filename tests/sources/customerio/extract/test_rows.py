"""Fast and slow decoding make the same row; a value of another type is reported without being shown."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from sources.customerio.catalogue import ColumnType, Resource
from sources.customerio.client import BadAnswer
from sources.customerio.extract.arrow import to_arrow
from sources.customerio.extract.rows import Row, TypedRow, decoder, row_hashes, typed

THINGS = Resource(
    table="things",
    description="A thing.",
    operation="listCampaigns",
    key=("id",),
    family="config",
    columns={"id": "bigint", "name": "text", "share": "double", "active": "bool", "extra": "json"},
)


def _decoded(*rows: str) -> list[Any]:
    document = decoder(THINGS)(f'{{"campaigns":[{",".join(rows)}],"next":"t"}}'.encode())
    assert "t" == document["next"]
    return list(document["campaigns"])


ROW = '{"id":7,"name":"a","extra":{"b":1,"a":[1.0,"\\u003c"]}}'


def test_a_page_that_fits_comes_as_typed_rows() -> None:
    """A page that fits its types becomes typed rows: cells are read as in a dict, JSON stays text."""
    [row] = _decoded(ROW)

    assert isinstance(row, TypedRow)
    assert (7, "a", None) == (row["id"], row["name"], row["share"])
    assert '{"b":1,"a":[1.0,"\\u003c"]}' == to_arrow(THINGS, [row])["extra"][0].as_py()


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param('{"id":8,"colour":"red"}', id="a field that is new"),
        pytest.param('{"id":"8"}', id="an id as text"),
        pytest.param('{"id":8,"name":12}', id="a number where text belongs"),
        pytest.param('{"id":8,"active":"true"}', id="a truth as text"),
    ],
)
def test_a_row_is_the_same_beside_one_that_does_not_fit(odd: str) -> None:
    """If one row does not fit, its page is decoded slowly; the other rows stay the same."""
    fitting = typed(THINGS, _decoded(ROW))
    beside = typed(THINGS, _decoded(ROW, odd))

    assert row_hashes(fitting) == row_hashes(beside[:1])
    assert to_arrow(THINGS, fitting) == to_arrow(THINGS, beside[:1])
    assert 8 == beside[1]["id"]


def test_null_is_as_good_as_nothing() -> None:
    """A null field and a missing one make the same row, in both decodings."""
    null = '{"id":1,"name":null,"share":null,"active":null,"extra":null}'
    hashes = {*row_hashes(typed(THINGS, _decoded(null, '{"id":1}')))}
    hashes |= {*row_hashes(typed(THINGS, _decoded(null, '{"id":1,"colour":null}')))}

    assert 1 == len(hashes)


@pytest.mark.parametrize("body", ['{"campaigns":null}', "{}", "[]", '{"campaigns":{"id":1}}', '"text"'])
def test_an_answer_of_another_shape_comes_as_it_is(body: str) -> None:
    """An answer of another shape is returned as it is; the caller rejects it."""
    assert orjson.loads(body) == decoder(THINGS)(body.encode())


def test_what_is_no_json_is_refused_as_ever() -> None:
    """The error is the same as for any answer that is no JSON."""
    with pytest.raises(orjson.JSONDecodeError):
        decoder(THINGS)(b"<html>")


@pytest.mark.parametrize(
    ("column", "value", "kind", "found"),
    [
        ("id", "hunter2", "bigint", "str"),
        ("id", True, "bigint", "bool"),
        ("id", 1.5, "bigint", "float"),
        ("id", 2**63, "bigint", "int"),
        ("id", "9" * 30, "bigint", "str"),
        ("id", "1_1", "bigint", "str"),
        ("id", "\u0661", "bigint", "str"),
        ("id", ["hunter2"], "bigint", "list"),
        ("updated", "hunter2", "bigint", "str"),
    ],
)
def test_a_key_that_does_not_fit_is_named_without_being_shown(
    column: str, value: object, kind: ColumnType, found: str
) -> None:
    """The message has table, column and both types, but not the value, which may be personal."""
    rows: list[Row] = [{"id": 1}, {column: value}]

    with pytest.raises(BadAnswer) as raised:
        typed(replace(THINGS, cursor="updated", columns={**THINGS.columns, "updated": "bigint"}), rows)

    message = str(raised.value)
    assert all(fact in message for fact in (f"things.{column}", f"a {found} ", f"a {kind} "))
    assert str(value) not in message
    assert "hunter2" not in message
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("column", "value"), [("share", "half"), ("share", {"of": 1}), ("active", "perhaps"), ("active", 3)]
)
def test_a_value_of_another_type_lies_beside_its_column(column: str, value: object) -> None:
    """A value of another type is kept as JSON in a column beside its own, which stays empty."""
    rows: list[Row] = [{"id": 1, column: value}, {"id": 2}]

    table = to_arrow(THINGS, typed(THINGS, rows))

    assert [None, None] == table[column].to_pylist()
    first, second = table[f"{column}_as_sent"].to_pylist()
    assert (orjson.dumps(value).decode(), None) == (first, second)


def test_a_fingerprint_knows_no_order_of_keys() -> None:
    """Equal rows have equal fingerprints for any order of keys, at every depth; unequal rows do not."""
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

    [alone] = row_hashes(typed(THINGS, [same]))
    first, *rest = row_hashes(typed(THINGS, [row, *others]))

    assert alone == first
    assert len({first, *rest}) == 1 + len(others)
    assert all(-(2**63) <= fingerprint < 2**63 for fingerprint in (first, *rest))


def test_numbers_that_json_may_hold_can_be_fingerprinted() -> None:
    """The largest integers and fractions of JSON have fingerprints."""
    row = orjson.loads(b'{"id":1,"extra":{"a":18446744073709551615,"b":1e308,"c":-9223372036854775808}}')

    assert row_hashes(typed(THINGS, [row]))
