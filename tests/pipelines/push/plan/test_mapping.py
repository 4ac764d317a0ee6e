"""Values of a column that cannot be sent are listed with their reason; all others are sent."""

from typing import Any

import pytest

from pipelines.errors import ModelFailed
from tests.pipelines.push.conftest import Pushing, Row

_PERSON: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "user_id"}}


_VALUES = {
    "value over 1,000 bytes": ("text", "repeat('é', 501)", "has more than 1,000 bytes"),
    "NaN": ("number", "'nan'::DOUBLE", "is no number (NaN, or infinite as after / 0)"),
    "infinity": ("number", "'-inf'::DOUBLE", "is no number (NaN, or infinite as after / 0)"),
    "fraction": ("integer", "1.5", "is no whole number"),
    "NaN as integer": ("integer", "'nan'::DOUBLE", "is no whole number"),
    "year 1": ("date", "DATE '0001-01-01'", "lies outside of 1900-01-01 to 2200-01-01"),
    "year 9999": ("timestamp", "TIMESTAMP '9999-12-31'", "lies outside of 1900-01-01 to 2200-01-01"),
    "for ever": ("timestamp", "'infinity'::TIMESTAMPTZ", "lies outside of 1900-01-01 to 2200-01-01"),
    "milliseconds": ("unix", "1700000000000", "lies outside of 1900-01-01 to 2200-01-01"),
    "NaN in a list": ("list", "['nan'::DOUBLE]", "holds a number that JSON does not have"),
    "infinity in JSON": ("json", "{'a': 'inf'::DOUBLE}", "holds a number that JSON does not have"),
    "long list": ("list", "list_transform(range(600), lambda x: 'x')", "has more than 1,000 bytes"),
}
"""Invalid values of fields: the declared type, the value in SQL, and the rejection reason."""


def test_values_that_cannot_be_sent(pushing: Pushing) -> None:
    """A row with an invalid value is rejected for that reason; a row of nulls is sent."""
    rows = [
        f"SELECT 'u{place}' AS user_id, "
        + ", ".join(
            f'{value if place == other else "NULL"} AS "{name}"'
            for other, (name, (_, value, _)) in enumerate(_VALUES.items())
        )
        for place in range(len(_VALUES) + 1)
    ]
    fields = {name: kind for name, (kind, _, _) in _VALUES.items()}
    spec = pushing.declare("values", " UNION ALL ".join(rows), **_PERSON, fields=fields)
    result = pushing.push(spec)
    expected = {f"{name}: {reason}": 1 for name, (_, _, reason) in _VALUES.items()}
    assert expected == {row["reason"]: row["rows"] for row in result.plan.invalid}
    assert [f"u{len(_VALUES)}"] == [row["op"]["identifiers"]["id"] for row in pushing.sandbox.writes()]


_PERSON_SEATS: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
}  # fmt: skip


@pytest.mark.proof
def test_nulls(pushing: Pushing) -> None:
    """A null sends nothing, removes the attribute, or sends the last value: as its field declares."""
    fields = {name: {"type": "text", "nulls": name} for name in ("omit", "clear", "keep")}
    what: dict[str, Any] = {**_PERSON_SEATS, "fields": fields}
    full: Row = {"user_id": "u", "omit": "1", "clear": "1", "keep": "1"}
    pushing.push(pushing.declare("nulls", [full], **what))
    rows = pushing.rows("nulls", [full])
    empty = f"SELECT user_id, NULL AS omit, '' AS clear, NULL AS keep FROM ({rows})"
    assert pushing.push(pushing.declare("nulls", empty, **what)).complete
    assert {"keep": "1", "clear": ""} == pushing.sandbox.writes()[-1]["op"]["attributes"]
    held = pushing.people()["u"]
    assert ("1", None, "1") == (held["omit"], held.get("clear"), held["keep"])
    assert 0 == pushing.push(pushing.declare("nulls", empty, **what)).plan.sends


