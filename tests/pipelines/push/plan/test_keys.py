"""A row's key is its value: the SQL type in which the model has it makes no difference."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import PushSpec, mark_as_sent
from pipelines.push.journal.database import SCHEMA
from pipelines.push.plan.keys import key_text, same_texts
from tests.pipelines.push.conftest import Pushing

_ONE = {
    "1": ("1::INTEGER", "1::BIGINT", "1::HUGEINT", "1::UHUGEINT", "1::DECIMAL(4,2)", "1::DOUBLE", "'1'"),
    "0.5": ("0.5::DECIMAL(2,2)", "0.5::DECIMAL(9,4)", "'0.5'"),
    "-20": ("-20::SMALLINT", "-20::DECIMAL(5,1)", "-20::FLOAT"),
    "2026-10-10 00:00:00": (
        "DATE '2026-10-10'",
        "TIMESTAMP '2026-10-10'",
        "TIMESTAMPTZ '2026-10-10 02:00:00+02'",
        "'2026-10-10'::TIMESTAMP_NS",
    ),
    "2026-10-10 08:00:00.5": ("TIMESTAMP '2026-10-10 08:00:00.5'", "TIMESTAMPTZ '2026-10-10 08:00:00.5+00'"),
}


@pytest.mark.parametrize("text", _ONE)
def test_equal_values_have_equal_keys_whatever_their_sql_type(text: str) -> None:
    """A number's key has no zeros behind the point, and a time's is its moment in UTC."""
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        for value in _ONE[text]:
            ((sql_type,),) = connection.execute(f"SELECT typeof({value})").fetchall()
            ((found,),) = connection.execute(f"SELECT {key_text(f'({value})', sql_type)}").fetchall()
            assert text == found, value


def _events(pushing: Pushing, columns: str, key: Any = "k", **keys: Any) -> PushSpec:
    """A push of twelve events whose key columns are made of the numbers `n`."""
    sql = f"SELECT '{pushing.ids()[0]}' AS who, DATE '2026-10-10' AS at, {columns} FROM range(12) AS t(n)"
    return pushing.declare(
        "orders", sql, object="event", mode="append", person={"id": "who"}, key=key, first_run="all",
        event={"name": "ordered", "at": "at"}, **keys,
    )  # fmt: skip


_DAY = "(DATE '2026-01-01' + n::INTEGER)"
_TYPES = [
    ("n::INTEGER AS k", "n::DECIMAL(10,2) AS k", "n::DOUBLE AS k", "n::HUGEINT AS k"),
    (f"{_DAY} AS k", f"{_DAY}::TIMESTAMP AS k", f"{_DAY}::TIMESTAMPTZ AS k"),
    (f"n::BIGINT AS k, {_DAY} AS day", f"n::DECIMAL(9,3) AS k, {_DAY}::TIMESTAMPTZ AS day"),
]


@pytest.mark.proof
@pytest.mark.parametrize("forms", _TYPES, ids=["number", "time", "several"])
def test_a_key_column_that_changes_its_type_sends_nothing_again(
    pushing: Pushing, forms: tuple[str, ...]
) -> None:
    """Events whose key is of another SQL type than before are the same events, in composite keys too."""
    key = ["k", "day"] if "day" in forms[0] else "k"
    pushing.push(_events(pushing, forms[0], key))
    assert 12 == len(pushing.sandbox.writes())
    for form in forms[1:]:
        assert 0 == pushing.plan(_events(pushing, form, key)).sends


_EARLIER = [
    ("n::DECIMAL(10,2) AS k", "n::INTEGER AS k", "format('{:.2f}', key::DOUBLE)"),
    (f"{_DAY}::TIMESTAMPTZ AS k", f"{_DAY}::TIMESTAMP AS k", "key || '+00'"),
    (f"{_DAY} AS k", f"{_DAY} AS k", "left(key, 10)"),
    (
        f"n::DECIMAL(9,1) AS k, {_DAY} AS day",
        f"n::INTEGER AS k, {_DAY} AS day",
        "to_json([(key->>0) || '.0', left(key->>1, 10)])::VARCHAR",
    ),
]


@pytest.mark.proof
@pytest.mark.parametrize(("before", "after", "text"), _EARLIER, ids=["decimal", "zone", "day", "several"])
def test_a_journal_whose_keys_have_their_types_text_is_taken_up(
    pushing: Pushing, before: str, after: str, text: str
) -> None:
    """A journal without the column `keyed_by` has keys as DuckDB writes them; no row is sent again."""
    key = ["k", "day"] if "day" in before else "k"
    pushing.push(_events(pushing, before, key))
    _as_earlier(pushing.settings.cio_elt_data / "push.duckdb", text)
    assert 0 == pushing.plan(_events(pushing, before, key)).sends
    assert 0 == pushing.push(_events(pushing, after, key)).plan.sends
    assert 12 == len(pushing.sandbox.writes())
    assert [(12,)] == pushing.query(f"SELECT count(DISTINCT key) FROM {SCHEMA}.snapshot")


def _as_earlier(file: Path, text: str) -> None:
    """Give the snapshot the keys of an earlier release, and take away the column that it did not have."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("DROP VIEW customerio_push.rows")
        connection.execute(f"UPDATE {SCHEMA}.snapshot SET key = {text}")
        connection.execute(f"ALTER TABLE {SCHEMA}.runs DROP COLUMN keyed_by")


