"""Exports: request one, poll it, get its download link."""

from typing import Any

from sources.customerio.sandbox.state.rules.create_export import (
    check_queue,
    create_deliveries_export,
    create_people_export,
)
from sources.customerio.sandbox.state.store.errors import NotReady
from sources.customerio.sandbox.wire.http.error_responses import app_error
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("listExports")
def list_exports(context: RequestContext) -> dict[str, Any]:
    """Lists all exports on one page; an empty list is null [live-sdk]."""
    return {"exports": [export.record(context.now) for export in context.workspace.exports] or None}


@answers("getExport")
def get_export(context: RequestContext) -> dict[str, Any]:
    """Returns one export."""
    return {"export": context.workspace.exports.get(context.id("export_id")).record(context.now)}


@answers("exportPeopleData")
def export_people(context: RequestContext) -> dict[str, Any]:
    """Requests a people export; its key is `filters`, while the search has `filter`."""
    check_queue(context.workspace, context.knobs.exports_queued)
    description = "Filtered customer export (created via the api)"
    export = create_people_export(
        context.workspace, context.json(), context.knobs.export_options(), description
    )
    return {"export": export.record(context.now)}


@answers("exportDeliveriesData")
def export_deliveries(context: RequestContext) -> dict[str, Any]:
    """Requests a deliveries export."""
    check_queue(context.workspace, context.knobs.exports_queued)
    description = "Full deliveries export (created via the api)"
    export = create_deliveries_export(
        context.workspace, context.json(), context.knobs.export_options(), description
    )
    return {"export": export.record(context.now)}


@answers("downloadExport")
def download(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Returns a signed link to the file and counts a download; an error until the file is finished."""
    export_id = context.id("export_id")
    try:
        export = context.workspace.exports.finished(export_id, context.now)
    except NotReady as not_ready:
        return app_error(context.knobs.export_pending_status, not_ready.detail)
    export.downloads += 1
    return {"url": context.root + context.link(export_id, context.now + context.knobs.link_valid_s)}
