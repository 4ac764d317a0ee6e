"""The reader of opt-outs: a row for each person, channel and sender.

Opt-outs have no times [live-estuary], so the list is read whole, and its history begins with the first sync.
One that is no longer listed counts as lifted: that a person who opts in again leaves the list is unverified.
"""

from collections.abc import Iterator
from typing import Any

from sources.customerio.catalogue import Operation, Resource, operation
from sources.customerio.client import list_of, unexpected
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import RunContext
from sources.customerio.extract.steady_list import read_steady


def optouts(run: RunContext, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read the opt-outs of all people."""
    client, summary = run.client_for(resource.table), run.summary_of(resource.table)
    call = operation(resource.operation)

    def pages() -> Iterator[list[Row]]:
        for page in client.pages(resource.operation):
            yield [row for person in page.records for row in _of_person(call, person)]

    yield from read_steady(pages, summary)


def _of_person(call: Operation, person: Row) -> list[Row]:
    """A row for each opt-out of a person."""
    if not isinstance(person, dict):
        raise unexpected(call, f"a {type(person).__name__} among the people")
    known = {name: value for name, value in person.items() if name != "optouts"}
    found = list_of(call, person, "optouts")
    if not all(isinstance(optout, dict) for optout in found):
        raise unexpected(call, "an opt-out that is no object")
    return [{**known, **optout} for optout in found]
