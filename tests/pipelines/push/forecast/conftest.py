"""A warehouse of a few people, written from the sandbox's own store, and conditions drawn at random."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pytest

from pipelines.push.forecast.workbench import Writes
from sources.customerio.sandbox.state.store import conditions
from sources.customerio.sandbox.state.store.people import People, Person
from tests.pipelines.push.conftest import Row

NOW = 1_792_058_400
DAY = 86_400
VALUES = {"plan": ("free", "pro", "5", "x y", ""), "contact": ("a@x.io", "b@x.io", "none", "")}
"""Attributes with their values; the last one is none."""
EVENTS = ("order", "visit")
Counts = Mapping[tuple[str, str], list[int]]
"""(person's cio_id, event) to the times at which the person did it."""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database without anything."""
    with duckdb.connect() as opened:
        yield opened


def drawn_conditions(rng: random.Random, depth: int = 2, segments: Sequence[int] = ()) -> dict[str, Any]:
    """Conditions of the grammar: lists within lists, of changes of two attributes, two events, segments."""
    parts = [_drawn_part(rng, depth, segments) for _ in range(rng.randint(1, 3))]
    return {rng.choice(("and", "and", "or")): parts}


def _drawn_part(rng: random.Random, depth: int, segments: Sequence[int]) -> dict[str, Any]:
    if depth and rng.random() < 0.3:
        return drawn_conditions(rng, depth - 1, segments)
    if segments and rng.random() < 0.4:
        return {"segment": {"id": rng.choice(segments)}, "inverse": rng.random() < 0.3}
    name = rng.choice(list(VALUES))
    value = rng.choice(VALUES[name][:-1])
    whole = (conditions.equals(name, value), conditions.differs(name, value), conditions.exists(name))
    if rng.random() < 0.6:
        return rng.choice(whole)
    within = rng.choice((0, 0, 20 * DAY, 40 * DAY))
    if rng.random() < 0.4:
        one = conditions.happened("event", rng.choice(EVENTS), within=within)
    else:
        tests = [_drawn_test(rng, name) for _ in range(rng.randint(0, 2))]
        one = conditions.happened(conditions.CHANGE, name, tests, within=within)
    return {**one, "inverse": rng.random() < 0.4, "times": rng.choice((0, 1, 1, 1, 2))}


def _drawn_test(rng: random.Random, name: str) -> dict[str, Any]:
    operator = rng.choice(("exists", "eq", "eq", "email_valid"))
    value = rng.choice(VALUES[name][:-1]) if operator == "eq" else ""
    side = rng.choice(("to", "to", "from"))
    return {"field": side, "operator": operator, "inverse": rng.random() < 0.3, "value": value}


def drawn_people(rng: random.Random, count: int) -> tuple[People, Counts]:
    """People whose attributes changed now and then, and what they did."""
    people, done = People(), {}
    for number in range(count):
        person = Person(number, NOW - 90 * DAY, id=f"u{number}")
        for name in VALUES:
            if rng.random() < 0.6:
                person.attributes[name] = rng.choice(VALUES[name][:-1])
        people.add(person)
        for day in sorted(rng.sample(range(1, 80), rng.randint(0, 3)), reverse=True):
            people.set_attributes(person, drawn_values(rng), NOW - day * DAY)
        for event in EVENTS:
            times = [NOW - rng.randint(1, 60) * DAY - 1 for _ in range(rng.choice((0, 0, 1, 2)))]
            done[person.cio_id, event] = times
    return people, done


def drawn_values(rng: random.Random) -> dict[str, str | None]:
    """Values that a write gives to a person's attributes."""
    names = rng.sample(list(VALUES), rng.randint(1, len(VALUES)))
    return {name: rng.choice(VALUES[name]) or None for name in names}


def load_people(connection: duckdb.DuckDBPyConnection, people: Iterable[Row], done: Counts) -> None:
    """Write the tables of the warehouse that a forecast reads about people, from their profiles."""
    connection.execute("ATTACH ':memory:' AS customerio")
    connection.execute("USE customerio; CREATE SCHEMA customerio_raw")
    names = ("identifiers", "attributes", "timestamps")
    cells = [{name: orjson.dumps(row[name]).decode() for name in names} for row in people]
    load(connection, "people", "identifiers->>'cio_id' AS cio_id, *, NULL::BIGINT AS deleted_at", cells)
    acts = [
        {"customer_identifiers": orjson.dumps({"cio_id": cio_id}).decode(), "name": event, "timestamp": at}
        for (cio_id, event), times in done.items()
        for at in times
        if at >= NOW - 30 * DAY
    ]
    nothing = {"customer_identifiers": "{}", "name": "nothing", "timestamp": NOW}
    load(connection, "activities", "'event' AS type, *", [nothing, *acts])
    covered = [{"resource": "activities", "start_at": NOW - 30 * DAY, "end_at": NOW}]
    load(connection, "coverage", "*", covered)


def load_records(connection: duckdb.DuckDBPyConnection, table: str, records: Iterable[Row]) -> None:
    """Create a table of segments or campaigns from records, whose lists and objects become JSON text."""
    rows = [
        {name: orjson.dumps(value).decode() if isinstance(value, list | dict) else value
         for name, value in record.items()}
        for record in records
    ]  # fmt: skip
    names = dict.fromkeys(name for row in rows for name in row)
    load(connection, table, "*, NULL::BIGINT AS deleted_at", [{n: row.get(n) for n in names} for row in rows])


def load(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[Row]) -> None:
    """Create a table of the warehouse from rows."""
    connection.register("given", pa.Table.from_pylist(list(rows)))
    connection.execute(f"CREATE TABLE customerio_raw.{table} AS SELECT {columns} FROM given")
    connection.unregister("given")


def writes_of(relation: str, **more: Any) -> Writes:
    """The rows of a plan of people by id, who are all in the warehouse."""
    values: dict[str, Any] = {
        "relation": relation,
        "changed": "attributes",
        "identifier": "id",
        "attributes": list(VALUES),
        "segment": None,
        "creates": False,
        "mirrors": False,
        "recent": "SELECT NULL::VARCHAR AS entity WHERE false",
        "tables": frozenset({"people", "activities", "coverage"}),
        "now": NOW,
    }
    return Writes(**{**values, **more})
