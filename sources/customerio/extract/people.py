"""The reader of people: all identifiers by search, then their profiles a hundred at a time.

A search answers with identifiers alone; `cio_id exists` matches all people, `id exists` leaves out those
known by email only [live-airbyte].
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from sources.customerio.catalogue import Resource
from sources.customerio.catalogue.people_filter import ALL_PEOPLE
from sources.customerio.client import BadAnswer, Client, NotFound
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rejected import fault_of
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import RunContext

ALL_PEOPLE_BODY = {"filter": ALL_PEOPLE}

# "Up to 100 identifiers" a body of POST /v1/customers/attributes.
PROFILES_A_REQUEST = 100
# Of a hundred people, few are deleted in the second between their search and their profiles.
_MOST_LOOKED_UP = 10


def people(run: RunContext, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read every profile."""
    client = run.client_for(resource.table)

    def profiles(cio_ids: list[str]) -> list[Row]:
        # Here ids have no prefix `cio_`: with it they match no one, and the answer is no error.
        answer = client.call("getPeopleById", query={"id_type": "cio_id"}, body={"ids": cio_ids})
        found = [_profile(item) for item in answer.records("customers")]
        found += _looked_up(client, resource, cio_ids, found)
        return [_person(item) for item in run.fitting(resource.operation, found, resource.table)]

    searched = found = 0
    for page in client.pages(resource.operation, body=ALL_PEOPLE_BODY):
        searched += len(page.records)
        ids = iter(dict.fromkeys(person["cio_id"] for person in page.records))
        hundreds = list(iter(lambda ids=ids: list(islice(ids, PROFILES_A_REQUEST)), []))  # type: ignore[misc]
        run.summary_of(resource.table).expect(len(hundreds))
        for rows in run.map(profiles, hundreds):
            found += len(rows)
            yield Batch(rows=rows)
    if searched and not found:
        # Ids that match no one are left out without an error; an answer without any profile is not credible.
        msg = (
            f"A search found {searched:,} people and not one of their profiles came. No person was marked "
            "as deleted. Run the sync again; if it stays so, check a person in Customer.io by `cio_id`."
        )
        raise BadAnswer(msg)
    yield Batch(rows=(), last=True)


def _looked_up(client: Client, resource: Resource, cio_ids: list[str], found: list[Any]) -> Iterator[Any]:
    """The profiles that an answer lacks, each by a call of its own.

    A person who is deleted after the search has no profile; an answer that is cut short lacks others too.

    Raises:
        BadAnswer: it lacks too many to be an exception, or has others than were asked for.
    """
    faults = [fault_of(resource.operation, item) for item in found]
    known = {
        item["identifiers"]["cio_id"] for item, fault in zip(found, faults, strict=True) if fault is None
    }
    missing = [cio_id for cio_id in cio_ids if cio_id not in known]
    # A record without a readable cio_id is set aside, and may be any of those that are missing.
    lacking = len(missing) - sum(fault is not None for fault in faults)
    strangers = len(known.difference(cio_ids))
    if lacking > _MOST_LOOKED_UP or strangers:
        others = f", and {strangers} of others" if strangers else ""
        msg = (
            f"Customer.io sent {len(known) - strangers} profiles for {len(cio_ids)} people whom a search had "
            f"found{others}. No person was marked as deleted. Run the sync again."
        )
        raise BadAnswer(msg)
    for cio_id in missing if lacking > 0 else ():
        path, query = {"customer_id": cio_id}, {"id_type": "cio_id"}
        with suppress(NotFound):
            yield _profile(client.call("getPersonAttributes", path=path, query=query).json())


def _profile(item: Any) -> Any:
    """A profile; the specification wraps it in `customer`, the live service does not."""
    return item.get("customer", item) if isinstance(item, dict) else item


def _person(profile: Row) -> Row:
    return {"cio_id": profile["identifiers"]["cio_id"], **profile}