_SENT: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "u"}, "unmapped": "send"}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("'c' AS cio_id", "field cio_id is no attribute"),
        ("true AS _update", "field _update is no attribute"),
        ("now() AS _timestamp", "field _timestamp is no attribute"),
        ("now() AS _last_emailed_at", "field _last_emailed_at is no attribute"),
        ("'x' AS id", "field id is no attribute"),
        (", ".join(f"1 AS a{number}" for number in range(301)), "301 fields are more"),
        (f"1 AS {'n' * 151}", "needs a name of 1 to 150 bytes"),
    ],
    ids=str,
)
def test_columns_that_are_sent_unmapped_pass_the_checks_of_fields(
    shared: Pushing, columns: str, reason: str
) -> None:
    """A column of a reserved or overlong name, or too many of them, fail before any row is read."""
    spec = shared.declare("raw", f"SELECT 'u1' AS u, {columns}", **_SENT)
    with pytest.raises(ModelFailed, match=reason):
        shared.plan(spec)


def test_an_address_that_is_sent_unmapped_is_checked_as_a_field_is(shared: Pushing) -> None:
    """An address that is none, and one that is another person's, are invalid rows."""
    mine, *_ = shared.people()
    mail = next(mail for who, row in shared.people().items() if who != mine and (mail := row.get("email")))
    rows = [{"u": mine, "email": mail}, {"u": "new", "email": "no address"}]
    plan = shared.plan(shared.declare("raw", rows, **_SENT))
    assert 0 == plan.sends
    reasons = " ".join(row["reason"] for row in plan.invalid)
    assert "an identifier belongs to another person" in reasons
    assert "email: it is no email address" in reasons


@pytest.mark.proof
@pytest.mark.parametrize("nulls", ["clear", "keep"])
def test_an_attribute_may_have_any_name(pushing: Pushing, nulls: str) -> None:
    """Quotes, slashes and stars in an attribute's name are text: it is sent, kept, cleared and compared."""
    names = ['the "best" plan', "a/b~c", "stars*", "it's", "é[0]"]
    fields = {
        name: {"type": "text", "column": f"c{place}", "nulls": nulls} for place, name in enumerate(names)
    }
    who = pushing.ids()[0]
    for value in ("x", "y", None):
        row = {"user_id": who, "n": value, **{f"c{place}": value for place in range(len(names))}}
        spec = pushing.declare(
            "named", [row], **_PERSON, fields={**fields, "n": {"type": "text", "nulls": "clear"}}
        )
        result = pushing.push(spec)
        assert (1, True) == (result.plan.sends, result.complete)
    held = pushing.people()[who]
    assert {None if nulls == "clear" else "y"} == {held.get(name) for name in names}
    expected = {*names, "n"} if nulls == "clear" else {"n"}
    assert expected == result.plan.fields.keys()


def test_a_number_that_is_too_large_says_so(shared: Pushing) -> None:
    """The largest UHUGEINT has 39 digits, which no integer here has; it is no fraction."""
    sql = "SELECT 'a' AS user_id, (2::UHUGEINT << 126) AS n"
    plan = shared.plan(shared.declare("large", sql, **_PERSON, fields={"n": "integer"}))
    assert ["n: has more than 38 digits"] == [row["reason"] for row in plan.invalid]


def test_infinity_after_a_division_by_zero_says_so(shared: Pushing) -> None:
    """DuckDB divides by zero to infinity, which JSON does not have."""
    plan = shared.plan(
        shared.declare("divided", "SELECT 'a' AS user_id, 1 / 0 AS q", **_PERSON, fields={"q": "number"})
    )
    assert ["q: is no number (NaN, or infinite as after / 0)"] == [row["reason"] for row in plan.invalid]


def test_a_decimal_of_fractions_alone_is_json(shared: Pushing) -> None:
    """DuckDB writes DECIMAL(2, 2) as `.50`; JSON has a digit before the point."""
    values = "unnest([0.5, -0.25, 0, NULL])::DECIMAL(2, 2) AS share"
    sql = f"SELECT 'u' || row_number() OVER () AS user_id, share FROM (SELECT {values})"
    plan = shared.plan(shared.declare("shares", sql, **_PERSON, fields={"share": "number"}))
    assert [] == plan.invalid
    assert 4 == plan.sends
