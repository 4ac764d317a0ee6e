"""People: search, hydrate, look up."""

from itertools import islice
from typing import Any

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.filters import compile_filter, text
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_MOST_IDS = 100


def search(ask: RequestContext) -> dict[str, Any]:
    """People by filter; nobody is null, not [] [airbyte]."""
    test = compile_filter(ask.json().get("filter"), ask.workspace.segments.is_member)
    after, limit = pages.number_before(ask.query), pages.size(ask.operation, ask.query)
    people = list(islice(filter(test, ask.workspace.people.after(after)), limit + 1))
    page = people[:limit]
    return {
        "identifiers": [person.identifiers for person in page] or None,
        "ids": [person.id or "" for person in page] or None,
        "next": pages.token_behind(page[-1].number) if len(people) > limit else "",
    }


def by_email(ask: RequestContext) -> dict[str, Any]:
    """People with that address, in any case; nobody is [] here [live-sdk]."""
    email = ask.query.get("email", "")
    if not email:
        msg = "email is required"
        raise BadRequest(msg)
    person = ask.workspace.people.find(email, "email")
    return {"results": [person.identifiers] if person else []}


def by_ids(ask: RequestContext) -> dict[str, Any]:
    """Profiles of at most 100 people, unwrapped, unknown ids left out [live-airbyte].

    A `cio_id` with the `cio_` prefix, which other calls want, matches nobody here: 200 and nobody.
    """
    ids = ask.json().get("ids")
    if not isinstance(ids, list) or not all(isinstance(item, str | int) for item in ids):
        msg = "ids must be a list of identifiers"
        raise BadRequest(msg)
    if len(ids) > _MOST_IDS:
        msg = f"ids has {len(ids)} entries and may have {_MOST_IDS}"
        raise BadRequest(msg)
    id_type = ask.query.get("id_type") or "id"
    people = (ask.workspace.people.find(text(item), id_type) for item in dict.fromkeys(ids))
    return {"customers": [person.profile() for person in people if person is not None]}


def attributes(ask: RequestContext) -> dict[str, Any]:
    """One profile, wrapped in `customer`."""
    return {"customer": ask.person().profile()}


def segments(ask: RequestContext) -> dict[str, Any]:
    """The segments that somebody is in."""
    found = ask.workspace.segments.of_person(ask.person().number)
    return {"segments": [{name: row[name] for name in ("id", "name", "description")} for row in found]}


HANDLERS: dict[str, Handler] = {
    "getPeopleFilter": search,
    "getPeopleEmail": by_email,
    "getPeopleById": by_ids,
    "getPersonAttributes": attributes,
    "getPersonSegments": segments,
}
