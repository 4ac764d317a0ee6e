"""Activities of the workspace and of one person."""

from typing import Any

from sources.customerio.sandbox.state.store.activities import ActivityFilter
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

# A person number that no activity has.
_NO_MATCH = -2
_PREFIX = "cio_"


@answers("listActivities")
def list_activities(context: RequestContext) -> dict[str, Any]:
    """Lists the activities of the workspace, or of the person in `customer_id`.

    `deleted` makes no difference [live-airbyte]. A `cio_id` needs its prefix here, and an unknown person
    gets an empty list, not an error.
    """
    return _page(context, _person_number(context))


@answers("getPersonActivities")
def of_person(context: RequestContext) -> dict[str, Any]:
    """Lists the activities of one person; an unknown person is a 404 here."""
    return _page(context, context.person().number)


def _page(context: RequestContext, person: int | None) -> dict[str, Any]:
    """A page, newest `timestamp` first; there is no time filter."""
    limit = pages.page_size(context.operation, context.query)
    query = context.query
    wanted = ActivityFilter(type=query.get("type") or None, name=query.get("name") or None, person=person)
    log = context.workspace.activities
    rows = log.newest(wanted, context.now, before=pages.decode_start(context.query), limit=limit + 1)
    records = context.workspace.activity_view.records(rows[:limit])
    if len(rows) <= limit:
        return {"activities": records, "next": ""}
    last = rows[limit - 1]
    token = pages.encode_token(int(log.columns["timestamp"][last]), int(log.columns["order"][last]))
    return {"activities": records, "next": token}


def _person_number(context: RequestContext) -> int | None:
    """The number of the person to filter by, deleted people included; None without a filter."""
    identifier, id_type = context.query.get("customer_id"), context.query.get("id_type") or "id"
    if not identifier:
        return None
    if id_type == "cio_id":
        identifier = identifier.removeprefix(_PREFIX) if identifier.startswith(_PREFIX) else ""
    person = context.workspace.people.find(identifier, id_type)
    if person is not None:
        return person.number
    if id_type != "cio_id":
        return _NO_MATCH
    deleted = (gone.person for gone in context.workspace.people.tombstones.values())
    return next((person.number for person in deleted if person.cio_id == identifier), _NO_MATCH)
