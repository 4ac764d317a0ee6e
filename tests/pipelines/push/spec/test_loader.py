"""Bad input is listed with its reason and never sent; nothing is half done."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec, ModelFailed
from pipelines.push import PushSpec, load_spec
from pipelines.push.journal.database import SCHEMA
from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "user_id"}}


def _reasons(pushing: Pushing, sync: PushSpec) -> dict[str, int]:
    return {row["reason"]: row["rows"] for row in pushing.plan(sync).invalid}


_VALUES = {
    "value over 1,000 bytes": ("text", "repeat('é', 501)", "has more than 1,000 bytes"),
    "NaN": ("number", "'nan'::DOUBLE", "is no number"),
    "infinity": ("number", "'-inf'::DOUBLE", "is no number"),
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
"""What a field cannot be: its declared type, the value in SQL, and what is said of it."""


def test_values_that_cannot_be_sent(pushing: Pushing) -> None:
    """A row with such a value is invalid for that reason; nulls are no fault, and a row of them is sent."""
    rows = [
        f"SELECT 'u{place}' AS user_id, "
        + ", ".join(
            f'{value if place == other else "NULL"} AS "{name}"'
            for other, (name, (_, value, _)) in enumerate(_VALUES.items())
        )
        for place in range(len(_VALUES) + 1)
    ]
    fields = {name: kind for name, (kind, _, _) in _VALUES.items()}
    sync = pushing.declare("values", " UNION ALL ".join(rows), **_PERSON, fields=fields)
    result = pushing.push(sync)
    expected = {f"{name}: {reason}": 1 for name, (_, _, reason) in _VALUES.items()}
    assert expected == {row["reason"]: row["rows"] for row in result.plan.invalid}
    assert [f"u{len(_VALUES)}"] == [row["op"]["identifiers"]["id"] for row in pushing.sandbox.writes()]


_KEYS = """
    SELECT * FROM (VALUES
        (NULL, 'x'), ('', 'x'), ('twice', 'x'), ('twice', 'y'), (repeat('i', 151), 'x'), ('good', 'x'))
        AS t(user_id, plan)
"""


def test_keys_that_cannot_be_used(pushing: Pushing) -> None:
    """Null, empty, double and overlong keys are listed, and only the others are sent."""
    sync = pushing.declare("keys", _KEYS, **_PERSON, fields={"plan": "text"})
    expected = {
        "user_id: it is empty": 2,
        "its key is that of another row, too": 2,
        "user_id: it has more than 150 bytes": 1,
    }
    assert expected == _reasons(pushing, sync)
    assert 1 == pushing.push(sync).plan.sends
    assert 1 == len(pushing.sandbox.writes())


def test_a_key_that_becomes_double(pushing: Pushing) -> None:
    """A second row for a key that was sent before makes both invalid, even if one of them is unchanged."""
    what: dict[str, Any] = {**_PERSON, "fields": {"plan": "text"}}
    pushing.push(
        pushing.declare("keys", [{"user_id": "a", "plan": "x"}, {"user_id": "b", "plan": "x"}], **what)
    )
    rows = [{"user_id": "a", "plan": "x"}, {"user_id": "a", "plan": "y"}, {"user_id": "b", "plan": "x"}]
    plan = pushing.plan(pushing.declare("keys", rows, **what))
    assert 0 == plan.sends
    assert {"its key is that of another row, too"} == {row["reason"] for row in plan.invalid}


def test_an_item_that_is_too_large(pushing: Pushing) -> None:
    """Attributes that are each small enough may be too large together."""
    columns = ", ".join(f"repeat('x', 990) AS a{number}" for number in range(33))
    fields = {f"a{number}": "text" for number in range(33)}
    sync = pushing.declare("large", f"SELECT 'a' AS user_id, {columns}", **_PERSON, fields=fields)
    assert {"it has more than 31,000 bytes": 1} == _reasons(pushing, sync)


def test_events_that_cannot_be_sent(pushing: Pushing) -> None:
    """An event needs a time that can be one, and a name of 1 to 100 bytes."""
    who = pushing.ids()[0]
    sql = f"""
        SELECT *, '{who}' AS who FROM (VALUES
            ('a', NULL, 'n'), ('b', TIMESTAMP '1969-12-31', 'n'), ('c', TIMESTAMP '2026-01-01', ' '),
            ('d', TIMESTAMP '2026-01-01', repeat('é', 51)),
            ('e', TIMESTAMP '2026-01-01', 'fine')) AS t(k, at_time, n)
    """
    sync = pushing.declare(
        "events", sql, object="event", mode="append", key="k", person={"id": "who"}, first_run="all",
        event={"name_column": "n", "at": "at_time"},
    )  # fmt: skip
    expected = {
        "at_time: it is empty": 1,
        "at_time: it lies outside of 1970 to 2200": 1,
        "the event's name is empty": 1,
        "the event's name has more than 100 bytes": 1,
    }
    assert expected == _reasons(pushing, sync)
    assert 1 == pushing.push(sync).plan.sends


def test_addresses_and_devices(pushing: Pushing) -> None:
    """What is no address, and no platform, is not sent."""
    mails = pushing.declare(
        "mails",
        "SELECT unnest(['a@b.c', 'nobody', 'two words@b.c']) AS mail",
        object="person",
        mode="upsert",
        person={"email": "mail"},
    )
    assert {"mail: it is no email address": 2} == _reasons(pushing, mails)
    phones = pushing.declare(
        "phones", [{"who": pushing.ids()[0], "t": "t", "p": "windows"}], object="device", mode="upsert",
        person={"id": "who"}, device={"token": "t", "platform": "p"},
    )  # fmt: skip
    assert {"p: a platform is ios or android": 1} == _reasons(pushing, phones)


_MODELS = [
    pytest.param(
        "SELECT 1 AS user_id FROM nowhere", "Table with name nowhere does not exist", id="unknown table"
    ),
    pytest.param("SELEC 1", 'syntax error at or near "SELEC"', id="no SQL"),
    pytest.param("SELECT 1 AS user_id; DROP TABLE x", "a model is one SELECT", id="two statements"),
    pytest.param("DELETE FROM customerio_raw.people", "a model is one SELECT", id="no SELECT"),
    pytest.param(
        "SELECT 1 AS other", "the model has no column 'user_id'; it has other", id="column that is not there"
    ),
    pytest.param(
        "SELECT 1 AS user_id, 'x' AS plan, 2 AS more", "columns that are named nowhere: more", id="beyond"
    ),
    pytest.param(
        "SELECT 1 AS user_id, [1] AS plan", "the column plan is INTEGER[]", id="type that does not fit"
    ),
    pytest.param(
        "SELECT CAST(v AS INTEGER) AS user_id, '' AS plan FROM (SELECT 'secret@x.y' AS v)",
        "a value of v that DuckDB cannot read",
        id="hidden value",
    ),
    pytest.param(
        "SELECT 'a' AS user_id, strptime('secret@x.y', '%Y')::VARCHAR AS plan",
        "cannot read",
        id="hidden time",
    ),
    pytest.param(
        "SELECT 'a' AS user_id, json_extract('secret', '$.a')::VARCHAR AS plan",
        "cannot read",
        id="hidden JSON",
    ),
]


@pytest.mark.parametrize(("sql", "said"), _MODELS)
def test_models_that_cannot_be_run(shared: Pushing, sql: str, said: str) -> None:
    """The message says what is wrong, without anybody's data, and nothing is sent."""
    sync = shared.declare("wrong", sql, **_PERSON, fields={"plan": "text"})
    before = shared.requests()
    with pytest.raises(ModelFailed, match="wrong: ") as caught:
        shared.push(sync)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert before == shared.requests()
    assert [] == shared.query(f"SELECT run_id FROM {SCHEMA}.runs WHERE sync = 'wrong'")


