"""A field that Customer.io adds lands, with any name and in any number."""

from typing import Any

import orjson
import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

from sources.customerio.catalogue import resource
from sources.customerio.extract.added_fields import MOST, OTHER, AddedFields
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse

DAY = 86_400
ODD: dict[str, Any] = {
    "deleted_at": 1,
    "first_seen_at": "x",
    "_row_hash": 2,
    "_dlt_load_id": "3",
    "_dlt_id": "4",
    "firstStarted": 5,
    "Name": "n",
    "NAME": "N",
    "Foo Bar": 6,
    "": 7,
    "_unknown": {"a": {"b": 1}},
    "_other_fields": {"c": 2},
    "name_as_sent": 8,
    "a.b": 9,
    "größe": 10,
    "x" * 300: 11,
    'q"\\': [12],
}
PLAIN: dict[str, Any] = {"foo_bar": "f", "mood": {"good": True}, "select": 13, "a1b2": 14}


def _fault(operation: str, fields: dict[str, Any], times: int | None = None) -> Fault:
    # A dot in the name of a fault's field leads into an object; so the record is given as a whole.
    return Fault(operation=operation, times=times, raw_records=(orjson.dumps(fields).decode(),))


@pytest.mark.proof
def test_a_field_of_any_name_lands_beside_the_known_ones(warehouse: Warehouse) -> None:
    """Names that collide are keys of `_other_fields`, others JSON columns; both ways of decoding agree."""
    new = {"id": 9_001, "name": "named", **ODD, **PLAIN}
    now = warehouse.sandbox.clock.now()
    # All deliveries of a day are one window, so the new one is in the answer about its own time.
    warehouse.settings = warehouse.settings.model_copy(update={"customerio_start": now - DAY})
    # Deliveries are decoded straight into typed rows, campaigns are not.
    warehouse.sandbox.faults.add(
        _fault("listCampaigns", new),
        _fault("listMessages", {**new, "id": "9001", "created": now - 60}, times=1),
    )

    first, second = (warehouse.sync("campaigns", "messages") for _ in range(2))

    assert [] == first.failed == second.failed
    assert 0 == first.rejected
    assert 0 == second.written, "the same fields are the same row"
    plain = ", ".join(f'"{name}"' for name in PLAIN)
    for table in ("campaigns", "messages"):
        ((key, other, *cells),) = warehouse.query(
            f"SELECT id::VARCHAR, {OTHER}, {plain} FROM customerio_raw.{table} WHERE id::VARCHAR = '9001'"
        )
        assert "9001" == key

        assert ODD == orjson.loads(other)
        assert list(PLAIN.values()) == [orjson.loads(cell) for cell in cells]


@pytest.mark.proof
def test_three_thousand_fields_are_a_hundred_columns_and_an_object(warehouse: Warehouse) -> None:
    """Of very many new fields each value lands, and the table stays narrow, also on the next sync."""
    many = {f"field_{number}": number for number in range(3_000)}
    warehouse.sandbox.faults.add(Fault(operation="listCampaigns", times=None, give_fields=many))

    first, second = warehouse.sync("campaigns"), warehouse.sync("campaigns")

    assert [] == first.failed
    assert 0 == second.written
    rows = warehouse.rows(resource("campaigns"))
    assert rows
    for row in rows.values():
        others = {name: value for name, value in row[OTHER].items() if name.startswith("field_")}
        own = {name: value for name, value in row.items() if name.startswith("field_")}
        assert MOST - 10 < len(own) <= MOST
        assert many == {**others, **own}


@pytest.mark.parametrize("name", ["a1b2", "x_1_y", "select", "a_b_c", "utf8mb4", "x2"])
def test_a_plain_name_is_the_name_of_its_column(name: str) -> None:
    """A destination leaves the name of a column as it is."""
    assert {name: 1} == AddedFields(resource("campaigns")).placed({name: 1})
    assert name == NamingConvention().normalize_identifier(name)
