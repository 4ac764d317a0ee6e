"""The readers of objects and relationships: the objects of every type by search, then the details of each.

A row may come on two pages of a list [spec25]; it is one row all the same. No call lists deleted rows, so
both are read whole.
"""

from collections.abc import Iterator
from typing import Any

from sources.customerio.catalogue import Resource, operation
from sources.customerio.catalogue import resource as catalogued
from sources.customerio.client import NotFound, unexpected
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.due import Due
from sources.customerio.extract.parents import check_gone, everything_of, pages_below
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import RunContext

_TYPES, _OBJECTS = "object_types", "objects"
_Key = tuple[str, str]
"""The type and the id of an object."""
_SEARCH, _ATTRIBUTES = "getObjectsFilter", "getObjectAttributes"


def objects(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read every object that is due with its attributes, one request each."""
    client = run.client_for(resource.table)

    def asked(named: Row) -> list[Row]:
        try:
            answer = client.call(_ATTRIBUTES, path=_path(named)).field("object")
            _check_object(named, answer)
        except NotFound as error:
            check_gone(run, resource, _path(named), resource.table, error)
            return []
        return [{**named, **{name: answer.get(name) for name in ("attributes", "timestamps")}}]

    due, named = _due(run, resource, state)
    for rows in run.map(asked, named):
        yield Batch(rows=rows)
    due.finish()
    yield _end(due)


def _check_object(named: Row, answer: Row) -> None:
    """Check that the answer is about the object that was asked for, if it names one.

    Raises:
        BadAnswer: it is about another one.
    """
    identifiers = answer.get("identifiers")
    told = identifiers.get("object_id") if isinstance(identifiers, dict) else None
    if told is not None and str(told) != str(named["object_id"]):
        raise unexpected(operation(_ATTRIBUTES), "another object than was asked for")


def relationships(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read the people who are related to every object that is due, a request or more each."""

    def asked(named: Row) -> Iterator[Batch]:
        for rows in pages_below(run, resource, _path(named)):
            yield Batch(rows=[_relationship(named, row) for row in rows])

    due, named = _due(run, resource, state)
    yield from run.map_parts(asked, named)
    due.finish()
    yield _end(due)


def _due(run: RunContext, resource: Resource, state: dict[str, Any]) -> tuple[Due, list[Row]]:
    """The objects that are due, and the identifiers of those; an object that is not held is due."""
    everything = _everything(run, resource.table)
    due = run.due(resource, state, everything, held_in=catalogued(_OBJECTS))
    run.summary_of(resource.table).expect(len(due.whole))
    return due, [everything[key] for key in due.whole]


def _end(due: Due) -> Batch:
    """The end of a table whose keys begin with those of an object."""
    return Batch(rows=(), last=True, kept=lambda key: tuple(map(str, key[:2])) in due.left_out)


def _relationship(named: Row, row: Row) -> Row:
    return {**_path(named), **row["identifiers"], "object_type_disabled": row.get("object_type_disabled")}


def _everything(run: RunContext, counted_for: str) -> dict[_Key, Row]:
    """The identifiers of all objects; every type is searched once a run."""
    types = [str(row["id"]) for row in run.listed(_TYPES, counted_for)]
    found = [
        row for rows in run.map(lambda type_id: _of_type(run, type_id, counted_for), types) for row in rows
    ]
    return {_key(row): row for row in found}


def _of_type(run: RunContext, type_id: str, counted_for: str) -> list[Row]:
    client = run.client_for(counted_for)

    def search() -> list[Row]:
        pages = client.pages(_SEARCH, body=everything_of(type_id))
        return [{"object_type_id": type_id, **row} for page in pages for row in page.records]

    return run.shared((_OBJECTS, int(type_id)), search)


def _key(named: Row) -> _Key:
    return str(named["object_type_id"]), str(named["object_id"])


def _path(named: Row) -> Row:
    return {name: named[name] for name in ("object_type_id", "object_id")}
