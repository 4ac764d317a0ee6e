"""People: search by filter, look up by email, read profiles by ids."""

from itertools import islice
from typing import Any

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.filters import compile_filter, text
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

_MOST_IDS = 100


@answers("getPeopleFilter")
def search(context: RequestContext) -> dict[str, Any]:
    """Searches people by filter; no match is null, not [] [airbyte]."""
    test = compile_filter(context.json().get("filter"), context.workspace.segments.is_member)
    after, limit = pages.person_before(context.query), pages.page_size(context.operation, context.query)
    people = list(islice(filter(test, context.workspace.people.after(after)), limit + 1))
    page = people[:limit]
    return {
        "identifiers": [person.identifiers for person in page] or None,
        "ids": [person.id or "" for person in page] or None,
        "next": pages.token_after_person(page[-1].number) if len(people) > limit else "",
    }


@answers("getPeopleEmail")
def by_email(context: RequestContext) -> dict[str, Any]:
    """Finds people by email address, in any case; no match is [] here [live-sdk]."""
    email = context.query.get("email", "")
    if not email:
        msg = "email is required"
        raise BadRequest(msg)
    person = context.workspace.people.find(email, "email")
    return {"results": [person.identifiers] if person else []}


@answers("getPeopleById")
def by_ids(context: RequestContext) -> dict[str, Any]:
    """Returns the profiles of at most 100 people, unwrapped, without unknown ids [live-airbyte].

    A `cio_id` with the `cio_` prefix, which other operations need, is an unknown id here.
    """
    ids = context.json().get("ids")
    if not isinstance(ids, list) or not all(isinstance(item, str | int) for item in ids):
        msg = "ids must be a list of identifiers"
        raise BadRequest(msg)
    if len(ids) > _MOST_IDS:
        msg = f"ids has {len(ids)} entries and may have {_MOST_IDS}"
        raise BadRequest(msg)
    id_type = context.query.get("id_type") or "id"
    people = (context.workspace.people.find(text(item), id_type) for item in dict.fromkeys(ids))
    return {"customers": [person.profile() for person in people if person is not None]}


@answers("getPersonAttributes")
def attributes(context: RequestContext) -> dict[str, Any]:
    """Returns one profile, wrapped in `customer`."""
    return {"customer": context.person().profile()}