def test_a_number_that_its_type_does_not_have_exactly_is_no_key(pushing: Pushing) -> None:
    """A floating-point key with a fraction, or too large to be exact, is listed and not sent."""
    plan = pushing.plan(_events(pushing, "(CASE n WHEN 0 THEN 0.1 WHEN 1 THEN 1e17 ELSE n END)::DOUBLE AS k"))
    assert [("k: it is no whole number that its type has exactly", 2)] == [
        (row["reason"], row["rows"]) for row in plan.invalid
    ]
    assert 10 == plan.sends


@pytest.mark.proof
def test_another_key_is_refused_until_its_rows_are_taken_for_sent(pushing: Pushing) -> None:
    """Events under another key would all go out again; `push reset` takes them for sent."""
    pushing.push(_events(pushing, "n AS k, n + 100 AS other", unmapped="ignore"))
    changed = _events(pushing, "n AS k, n + 100 AS other", "other", unmapped="ignore")
    _refused_until_taken_for_sent(pushing, changed, r"told apart by k.*push reset orders --without-sending")


def _refused_until_taken_for_sent(pushing: Pushing, changed: PushSpec, says: str) -> None:
    """Assert that neither a plan nor a run takes the changed push, and that a reset sends no row again."""
    for run in (pushing.plan, pushing.push):
        with pytest.raises(InvalidSpec, match=says):
            run(changed)
    assert 12 == mark_as_sent(pushing.settings, changed, folder=pushing.folder)
    assert 0 == pushing.push(changed).plan.sends
    assert 12 == len(pushing.sandbox.writes())


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ("DATE", "VARCHAR", False),
        ("DECIMAL(9,2)", "VARCHAR", False),
        ("DOUBLE", "VARCHAR", False),
        ("TIMESTAMP WITH TIME ZONE", "VARCHAR", False),
        ("VARCHAR", "DECIMAL(9,2)", False),
        ("BIGINT, DECIMAL(9,2)", "BIGINT, VARCHAR", False),
        ("BIGINT", "VARCHAR", True),
        ("TIMESTAMP", "VARCHAR", True),
        ("DATE", "TIMESTAMP WITH TIME ZONE", True),
        ("DECIMAL(9,2), DATE", "DOUBLE, TIMESTAMP", True),
        ("VARCHAR", "VARCHAR", True),
    ],
)
def test_a_text_that_has_several_forms_is_another_key(before: str, now: str, same: bool) -> None:
    """Where a value's text has several forms, keys of the one type say nothing of keys of the other."""
    assert same == same_texts(before, now)


@pytest.mark.proof
def test_a_key_that_becomes_its_own_text_sends_nothing_again(pushing: Pushing) -> None:
    """The run is refused until the rows are taken for sent."""
    pushing.push(_events(pushing, f"{_DAY} AS k"))
    changed = _events(pushing, f"{_DAY}::VARCHAR AS k")
    _refused_until_taken_for_sent(pushing, changed, r"whose values have other texts.*push reset orders")


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["person", "device", "segment"])
def test_another_identifier_is_refused_where_it_is_the_key(pushing: Pushing, kind: str) -> None:
    """Rows by email are others than rows by id, so the same push cannot send them."""
    who, mail = next(
        (who, row["email"]) for who, row in pushing.people().items() if "@" in row.get("email", "")
    )
    pushing.sandbox.add("segments", name="A", type="manual")
    rows = [{"id": who, "mail": mail, "token": "t", "platform": "ios"}]
    kinds: dict[str, dict[str, Any]] = {
        "person": {"mode": "upsert"},
        "device": {"mode": "upsert", "device": {"token": "token", "platform": "platform"}},
        "segment": {"mode": "append", "segment": "A", "first_run": "all"},
    }
    what = {**kinds[kind], "object": kind, "unmapped": "ignore"}
    assert 1 == pushing.push(pushing.declare("given", rows, person={"id": "id"}, **what)).plan.sends
    with pytest.raises(InvalidSpec, match=r"told apart by id.*its file says email"):
        pushing.push(pushing.declare("given", rows, person={"email": "mail"}, **what))
