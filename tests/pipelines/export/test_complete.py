"""A person of an export is completed from the stored row, and differs only in changed values."""

from typing import Any

import msgspec
import orjson
import pytest

from pipelines.export.complete import complete
from sources.customerio.extract.rows import Row


def _json(value: Any) -> msgspec.Raw:
    return msgspec.Raw(orjson.dumps(value))


HELD: Row = {
    "cio_id": "a1",
    "id": "",
    "identifiers": _json({"email": "a@b.c", "cio_id": "a1", "id": None, "phone": "+49"}),
    "attributes": _json({"plan": "free", "age": 7, "vip": True, "bio": "", "_cio_computed": "{}"}),
    "timestamps": _json({"plan": 1}),
    "devices": _json([]),
    "unsubscribed": False,
}


def _exported(**changed: Any) -> Row:
    row = {
        "cio_id": "a1",
        "id": "",
        "identifiers": {"cio_id": "a1", "email": "a@b.c", "id": None},
        "attributes": {"age": "7", "plan": "free", "vip": "true"},
        "unsubscribed": False,
        **changed,
    }
    return {name: _json(value) if isinstance(value, dict) else value for name, value in row.items()}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(_exported(), id="keys in another order, numbers as text, empty cells left out"),
        pytest.param(_exported(unsubscribed=None), id="a column that the file lacks"),
        pytest.param(_exported(identifiers=None), id="no identifiers"),
    ],
)
def test_an_equal_row_is_the_held_one(row: Row) -> None:
    """If no value of the export differs, the same object is returned."""
    assert complete(row, HELD) is HELD


@pytest.mark.parametrize(
    ("changed", "column", "found"),
    [
        ({"id": "u1"}, "id", "u1"),
        ({"unsubscribed": True}, "unsubscribed", True),
        (
            {"identifiers": {"cio_id": "a1", "email": None}},
            "identifiers",
            {"cio_id": "a1", "email": None, "id": None, "phone": "+49"},
        ),
        (
            {"attributes": {"age": "8", "vip": "true"}},
            "attributes",
            {"age": "8", "vip": True, "bio": "", "_cio_computed": "{}"},
        ),
    ],
)
def test_a_value_that_differs_is_taken(changed: Row, column: str, found: object) -> None:
    """A changed column has the export's value; all others have the stored row's."""
    after = complete(_exported(**changed), HELD)

    assert found == after[column]
    assert {**HELD, column: found} == after


def test_a_held_row_may_be_parsed_already() -> None:
    """Some destinations return JSON columns as objects."""
    parsed = {
        name: orjson.loads(bytes(value)) if isinstance(value, msgspec.Raw) else value
        for name, value in HELD.items()
    }
    assert complete(_exported(), parsed) is parsed
