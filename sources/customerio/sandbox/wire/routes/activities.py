"""Activities: the workspace's and a person's."""

from typing import Any

from sources.customerio.sandbox.state.store.activities import ActivityFilter
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_NOBODY = -2
_PREFIX = "cio_"


def list_activities(ask: RequestContext) -> dict[str, Any]:
    """The workspace's log.

    `deleted` makes no difference [live-airbyte]. Here a `cio_id` needs its prefix, and whoever does not
    match has no activities: no error.
    """
    return _page(ask, _person_number(ask))


def of_person(ask: RequestContext) -> dict[str, Any]:
    """One person's log; nobody is a 404 here."""
    return _page(ask, ask.person().number)


def _page(ask: RequestContext, person: int | None) -> dict[str, Any]:
    """Newest `timestamp` first; there is no time filter."""
    limit = pages.size(ask.operation, ask.query)
    wanted = ActivityFilter(
        type=ask.query.get("type") or None, name=ask.query.get("name") or None, person=person
    )
    log = ask.workspace.activities
    rows = log.newest(wanted, ask.now, before=pages.place(ask.query), limit=limit + 1)
    records = ask.workspace.activity_view.records(rows[:limit])
    if len(rows) <= limit:
        return {"activities": records, "next": ""}
    last = rows[limit - 1]
    token = pages.token(int(log.columns["timestamp"][last]), int(log.columns["order"][last]))
    return {"activities": records, "next": token}


def _person_number(ask: RequestContext) -> int | None:
    who, id_type = ask.query.get("customer_id"), ask.query.get("id_type") or "id"
    if not who:
        return None
    if id_type == "cio_id":
        who = who.removeprefix(_PREFIX) if who.startswith(_PREFIX) else ""
    person = ask.workspace.people.find(who, id_type)
    if person is not None:
        return person.number
    gone = ask.workspace.people.tombstones.values()
    return next((g.person.number for g in gone if id_type == "cio_id" and g.person.cio_id == who), _NOBODY)


HANDLERS: dict[str, Handler] = {
    "listActivities": list_activities,
    "getPersonActivities": of_person,
}
