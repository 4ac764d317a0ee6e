"""The truth of conditions in SQL is that of the sandbox's evaluator, or unknown."""

import random
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.push.forecast.conditions import read_conditions
from pipelines.push.forecast.truth import Needs
from pipelines.push.forecast.workbench import WOKEN, Writes, make_workbench
from sources.customerio.sandbox.state.store.conditions import compile_conditions
from sources.customerio.sandbox.state.store.people import People, Person
from tests.pipelines.push.forecast.conftest import (
    DAY,
    EVENTS,
    NOW,
    Counts,
    drawn_conditions,
    drawn_people,
    drawn_values,
    load_people,
    writes_of,
)

_PLANNED = (
    "CREATE TEMP TABLE planned (action VARCHAR, entity VARCHAR, payload VARCHAR, happened_at BIGINT, "
    "verdict VARCHAR)"
)
PEOPLE, NEW, CONDITIONS = 25, 5, 20


def _evaluated(
    connection: duckdb.DuckDBPyConnection, writes: Writes, drawn: list[dict[str, Any]]
) -> list[dict[str, tuple[bool | None, bool | None, bool]]]:
    """By conditions, of each person: the truth before and after, and if the plan may change it."""
    needs, trees = Needs(), [read_conditions(one) for one in drawn]
    for tree in trees:
        needs.collect(tree)
    make_workbench(connection, writes, needs, trees)
    columns = [f"t{n}_{what}" for n in range(len(trees)) for what in ("before", "after", "touched")]
    rows = connection.execute(f"SELECT entity, {', '.join(columns)} FROM {WOKEN}").fetchall()
    return [
        {row[0]: (row[1 + 3 * place], row[2 + 3 * place], row[3 + 3 * place]) for row in rows}
        for place in range(len(trees))
    ]


def _counts(people: People, done: Counts, type_: str, name: str, within: int) -> dict[int, int]:
    since = NOW - within if within else 0
    return {
        person.number: sum(at > since for at in done.get((person.cio_id, name), ()))
        for person in people
        if type_ == "event"
    }


def _members(drawn: dict[str, Any], people: People, done: Counts) -> dict[str, bool]:
    """By id, if a person meets conditions by the sandbox's evaluator."""
    rule = compile_conditions(drawn, lambda *asked: _counts(people, done, *asked), lambda: NOW)
    return {str(person.id): rule.test(person) for person in people}


def _attributes_plan(
    connection: duckdb.DuckDBPyConnection, rng: random.Random
) -> tuple[str, dict[str, dict[str, Any]]]:
    """A plan that writes attributes of everyone, and creates people: its relation, and values by id."""
    written: dict[str, dict[str, Any]] = {}
    connection.execute(_PLANNED)
    for number in range(PEOPLE + NEW):
        values = written[f"u{number}"] = drawn_values(rng)
        payload = {"identifiers": {"id": f"u{number}"}, "attributes": values}
        verdict = "update" if number < PEOPLE else "create"
        row = ["change", f"u{number}", orjson.dumps(payload).decode(), None, verdict]
        connection.execute("INSERT INTO planned VALUES (?, ?, ?, ?, ?)", row)
    return "FROM planned", written


def _apply(people: People, written: dict[str, dict[str, Any]]) -> None:
    for name, values in written.items():
        person = people.find(name)
        if person is not None:
            people.set_attributes(person, values, NOW)
            continue
        first = {key: value for key, value in values.items() if value}
        people.add(Person(people.next_number(), NOW, id=name, attributes=first))


def _check(
    drawn: list[dict[str, Any]],
    stated: list[dict[str, tuple[bool | None, bool | None, bool]]],
    before: list[dict[str, bool]],
    after: list[dict[str, bool]],
) -> float:
    """Nothing that SQL states differs from what is true; returns the share that it states."""
    known = asked = 0
    for place, each in enumerate(drawn):
        for person, (was, is_, changes) in stated[place].items():
            truly = before[place].get(person, False), after[place][person]
            assert was in (None, truly[0]), (each, person)
            assert is_ in (None, truly[1]), (each, person)
            assert changes or truly[0] == truly[1], (each, person)
            known, asked = known + (was is not None) + (is_ is not None), asked + 2
    return known / asked


def _check_a_write(connection: duckdb.DuckDBPyConnection, seed: int) -> float:
    rng = random.Random(seed)  # noqa: S311
    people, done = drawn_people(rng, PEOPLE)
    load_people(connection, (person.profile() for person in people), done)
    relation, written = _attributes_plan(connection, rng)
    drawn = [drawn_conditions(rng) for _ in range(CONDITIONS)]
    stated = _evaluated(connection, writes_of(relation, creates=True), drawn)
    before = [_members(each, people, done) for each in drawn]
    _apply(people, written)
    return _check(drawn, stated, before, [_members(each, people, done) for each in drawn])


def _check_events(connection: duckdb.DuckDBPyConnection, seed: int) -> float:
    rng = random.Random(seed)  # noqa: S311
    people, done = drawn_people(rng, PEOPLE)
    load_people(connection, (person.profile() for person in people), done)
    connection.execute(_PLANNED)
    after = {key: list(times) for key, times in done.items()}
    for _ in range(40):
        number, event = rng.randrange(PEOPLE), rng.choice(EVENTS)
        at = NOW - rng.choice((0, 1, 25, 50)) * DAY
        row = [f"u{number}", orjson.dumps({"name": event}).decode(), at]
        connection.execute("INSERT INTO planned VALUES ('add', ?, ?, ?, 'update')", row)
        after[people.must_find(f"u{number}").cio_id, event].append(at)
    drawn = [drawn_conditions(rng) for _ in range(CONDITIONS)]
    stated = _evaluated(connection, writes_of("FROM planned", changed="events", attributes=[]), drawn)
    before = [_members(each, people, done) for each in drawn]
    return _check(drawn, stated, before, [_members(each, people, after) for each in drawn])


def test_what_sql_says_before_and_after_a_write_is_true(connection: duckdb.DuckDBPyConnection) -> None:
    """No truth that SQL states of random conditions differs from the sandbox's; most is stated."""
    assert _check_a_write(connection, 1) > 0.6


def test_what_sql_says_before_and_after_events_is_true(connection: duckdb.DuckDBPyConnection) -> None:
    """The same for a plan of events, of which a person may have several."""
    assert _check_events(connection, 1) > 0.5


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(2, 18))
def test_what_sql_says_of_many_conditions_is_true(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """The same of 800 random conditions, of people who write and of people who do something."""
    assert _check_a_write(connection, seed) > 0.5
    with duckdb.connect() as other:
        assert _check_events(other, seed) > 0.4
