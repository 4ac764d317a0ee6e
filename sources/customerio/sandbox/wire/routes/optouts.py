"""Opt-outs from the messages of a sender."""

from typing import Any

from sources.customerio.sandbox.state.rules import optouts
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("getOptouts")
def list_optouts(context: RequestContext) -> dict[str, Any]:
    """Lists the people with opt-outs, in pages; `next` is absent on the last one [spec26][live-estuary].

    With `from`, only the opt-outs of that sender are shown (unverified).
    """
    sender = context.query.get("from")
    rows = optouts.rows(context.workspace, sender.lower() if sender else None)
    page, token = pages.offset_page(rows, context.query, pages.page_size(context.operation, context.query))
    return {"optouts": page, **({"next": token} if token else {})}


@answers("getPersonOptouts")
def of_person(context: RequestContext) -> dict[str, Any]:
    """Lists the opt-outs of a person, [] if there are none."""
    return {"optouts": context.workspace.optouts.of(context.person().number)}


@answers("updatePersonOptouts")
def update(context: RequestContext) -> ApiResponse:
    """Accepts changes of a person's opt-outs, which cannot be read at once [spec26]."""
    optouts.update(context.workspace, context.person(), context.json(), context.knobs.optout_takes_s)
    return ApiResponse(status=204)