_GOOD = "sync: s\nobject: person\nmode: upsert\nmodel: {sql: select 1}\nperson: {id: u}\n"
_DECLARATIONS = [
    pytest.param(
        "sync: s\nobject: [person\nmode: x\n", "s.yml, line 3, column 5: this is no YAML", id="no YAML"
    ),
    pytest.param(
        _GOOD + "fields:\n  a: texd\n",
        "s.yml, line 7, column 3: fields.a.type: Input should be 'text'",
        id="type",
    ),
    pytest.param(
        _GOOD + "fields:\n  a: {type: text, nul: x}\n",
        "line 7, column 19: fields.a.nul: there is no such",
        id="key",
    ),
    pytest.param(
        _GOOD.replace("upsert", "append"), "object person has no mode append; it has upsert", id="mode"
    ),
    pytest.param(
        _GOOD.replace("{id: u}", "{id: u, email: e}"),
        "line 5, column 1: person: a person has exactly",
        id="two ids",
    ),
    pytest.param(
        _GOOD + "device: {token: t, platform: p}\n", "a push of object person has no device", id="part"
    ),
    pytest.param(_GOOD + "brakes: {max_deletes_percent: 120}\n", "between 0 and 100", id="percent"),
    pytest.param(_GOOD + "first_run: all\n", "first_run is for events and segments", id="first run"),
    pytest.param(_GOOD + "schedule: hourly\n", "line 6, column 1: schedule", id="schedule"),
    pytest.param(_GOOD.replace("sync: s", "sync: t"), "the push is 't'; name it as its file", id="name"),
    pytest.param(
        _GOOD.replace("sql: select 1", "file: s.sql"), "line 4, column 9: there is no file s.sql", id="file"
    ),
    pytest.param(_GOOD + "fields: {id: text}\n", "the field id is no attribute", id="identifier as field"),
    pytest.param("- a\n", "s.yml holds no spec", id="list"),
]


@pytest.mark.parametrize(("text", "said"), _DECLARATIONS)
def test_declarations_that_cannot_be_used(tmp_path: Any, text: str, said: str) -> None:
    """The message names file, line and column."""
    file = tmp_path / "s.yml"
    file.write_text(text)
    with pytest.raises(InvalidSpec) as caught:
        load_spec(file)
    assert said in str(caught.value), str(caught.value)
